public import Essentials

/// Who takes part in deciding: voters make majorities, learners get the log and are not counted.
///
/// Invariant: both are ascending, without a node twice, and have none in common.
public struct Electorate: Hashable, Sendable {
    /// More voters would not make decisions safer in practice, only slower: seven survive three
    /// failures at once.
    public static let votersMax = 7
    /// Node numbers have 16 bits; a topology holds far fewer nodes.
    static let nodesMax = 1 << 16

    public let voters: [NodeNumber]
    public let learners: [NodeNumber]

    /// A node that is named as both is a voter.
    public init(voters: [NodeNumber], learners: [NodeNumber] = []) {
        let voters = Self.ascending(voters)
        self.voters = voters
        self.learners = Self.ascending(learners).filter { !voters.contains($0) }
    }

    /// Nobody: what a node knows before anybody has told it more. It never starts an election.
    public static let none = Electorate(voters: [])

    /// How many of the voters must agree.
    public var majority: Int { voters.count / 2 + 1 }

    public var nodes: [NodeNumber] { Self.ascending(voters + learners) }

    public func isVoter(_ node: NodeNumber) -> Bool { voters.contains(node) }

    /// Whether `agreeing` are a majority of the voters; others among them do not count.
    func isMajority(_ agreeing: [NodeNumber]) -> Bool {
        voters.count { agreeing.contains($0) } >= majority && !voters.isEmpty
    }

    /// The greatest index that a majority of the voters has, given what each has.
    func agreedIndex(_ index: (NodeNumber) -> UInt64) -> UInt64 {
        guard !voters.isEmpty else { return 0 }
        return voters.map(index).sorted(by: >)[majority - 1]
    }

    /// Whether majorities of `next` overlap with those of this one: they do as long as at most one
    /// voter comes or goes (thesis, section 4.1).
    func overlaps(_ next: Electorate) -> Bool {
        let added = next.voters.filter { !voters.contains($0) }
        let removed = voters.filter { !next.voters.contains($0) }
        return added.count + removed.count <= 1 && !next.voters.isEmpty
    }

    private static func ascending(_ nodes: [NodeNumber]) -> [NodeNumber] {
        var result: [NodeNumber] = []
        for node in nodes.sorted() where node != result.last { result.append(node) }
        return result
    }
}
