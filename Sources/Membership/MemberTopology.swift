public import Essentials

/// What one node knows of the topology, and its part in changing it.
///
/// A pure machine, confined to its node's control plane. It adopts newer topologies of its own
/// cluster, whoever sends them, notices by the epochs of messages that there is a newer one, and
/// holds client writes while the authority decides about a change that moves vnodes.
///
/// Invariant: the epoch never falls, and one epoch never stands for two topologies.
public struct MemberTopology: Sendable {
    public enum Event: Hashable, Sendable {
        /// A topology arrived, which was committed: by the log, by an authority's distribution or
        /// acceptance, or from a peer that was asked for it.
        case received(Topology)
        /// A message from this peer carried this epoch.
        case heard(epoch: UInt64, from: NodeNumber)
        /// A peer asked for the topology.
        case requested(by: NodeNumber)
        /// The authority asked this node to prepare.
        case prepareRequested(Preparation, by: NodeNumber)
        /// The effect `inspect` was carried out.
        case inspected(Preparation, isEmpty: Bool)
        /// The authority gave the attempt up.
        case released(Preparation)
        case ticked
    }

    public enum Effect: Hashable, Sendable {
        /// Store the topology durably, drop what its flush stamp covers, and serve by it. The
        /// effects that follow must not be carried out before that is done and durable.
        case adopt(Topology)
        /// Tell the authority, which may be this node, that this epoch is adopted.
        case acknowledge(epoch: UInt64)
        /// Take no client's write any more; let those wait until `resumeWrites`, within their own
        /// time-outs. Reads and other coordinators' writes go on.
        case holdWrites
        case resumeWrites
        /// Wait until no client's write is under way, then see whether this node stores anything
        /// later than the flush stamp, and apply `inspected`.
        case inspect(Preparation)
        /// Answer the authority that asked, which may be this node.
        case answer(Preparation, isEmpty: Bool, to: NodeNumber)
        /// Ask this peer for its topology.
        case fetch(from: NodeNumber)
        case send(Topology, to: NodeNumber)
        /// Tell the operator: somebody sent a topology that cannot be.
        case report(Conflict)
    }

    public enum Conflict: Hashable, Sendable, CustomStringConvertible {
        case foreignCluster(UniqueID)
        /// Two topologies with one epoch: two nodes decide, or one was restored from a backup.
        case sameEpoch(UInt64)

        public var description: String {
            switch self {
            case .foreignCluster(let id): "a topology of another cluster arrived: \(id)"
            case .sameEpoch(let epoch): "two topologies have the epoch \(epoch)"
            }
        }
    }

    private struct Hold {
        let preparation: Preparation
        let authority: NodeNumber
        let deadlineNs: UInt64
        var isAnswered = false
    }

    private let id: UniqueID
    /// The newest topology adopted; nil on a node that is about to join.
    public private(set) var topology: Topology?
    /// A deliberate mistake: see `DeliberateRaftBug.answersAnswers`.
    package var answersAlways = false
    private let timing: TopologyTiming
    private var hold: Hold?
    /// The latest attempt that has ended here. What arrives of it or of earlier ones is late.
    private var lastEndedAttempt: UInt64 = 0
    /// Until then, a fetch is under way and no other is started.
    private var fetchDeadlineNs: UInt64 = 0

    /// - Parameter id: this node's.
    /// - Parameter topology: the newest one stored, if any.
    public init(id: UniqueID, topology: Topology?, timing: TopologyTiming = TopologyTiming()) {
        self.id = id
        self.topology = topology
        self.timing = timing
    }

    public var isHoldingWrites: Bool { hold != nil }
    public var epoch: UInt64 { topology?.epoch ?? 0 }
    /// This node as the topology knows it: nil before it has joined and after it has left.
    public var member: Member? { topology?.member(id: id) }
    /// Monotonic time at which the machine wants `.ticked` next; nil when it waits for nothing.
    public var deadlineNs: UInt64? { hold?.deadlineNs }

    /// Takes note of `event` and appends what to do, in the order in which to do it.
    public mutating func apply(_ event: Event, now: Now, into effects: inout [Effect]) {
        switch event {
        case .received(let topology): receive(topology, into: &effects)
        case .heard(let epoch, let node): hear(epoch, from: node, now: now, into: &effects)
        case .requested(let node):
            if let topology { effects.append(.send(topology, to: node)) }
        case .prepareRequested(let preparation, let node):
            prepare(preparation, by: node, now: now, into: &effects)
        case .inspected(let preparation, let isEmpty):
            answer(preparation, isEmpty: isEmpty, into: &effects)
        case .released(let preparation):
            endHold(upTo: preparation.attempt, into: &effects)
        case .ticked:
            expireHold(now: now, into: &effects)
        }
    }

    // MARK: Newer topologies

    private mutating func receive(_ received: Topology, into effects: inout [Effect]) {
        guard let current = topology else {
            // A node that has not joined takes what makes it a member, and nothing else.
            if received.member(id: id) != nil { adopt(received, into: &effects) }
            return
        }
        if received.clusterID != current.clusterID {
            effects.append(.report(.foreignCluster(received.clusterID)))
        } else if received.epoch > current.epoch {
            adopt(received, into: &effects)
        } else if received == current {
            // The authority did not hear it the first time. It counts on members only.
            if member != nil || answersAlways { effects.append(.acknowledge(epoch: current.epoch)) }
        } else if received.epoch == current.epoch {
            effects.append(.report(.sameEpoch(current.epoch)))
        }
    }

    private mutating func adopt(_ newer: Topology, into effects: inout [Effect]) {
        topology = newer
        fetchDeadlineNs = 0
        effects.append(.adopt(newer))
        effects.append(.acknowledge(epoch: newer.epoch))
        // The hold was for this epoch or for an earlier one: the decision is known.
        endHold(upTo: hold?.preparation.attempt ?? 0, into: &effects)
    }

    private mutating func hear(
        _ heard: UInt64, from node: NodeNumber, now: Now, into effects: inout [Effect]
    ) {
        guard heard > epoch, now.monotonicNs >= fetchDeadlineNs else { return }
        fetch(from: node, now: now, into: &effects)
    }

    private mutating func fetch(
        from node: NodeNumber, now: Now, into effects: inout [Effect]
    ) {
        fetchDeadlineNs = now.monotonicNs + timing.resendNs
        effects.append(.fetch(from: node))
    }

    // MARK: Holding writes

    private mutating func prepare(
        _ preparation: Preparation, by node: NodeNumber, now: Now, into effects: inout [Effect]
    ) {
        guard let topology, preparation.epoch > topology.epoch,
            preparation.attempt > lastEndedAttempt
        else { return }
        guard preparation.epoch == topology.epoch + 1 else {
            hear(preparation.epoch - 1, from: node, now: now, into: &effects)
            return
        }
        if let hold {
            // Asked again: the hold is not prolonged, since its length is what the authority
            // counts on.
            if hold.preparation == preparation, hold.isAnswered {
                effects.append(.answer(preparation, isEmpty: true, to: node))
            }
            guard preparation.attempt > hold.preparation.attempt else { return }
        } else {
            effects.append(.holdWrites)
        }
        hold = Hold(
            preparation: preparation, authority: node,
            deadlineNs: now.monotonicNs + timing.holdNs)
        effects.append(.inspect(preparation))
    }

    private mutating func answer(
        _ preparation: Preparation, isEmpty: Bool, into effects: inout [Effect]
    ) {
        guard let authority = hold?.authority, hold?.preparation == preparation else { return }
        hold?.isAnswered = true
        effects.append(.answer(preparation, isEmpty: isEmpty, to: authority))
        if !isEmpty { endHold(upTo: preparation.attempt, into: &effects) }
    }

    private mutating func endHold(upTo attempt: UInt64, into effects: inout [Effect]) {
        lastEndedAttempt = max(lastEndedAttempt, attempt)
        guard let hold, hold.preparation.attempt <= attempt else { return }
        self.hold = nil
        effects.append(.resumeWrites)
    }

    /// No decision came: the authority may be gone. It may have decided, so ask it.
    private mutating func expireHold(now: Now, into effects: inout [Effect]) {
        guard let hold, now.monotonicNs >= hold.deadlineNs else { return }
        endHold(upTo: hold.preparation.attempt, into: &effects)
        fetch(from: hold.authority, now: now, into: &effects)
    }
}
