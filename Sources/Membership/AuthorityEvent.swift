public import Essentials

/// Names a proposal towards whoever made it. The proposer's node draws it, and draws another one
/// when it proposes again.
public struct ProposalID: RawRepresentable, Hashable, Sendable {
    public let rawValue: UInt64

    public init(rawValue: UInt64) { self.rawValue = rawValue }
}

/// One attempt to bring about an epoch: what members prepare for, and answer to.
///
/// Attempts grow, also from one authority to the next, so that a late answer to an attempt that was
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

/// What a `TopologyAuthority` is told.
public enum AuthorityEvent: Hashable, Sendable {
    case proposed(ProposalID, TopologyChange)
    /// A member answered: it holds client writes if it is empty, and does not if it is not.
    case prepared(by: NodeNumber, Preparation, isEmpty: Bool)
    /// A member has stored this epoch durably and serves by it.
    case adopted(by: NodeNumber, epoch: UInt64)
    /// The log of the members has taken this topology for good.
    case committed(Topology)
    /// The log did not take what was to be appended, and will not.
    case declined(reason: String)
    /// This node decides no more.
    case deposed(reason: String)
    case ticked
}

/// What a `TopologyAuthority` wants done.
public enum AuthorityEffect: Hashable, Sendable {
    /// Ask the member, which may be this node, whether it is empty, and to hold its clients'
    /// writes.
    case prepare(NodeNumber, Preparation)
    /// Tell the member to let writes go on: nothing changes.
    case release(NodeNumber, Preparation)
    /// Append the topology to the log of the members, and tell by `committed` or `declined`.
    case append(Topology)
    /// Send the topology to another member. Repeated until it has adopted it.
    case distribute(Topology, to: NodeNumber)
    /// Answer the proposer: the change is made, this is the topology that has it.
    case accept(ProposalID, Topology)
    /// Answer the proposer that the change is not made, or not everywhere: the reason says so.
    /// Where it is not final, the same proposal may be made in a moment.
    case refuse(ProposalID, reason: String, isFinal: Bool = true)
}
