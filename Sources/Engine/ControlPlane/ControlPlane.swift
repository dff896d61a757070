public import Consensus
public import Essentials
public import Membership

/// A node's part in what the cluster as a whole agrees on: the topology, who decides about it, who
/// joins.
///
/// Composes three machines: `Raft` for the log of the members, `MemberTopology` for what this node
/// serves by, and, as long as this node leads, a `TopologyAuthority` that decides what is appended.
/// Messages between them on one node take the short way.
///
/// Ordering contract: effects are carried out in order, and those after a `persist` only once it is
/// durable. Those that wait for the topology (`waitsForTopology`) wait for each other besides:
/// after a `store` until it is durable, after an `adopt` until every shard serves by it. The others
/// pass them, so that a leader is heard while its shards are dropping what was flushed.
///
/// Confined to the node's control loop.
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
        /// An admin answers for it that these nodes are lost for good, and a majority with them.
        case recoveryWanted(ProposalID, lost: [NodeNumber])
        /// The effect `inspect` was carried out.
        case inspected(Preparation, isEmpty: Bool)
        /// This node's disk turns out to be an earlier state of it.
        case doubted
        /// This node is about to stop.
        case leaving
        case ticked
    }

    public enum Effect: Sendable, Equatable {
        case send(NodeNumber, ControlMessage)
        /// To a node that is no member yet, on the link it opened.
        case answer(LinkID, ControlMessage)
        /// What the node has agreed to with the others: durably, before the effects that follow.
        case persist(RaftWrite)
        /// The topology to serve by after a restart: durably, before the effects that follow.
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
        /// For logs, and for whoever checks what the log promises.
        case observed(Observation)

        /// Whether it has to wait for a topology that is being stored or adopted.
        public var waitsForTopology: Bool {
            switch self {
            case .persist, .send(_, .consensus), .observed: false
            default: true
            }
        }
    }

    /// What a checker of Raft's safety needs to know.
    public enum Observation: Sendable, Hashable {
        /// This node leads. Nobody else ever led or leads that term.
        case led(term: UInt64)
        case followed(term: UInt64)
        /// The entry is committed; the digest is of its bytes, the same on all nodes.
        case applied(index: UInt64, term: UInt64, digest: UInt64)
    }

    var member: MemberTopology
    var raft: Raft
    /// The newest topology that this node knows to be committed in the log; nil before it has heard
    /// of one. What it serves by may be newer, learnt from another member.
    var agreed: Topology?
    /// Here while this node leads.
    var authority: TopologyAuthority?
    /// How far ahead stamps may be, in ms: a flush's, too.
    public var driftMsMax: UInt64 = 60_000 {
        didSet { authority?.driftMsMax = driftMsMax }
    }
    /// Changes that somebody wants and that are not decided.
    var proposals: [Proposal] = []
    package var hasProposals: Bool { !proposals.isEmpty }
    /// What waits to be appended until voters that it removes vote no more.
    var pending: Topology?
    /// Here while this node asks other survivors.
    var recovery: Recovery?

    enum Proposer { case own, member(NodeNumber), joiner(LinkID) }

    struct Proposal {
        let id: ProposalID
        let change: TopologyChange
        let proposer: Proposer
        /// The node that it was given to for a decision.
        var target: NodeNumber?
        /// Since when it has waited for that node, or for there to be one.
        var sinceNs: UInt64
    }

    /// - Parameter topology: the newest one stored, of which this node is a member.
    /// - Parameter consensus: what this node has agreed to with the others.
    /// - Parameter seed: decides when it starts elections; nodes should have different ones.
    public init(id: UniqueID, topology: Topology, consensus: RaftStored, seed: UInt64) {
        self.init(
            id: id, topology: topology, consensus: consensus, seed: seed, settings: Settings())
    }

    /// What only the simulator chooses.
    package struct Settings: Sendable {
        package var timing = RaftTiming()
        package var limits = RaftLimits()
        package var bug = DeliberateRaftBug.none

        package init() {}
    }

    package init(
        id: UniqueID, topology: Topology, consensus: RaftStored, seed: UInt64, settings: Settings
    ) {
        invariant(topology.member(id: id) != nil, "a control plane of a node that is no member")
        let number = topology.member(id: id)?.number ?? NodeNumber(rawValue: 0)
        member = MemberTopology(id: id, topology: topology)
        raft = Raft(
            node: number, stored: consensus, seed: seed, timing: settings.timing,
            limits: settings.limits)
        raft.bug = settings.bug
        member.answersAlways = settings.bug == .answersAnswers
        raft.dismissDoubt()
        agreed = Self.agreed(in: consensus)
    }

    public var topology: Topology? { member.topology }

    public mutating func apply(_ event: Event, now: Now, into effects: inout [Effect]) {
        switch event {
        case .received(let message, let node):
            receive(message, from: node, now: now, into: &effects)
        case .joinRequested(let message, let link):
            guard case .joinRequest(let id, let description) = message else { return }
            propose(id, .join(description), for: .joiner(link), now: now, into: &effects)
        case .heard(let epoch, let node):
            tell(.heard(epoch: epoch, from: node), now: now, into: &effects)
        case .proposed(let id, let change):
            propose(id, change, for: .own, now: now, into: &effects)
        case .recoveryWanted(let id, let lost):
            recover(id, without: lost, now: now, into: &effects)
        case .doubted: agree(.doubted, now: now, into: &effects)
        case .leaving: agree(.leaving, now: now, into: &effects)
        case .inspected(let preparation, let isEmpty):
            tell(.inspected(preparation, isEmpty: isEmpty), now: now, into: &effects)
        case .ticked:
            tell(.ticked, now: now, into: &effects)
            agree(.ticked, now: now, into: &effects)
            decide(.ticked, now: now, into: &effects)
            route(now: now, into: &effects)
            appendPending(now: now, into: &effects)
            adjustElectorate(now: now, into: &effects)
            expireRecovery(now: now, into: &effects)
            // What was agreed on is stored before what is served by.
            if let agreed, agreed.epoch > member.epoch {
                tell(.received(agreed), now: now, into: &effects)
            }
        }
    }

    private mutating func receive(
        _ message: ControlMessage, from node: NodeNumber, now: Now, into effects: inout [Effect]
    ) {
        guard !refuses(message, from: node, into: &effects) else { return }
        switch message {
        case .survey(let id, let lost):
            answer(survey: id, without: lost, to: node, now: now, into: &effects)
        case .surveyed(let id, let survey):
            take(survey, id, from: node, now: now, into: &effects)
        case .joinRequest, .detector, .addresses, .clock: break
        case .consensus(let message):
            agree(.received(message, from: node), now: now, into: &effects)
        case .propose(let id, let change):
            propose(id, change, for: .member(node), now: now, into: &effects)
        case .accepted(let id, let topology):
            tell(.received(topology), now: now, into: &effects)
            answer(id, message, into: &effects)
        case .refused(let id, _, _): answer(id, message, into: &effects)
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

    /// Gives an event to this node's member machine and carries its effects on.
    mutating func tell(
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
            case .acknowledge(let epoch): acknowledge(epoch, into: &effects)
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

    /// Without a leader nobody waits for it; the next one asks. This node's own authority knows.
    private func acknowledge(_ epoch: UInt64, into effects: inout [Effect]) {
        guard let leader = raft.leader, leader != raft.node else { return }
        effects.append(.send(leader, .adopted(epoch: epoch)))
    }

    /// Gives an event to the authority, if it is here, and carries its effects on.
    mutating func decide(
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
            case .append(let topology): append(topology, now: now, into: &effects)
            case .distribute(let topology, let node):
                effects.append(.send(node, .topology(topology)))
            case .accept(let id, let topology): answer(id, .accepted(id, topology), into: &effects)
            case .refuse(let id, let reason, let isFinal):
                answer(id, .refused(id, reason: reason, isFinal: isFinal), into: &effects)
            }
        }
    }

    mutating func answer(
        _ id: ProposalID, _ message: ControlMessage, into effects: inout [Effect]
    ) {
        guard let index = proposals.firstIndex(where: { $0.id == id }) else { return }
        answer(proposals.remove(at: index).proposer, message, into: &effects)
    }

    func answer(
        _ proposer: Proposer, _ message: ControlMessage, into effects: inout [Effect]
    ) {
        switch proposer {
        case .member(let node): effects.append(.send(node, message))
        case .joiner(let link): effects.append(.answer(link, message))
        case .own:
            switch message {
            case .accepted(let id, _): effects.append(.accepted(id))
            case .refused(let id, let reason, _): effects.append(.refused(id, reason: reason))
            default: break
            }
        }
    }
}
