public import Essentials

/// Decides about changes of the topology: all of them go through it, one after the other.
///
/// A pure machine that lives on one node, confined to its control plane. Whoever wants a change
/// proposes it; the machine asks members, commits, distributes and answers. In this release it is
/// a `SoleAuthority`, whose commit is a write to one disk; consensus among the members takes the
/// same events and gives the same effects.
public protocol TopologyAuthority: Sendable {
    /// The newest committed topology.
    var topology: Topology { get }

    /// Monotonic time at which the machine wants `.ticked` next; nil when it waits for nobody.
    var deadlineNs: UInt64? { get }

    /// Takes note of `event` and appends what to do, in the order in which to do it.
    mutating func apply(_ event: AuthorityEvent, now: Now, into effects: inout [AuthorityEffect])
}

/// Names a proposal towards whoever made it. The proposer's node draws it, and draws another one
/// when it proposes again.
public struct ProposalID: RawRepresentable, Hashable, Sendable {
    public let rawValue: UInt64

    public init(rawValue: UInt64) { self.rawValue = rawValue }
}

/// One attempt to bring about an epoch: what members prepare for, and answer to.
///
/// Attempts grow, over restarts of the authority too, so that a late answer to an attempt that was
/// given up is not taken for one to the next.
public struct Preparation: Hashable, Sendable {
    /// The epoch that would come about.
    public let epoch: UInt64
    public let attempt: UInt64

    public init(epoch: UInt64, attempt: UInt64) {
        self.epoch = epoch
        self.attempt = attempt
    }
}

/// What an authority is told.
public enum AuthorityEvent: Hashable, Sendable {
    case proposed(ProposalID, TopologyChange)
    /// A member answered: it holds client writes if it is empty, and does not if it is not.
    case prepared(by: NodeNumber, Preparation, isEmpty: Bool)
    /// A member has stored this epoch durably and serves by it.
    case adopted(by: NodeNumber, epoch: UInt64)
    case ticked
}

/// What an authority wants done.
public enum AuthorityEffect: Hashable, Sendable {
    /// Ask the member, which may be this node, whether it is empty, and to hold its clients'
    /// writes.
    case prepare(NodeNumber, Preparation)
    /// Tell the member to let writes go on: nothing changes.
    case release(NodeNumber, Preparation)
    /// Store the topology durably, then hand it to this node's own `MemberTopology`. The effects
    /// that follow must not be carried out before it is durable.
    case commit(Topology)
    /// Send the topology to another member. Repeated until it has adopted it.
    case distribute(Topology, to: NodeNumber)
    /// Answer the proposer: the change is made, this is the topology that has it.
    case accept(ProposalID, Topology)
    /// Answer the proposer that the change is not made, or not everywhere: the reason says so.
    case refuse(ProposalID, reason: String)
}
