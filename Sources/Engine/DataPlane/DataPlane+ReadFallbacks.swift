internal import Essentials
internal import Placement
internal import Replication

/// Reads of keys whose primaries are away: fallbacks answer from the hints that they keep.
///
/// A fallback counts for r and never for pr, and is asked only when the primaries that can be
/// reached do not suffice. Its place is its number in the partition's list of fallbacks, after
/// those of the primaries.
extension DataPlane {
    /// The places of the fallbacks that can be reached.
    func reachableFallbacks(of partition: PartitionID, _ table: PlacementTable) -> [Int] {
        let nodes = table.fallbacks(of: partition, count: table.fallbacksMax)
        return nodes.indices.filter { routing.canReach(nodes[$0]) }
            .map { table.replicaCount + $0 }
    }

    /// A replica of the read has failed: where no other primary is left to be asked, fallbacks may
    /// be.
    mutating func addFallbacks(to id: UInt64) {
        guard let flight = reads[id], let table = routing.table, !flight.isDetached,
            !flight.hasFallbacks, !flight.quorum.canAskMore
        else { return }
        let places = reachableFallbacks(of: flight.partition, table)
        reads.update(id) { flight in
            flight.hasFallbacks = true
            for place in places { flight.quorum.append(place) }
        }
    }
}

extension PlacementTable {
    /// As many as there are primaries, as far as places go.
    fileprivate var fallbacksMax: Int { min(replicaCount, PlaceSet.placesMax - replicaCount) }

    /// The primary or fallback at a place.
    func node(at place: Int, of partition: PartitionID) -> NodeNumber {
        guard place >= replicaCount else { return replica(partition, place) }
        return fallbacks(of: partition, count: fallbacksMax)[place - replicaCount]
    }

    /// The place of a node as a primary, or else as a fallback that may be asked.
    func readPlace(of node: NodeNumber, in partition: PartitionID) -> Int? {
        if let place = place(of: node, in: partition) { return place }
        let fallback = fallbacks(of: partition, count: fallbacksMax).firstIndex(of: node)
        return fallback.map { replicaCount + $0 }
    }
}
