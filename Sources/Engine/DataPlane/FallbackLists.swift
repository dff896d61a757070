internal import Essentials
internal import Placement
internal import Replication

/// Each partition's fallbacks, in their order, found when first needed: walking the ring past all
/// partitions takes microseconds, too many for each write while a node is away.
struct FallbackLists: Sendable {
    /// More are never asked for one write: as many as it can have primaries.
    private static let countMax = PlaceSet.placesMax / 2

    /// By partition; nil for one that nobody has asked for.
    private var lists: [[NodeNumber]?] = []

    mutating func fallbacks(of partition: PartitionID, in table: PlacementTable) -> [NodeNumber] {
        if lists.isEmpty { lists = Array(repeating: nil, count: table.partitioning.count) }
        if let known = lists[partition.index] { return known }
        let found = table.fallbacks(of: partition, count: Self.countMax)
        lists[partition.index] = found
        return found
    }

    /// Another table holds from now on.
    mutating func forget() { lists = [] }
}
