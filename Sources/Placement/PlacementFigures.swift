public import Essentials

/// How good a placement is, in figures that an admin can judge: see the requirements at
/// `PlacementTable.solve`.
public struct PlacementFigures: Equatable, Sendable {
    /// One member's part. A member of weight 0 has and asks nothing.
    public struct Node: Equatable, Sendable {
        public let node: NodeNumber
        public let zone: String
        public let weight: Int
        public let vnodes: Int
        public let vnodesAsked: Double
        public let firstPlaces: Int
        public let firstPlacesAsked: Double
        /// Vnodes that this node has to fetch.
        public let moves: Int
        /// Other nodes that share at least one partition with it.
        public let peers: Int
        /// The part of its vnodes that the most burdened peer shares: what falls on one node at
        /// most when this one dies. At best near n - 1 divided by the number of other nodes.
        public let peerShareMax: Double
    }

    public let partitions: Int
    public let replicas: Int
    public let nodes: [Node]
    /// Partitions whose replicas are spread less evenly over the zones than members permit.
    public let zoneViolations: Int
    /// Vnodes in the table that were not in the previous one. Nil without a previous one.
    public let moves: Int?
    /// What no placement with these shares could move less than; zones may require more.
    public let movesMin: Int?

    public var vnodeDeviationMax: Double {
        nodes.reduce(0) { max($0, abs(Double($1.vnodes) - $1.vnodesAsked)) }
    }
    public var firstPlaceDeviationMax: Double {
        nodes.reduce(0) { max($0, abs(Double($1.firstPlaces) - $1.firstPlacesAsked)) }
    }

    /// - Precondition: `members` has a member with a weight, and n was at least the table's count
    ///   of replicas.
    public init(table: PlacementTable, members: [Capacity], previous: PlacementTable?) {
        let problem = PlacementProblem(
            partitioning: table.partitioning, n: table.replicaCount, members: members,
            previous: previous)
        let current = PlacementProblem(
            partitioning: table.partitioning, n: table.replicaCount, members: members,
            previous: table)
        var draft = PlacementDraft(problem)
        var firsts = [Int](repeating: 0, count: problem.memberCount)
        for (partition, replicas) in current.previous.enumerated() {
            for member in replicas { draft.insert(member, into: partition) }
            if let first = replicas.first { firsts[first] += 1 }
        }
        let owned = problem.ownership
        let had = Self.sums(of: owned, problem)
        let moved = Self.sums(of: zip(draft.ownership, owned).map { $0 && !$1 }, problem)
        let meetings = Meetings(draft)
        nodes = problem.members.enumerated().map { index, member in
            let others = (0..<problem.memberCount).filter { $0 != index }
            let shared = others.map { meetings.count(index, $0) }
            return Node(
                node: member.node, zone: member.zone, weight: member.weight,
                vnodes: draft.counts[index], vnodesAsked: problem.shares.vnodes[index],
                firstPlaces: firsts[index], firstPlacesAsked: problem.shares.firstPlaces[index],
                moves: moved[index], peers: shared.count { $0 > 0 },
                peerShareMax: Double(shared.max() ?? 0) / Double(max(1, draft.counts[index])))
        }
        partitions = table.partitioning.count
        replicas = table.replicaCount
        zoneViolations = Self.zoneViolations(draft)
        moves = previous.map { _ in moved.reduce(0, +) }
        movesMin = previous.map { _ in Self.movesMin(had: had, shares: problem.shares) }
    }

    private static func sums(of pairs: [Bool], _ problem: PlacementProblem) -> [Int] {
        var sums = [Int](repeating: 0, count: problem.memberCount)
        for (index, isSet) in pairs.enumerated() where isSet {
            sums[index % problem.memberCount] += 1
        }
        return sums
    }

    private static func zoneViolations(_ draft: PlacementDraft) -> Int {
        (0..<draft.problem.partitionCount).count { partition in
            draft.problem.shares.zoneBounds.enumerated().contains { zone, bounds in
                !bounds.contains(draft.count(inZone: zone, partition))
            }
        }
    }

    /// What members lack of their shares must come; what none lacks but had to be dropped as well,
    /// since the sum of all vnodes is given.
    private static func movesMin(had: [Int], shares: Shares) -> Int {
        let total = shares.partitionCount * shares.replicaCount
        var lacking = 0
        var keeping = 0
        for (had, share) in zip(had, shares.vnodes) {
            lacking += max(0, Int(share.rounded(.down)) - had)
            keeping += min(had, Int(share.rounded(.up)))
        }
        return max(lacking, total - keeping)
    }
}
