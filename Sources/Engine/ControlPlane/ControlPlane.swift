public import Essentials
public import Membership

/// A node's part in what the cluster as a whole agrees on: the topology, who decides about it, who
/// joins.
///
/// Composes two machines: `MemberTopology`, which every node has, and a `TopologyAuthority`, which
/// the deciding node has besides. Messages between the two on one node take the short way.
///
/// Ordering contract: effects are carried out in order, and those after a `store` only once it is
/// durable. Confined to the node's control loop.
public struct ControlPlane: Sendable {
    /// How often `ticked` is due, in ms.
    public static let tickMs: UInt64 = 100

    public enum Event: Sendable {
        /// From a member, on the link it opened.
        case received(ControlMessage, from: NodeNumber)
        /// From a node that is no member yet.
        case joinRequested(ControlMessage, link: LinkID)
        /// A frame from this peer carried this epoch.
        case heard(epoch: UInt64, from: NodeNumber)
        /// An admin, or this node itself, wants a change.
        case proposed(ProposalID, TopologyChange)
        /// The effect `inspect` was carried out.
        case inspected(Preparation, isEmpty: Bool)
        case ticked
    }

    public enum Effect: Sendable, Equatable {
        case send(NodeNumber, ControlMessage)
        /// To a node that is no member yet, on the link it opened.
        case answer(LinkID, ControlMessage)
        /// Durably, before the effects that follow.
        case store(Topology)
        /// Every shard is to serve by it, and links to be opened and closed accordingly.
        case adopt(Topology)
        case holdWrites(Bool)
        /// Wait until no client's write is under way, see whether this node stores anything, and
        /// tell by `inspected`.
        case inspect(Preparation)
        case accepted(ProposalID)
        case refused(ProposalID, reason: String)
        case report(String)
    }

    private var member: MemberTopology
    private var authority: (any TopologyAuthority)?
    /// Proposals that joiners and other members made here, and where to answer.
    private var proposers: [(ProposalID, Proposer)] = []

    private enum Proposer {
        case member(NodeNumber)
        case joiner(LinkID)
    }

    /// Answers that are awaited at once; the authority's own queue has the same bound.
    private static let proposersMax = SoleAuthority.proposalsMax

    /// - Parameter topology: the newest one stored; nil on a node that is about to join, which
    ///   needs no control plane before it has.
    public init(id: UniqueID, topology: Topology) {
        member = MemberTopology(id: id, topology: topology)
        if let own = topology.member(id: id), own.number == topology.authority {
            authority = SoleAuthority(topology: topology)
        }
    }

    public var topology: Topology? { member.topology }
    public var isAuthority: Bool { authority != nil }

    public mutating func apply(_ event: Event, now: Now, into effects: inout [Effect]) {
        switch event {
        case .received(let message, let node):
            receive(message, from: node, now: now, into: &effects)
        case .joinRequested(let message, let link):
            join(message, link, now: now, into: &effects)
        case .heard(let epoch, let node):
            tell(.heard(epoch: epoch, from: node), now: now, into: &effects)
        case .proposed(let id, let change): propose(id, change, now: now, into: &effects)
        case .inspected(let preparation, let isEmpty):
            tell(.inspected(preparation, isEmpty: isEmpty), now: now, into: &effects)
        case .ticked:
            tell(.ticked, now: now, into: &effects)
            decide(.ticked, now: now, into: &effects)
        }
    }

    private mutating func receive(
        _ message: ControlMessage, from node: NodeNumber, now: Now, into effects: inout [Effect]
    ) {
        switch message {
        case .joinRequest, .joinRedirect, .detector: break
        case .propose(let id, let change):
            guard remember(id, .member(node)) else { return }
            decide(.proposed(id, change), now: now, into: &effects)
        case .accepted(let id, let topology):
            tell(.received(topology), now: now, into: &effects)
            effects.append(.accepted(id))
        case .refused(let id, let reason): effects.append(.refused(id, reason: reason))
        case .prepare(let preparation):
            tell(.prepareRequested(preparation, by: node), now: now, into: &effects)
        case .prepared(let preparation, let isEmpty):
            decide(
                .prepared(by: node, preparation, isEmpty: isEmpty), now: now, into: &effects)
        case .release(let preparation): tell(.released(preparation), now: now, into: &effects)
        case .topology(let topology): tell(.received(topology), now: now, into: &effects)
        case .adopted(let epoch):
            decide(.adopted(by: node, epoch: epoch), now: now, into: &effects)
        case .fetch: tell(.requested(by: node), now: now, into: &effects)
        }
    }

    private mutating func join(
        _ message: ControlMessage, _ link: LinkID, now: Now, into effects: inout [Effect]
    ) {
        guard case .joinRequest(let id, let description) = message, let topology else { return }
        guard authority != nil else {
            let address = topology.member(topology.authority)?.peerAddress ?? ""
            return effects.append(.answer(link, .joinRedirect(address)))
        }
        guard remember(id, .joiner(link)) else { return }
        decide(.proposed(id, .join(description)), now: now, into: &effects)
    }

    private mutating func propose(
        _ id: ProposalID, _ change: TopologyChange, now: Now, into effects: inout [Effect]
    ) {
        guard let topology else { return }
        if authority != nil {
            decide(.proposed(id, change), now: now, into: &effects)
        } else {
            effects.append(.send(topology.authority, .propose(id, change)))
        }
    }

    private mutating func remember(_ id: ProposalID, _ proposer: Proposer) -> Bool {
        proposers.removeAll { $0.0 == id }
        guard proposers.count < Self.proposersMax else { return false }
        proposers.append((id, proposer))
        return true
    }

    /// Gives an event to this node's member machine and carries its effects on.
    private mutating func tell(
        _ event: MemberTopology.Event, now: Now, into effects: inout [Effect]
    ) {
        var produced: [MemberTopology.Effect] = []
        member.apply(event, now: now, into: &produced)
        let own = member.member?.number
        for effect in produced {
            switch effect {
            case .adopt(let topology):
                effects.append(.store(topology))
                effects.append(.adopt(topology))
            case .acknowledge(let epoch, let node) where node == own:
                decide(.adopted(by: node, epoch: epoch), now: now, into: &effects)
            case .acknowledge(let epoch, let node):
                effects.append(.send(node, .adopted(epoch: epoch)))
            case .holdWrites: effects.append(.holdWrites(true))
            case .resumeWrites: effects.append(.holdWrites(false))
            case .inspect(let preparation): effects.append(.inspect(preparation))
            case .answer(let preparation, let isEmpty, let node) where node == own:
                decide(
                    .prepared(by: node, preparation, isEmpty: isEmpty), now: now, into: &effects)
            case .answer(let preparation, let isEmpty, let node):
                effects.append(.send(node, .prepared(preparation, isEmpty: isEmpty)))
            case .fetch(let node): effects.append(.send(node, .fetch))
            case .send(let topology, let node):
                effects.append(.send(node, .topology(topology)))
            case .report(let conflict): effects.append(.report(conflict.description))
            }
        }
    }

    /// Gives an event to the authority, if it is here, and carries its effects on.
    private mutating func decide(
        _ event: AuthorityEvent, now: Now, into effects: inout [Effect]
    ) {
        guard authority != nil else { return }
        var produced: [AuthorityEffect] = []
        authority?.apply(event, now: now, into: &produced)
        let own = member.member?.number
        for effect in produced {
            switch effect {
            case .prepare(let node, let preparation) where node == own:
                tell(.prepareRequested(preparation, by: node), now: now, into: &effects)
            case .prepare(let node, let preparation):
                effects.append(.send(node, .prepare(preparation)))
            case .release(let node, let preparation) where node == own:
                tell(.released(preparation), now: now, into: &effects)
            case .release(let node, let preparation):
                effects.append(.send(node, .release(preparation)))
            case .commit(let topology): tell(.received(topology), now: now, into: &effects)
            case .distribute(let topology, let node):
                effects.append(.send(node, .topology(topology)))
            case .accept(let id, let topology): answer(id, .accepted(id, topology), into: &effects)
            case .refuse(let id, let reason):
                answer(id, .refused(id, reason: reason), into: &effects)
            }
        }
    }

    private mutating func answer(
        _ id: ProposalID, _ message: ControlMessage, into effects: inout [Effect]
    ) {
        guard let index = proposers.firstIndex(where: { $0.0 == id }) else {
            if case .refused(_, let reason) = message {
                effects.append(.refused(id, reason: reason))
            } else {
                effects.append(.accepted(id))
            }
            return
        }
        switch proposers.remove(at: index).1 {
        case .member(let node): effects.append(.send(node, message))
        case .joiner(let link): effects.append(.answer(link, message))
        }
    }
}
