/// A placement under construction: which members hold which partition, not yet in which order.
struct PlacementDraft {
    let problem: PlacementProblem
    /// Per partition, its members so far.
    private(set) var replicas: [[Int]]
    /// Vnodes of each member.
    private(set) var counts: [Int]
    /// Who holds what: for partition p and member m, element `p * memberCount + m`.
    private(set) var ownership: [Bool]
    private var zoneCounts: [Int]

    init(_ problem: PlacementProblem) {
        self.problem = problem
        replicas = Array(repeating: [], count: problem.partitionCount)
        counts = Array(repeating: 0, count: problem.memberCount)
        ownership = Array(repeating: false, count: problem.partitionCount * problem.memberCount)
        zoneCounts = Array(repeating: 0, count: problem.partitionCount * problem.zoneCount)
    }

    func holds(_ member: Int, _ partition: Int) -> Bool {
        ownership[partition * problem.memberCount + member]
    }

    /// How many replicas of `partition` are in `zone`.
    func count(inZone zone: Int, _ partition: Int) -> Int {
        zoneCounts[partition * problem.zoneCount + zone]
    }

    /// How many more replicas `partition` may have above the least of their zones.
    func extrasLeft(_ partition: Int) -> Int {
        var extras = problem.replicaCount
        for (zone, bounds) in problem.shares.zoneBounds.enumerated() {
            extras -= max(bounds.lowerBound, count(inZone: zone, partition))
        }
        return extras
    }

    mutating func insert(_ member: Int, into partition: Int) {
        replicas[partition].append(member)
        account(member, partition, by: 1)
    }

    /// Puts `member` in the place of `other`.
    mutating func replace(_ other: Int, by member: Int, in partition: Int) {
        guard let place = replicas[partition].firstIndex(of: other) else { return }
        replicas[partition][place] = member
        account(other, partition, by: -1)
        account(member, partition, by: 1)
    }

    private mutating func account(_ member: Int, _ partition: Int, by change: Int) {
        ownership[partition * problem.memberCount + member] = change > 0
        counts[member] += change
        zoneCounts[partition * problem.zoneCount + problem.shares.zones[member]] += change
    }

    /// Whether `partition` may have one of its replicas in zone `from` replaced by one in `to`.
    func canMove(fromZone from: Int, toZone to: Int, in partition: Int) -> Bool {
        from == to
            || count(inZone: from, partition) > problem.shares.zoneBounds[from].lowerBound
                && count(inZone: to, partition) < problem.shares.zoneBounds[to].upperBound
    }
}
