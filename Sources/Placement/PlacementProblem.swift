internal import Essentials

/// What the solver is asked, in its own terms: members are indices 0, 1, … in the order of their
/// numbers, so that the order in which they were given does not matter.
struct PlacementProblem {
    let partitioning: Partitioning
    let members: [Capacity]
    let shares: Shares
    /// Per partition, the members that replicate it already, in the order of their places.
    let previous: [[Int]]

    var partitionCount: Int { partitioning.count }
    var memberCount: Int { members.count }
    var replicaCount: Int { shares.replicaCount }
    var zoneCount: Int { shares.zoneBounds.count }

    init(partitioning: Partitioning, n: Int, members: [Capacity], previous: PlacementTable?) {
        let working = members.filter { $0.weight > 0 }.sorted { $0.node < $1.node }
        invariant(!working.isEmpty, "no member with a weight")
        for (left, right) in zip(working, working.dropFirst()) {
            invariant(left.node < right.node, "member \(left.node) twice")
        }
        var zoneNames: [String] = []
        var zones: [Int] = []
        for member in working {
            if let zone = zoneNames.firstIndex(of: member.zone) {
                zones.append(zone)
            } else {
                zones.append(zoneNames.count)
                zoneNames.append(member.zone)
            }
        }
        self.partitioning = partitioning
        self.members = working
        self.shares = Shares(
            partitionCount: partitioning.count, n: n, weights: working.map(\.weight), zones: zones)
        self.previous = Self.previous(partitioning, members: working, table: previous)
    }

    /// Who replicates what already: for partition p and member m, element `p * memberCount + m`.
    var ownership: [Bool] {
        var ownership = [Bool](repeating: false, count: partitionCount * memberCount)
        for (partition, members) in previous.enumerated() {
            for member in members { ownership[partition * memberCount + member] = true }
        }
        return ownership
    }

    /// When the partition count has changed, a partition inherits from the one its first slot was
    /// in: at a doubling, no replica of either half has to move.
    private static func previous(
        _ partitioning: Partitioning, members: [Capacity], table: PlacementTable?
    ) -> [[Int]] {
        guard let table else { return Array(repeating: [], count: partitioning.count) }
        return partitioning.all.map { partition in
            let slot = partitioning.slots(of: partition).lowerBound
            let source = table.partitioning.partition(ofSlot: slot)
            return table.replicas(of: source).compactMap { node in
                members.firstIndex { $0.node == node }
            }
        }
    }
}
