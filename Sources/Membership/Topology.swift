public import Essentials
public import Placement

/// Who is in the cluster, who replicates what, and under which policies, at one epoch.
///
/// An immutable value: a change makes the next one. Every peer message carries its epoch.
///
/// Addresses are no identities: two members may have the same one, of which one is not there any
/// more, and its own is not known yet.
///
/// Invariant: the members are ascending by number, below `nextNumber`, with different identities;
/// the placement is over members only; no keyspace asks for more than `n` replicas.
public struct Topology: Hashable, Sendable {
    /// Bounds what a topology costs to send. The solver takes about a second for so many.
    public static let membersMax = 1000

    public let clusterID: UniqueID
    /// The version of the topology: 1 for a new cluster, one more with every change.
    public internal(set) var epoch: UInt64
    /// Replicas of every key, when there are so many members.
    public let n: Int
    public internal(set) var members: [Member]
    /// The number for the next member that joins.
    public internal(set) var nextNumber: NodeNumber
    public internal(set) var placement: PlacementTable
    /// The hybrid timestamp up to which everything was flushed: a value with this stamp or an
    /// earlier one is gone, wherever it turns up. 0 when nothing ever was.
    public internal(set) var flushStamp: UInt64
    public internal(set) var keyspaces = Keyspaces()

    /// The topology of a new cluster of one.
    ///
    /// - Precondition: `member.defect == nil`; `Partitioning.isValid(count: partitions)`;
    ///   `1 <= n <= PlacementTable.replicasMax`.
    public static func founded(
        by member: MemberDescription, clusterID: UniqueID, n: Int, partitions: Int
    ) -> Topology {
        invariant(member.defect == nil, member.defect ?? "")
        invariant((1...PlacementTable.replicasMax).contains(n), "n \(n)")
        let first = Member(number: NodeNumber(rawValue: 1), description: member)
        return Topology(
            clusterID: clusterID, epoch: 1, n: n, members: [first],
            nextNumber: NodeNumber(rawValue: 2),
            placement: .solve(partitions: partitions, n: n, members: [Capacity(first)]),
            flushStamp: 0)
    }

    /// What the topology says of whoever has a number.
    public enum Standing: Sendable {
        case member
        /// It is listed because it replicates partitions, and has no part in the cluster: it was
        /// given up when the cluster was recovered without it.
        case lost
        /// It was a member and is none any more.
        case removed
        /// No such number has been given out, as far as this topology knows.
        case unknown
    }

    public func standing(of number: NodeNumber) -> Standing {
        if let member = member(number) { return member.isLost ? .lost : .member }
        return number < nextNumber && number.rawValue > 0 ? .removed : .unknown
    }

    /// The members that take part.
    public var activeMembers: [Member] { members.filter { !$0.isLost } }

    public var partitioning: Partitioning { placement.partitioning }

    public func member(_ number: NodeNumber) -> Member? {
        guard let index = index(of: number) else { return nil }
        return members[index]
    }

    public func member(id: UniqueID) -> Member? { members.first { $0.id == id } }

    /// The index of a member in `members`.
    public func index(of number: NodeNumber) -> Int? {
        var low = 0
        var high = members.count
        while low < high {
            let middle = (low + high) / 2
            if members[middle].number < number { low = middle + 1 } else { high = middle }
        }
        return low < members.count && members[low].number == number ? low : nil
    }
}

extension Capacity {
    init(_ member: Member) {
        self.init(node: member.number, weight: member.weight, zone: member.zone)
    }
}
