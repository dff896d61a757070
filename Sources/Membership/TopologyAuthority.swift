public import Essentials

/// Decides about changes of the topology, one after the other, on the node that leads the log of
/// the members, for as long as it leads.
///
/// Proposals wait in a bounded queue and are treated one at a time. One that moves vnodes needs an
/// empty cluster, and emptiness must last until the decision. So every member is asked to prepare:
/// it holds its clients' writes, waits until those under way have ended, looks whether it stores
/// anything, and answers. Empty members go on holding; all others do not. When all are empty the
/// change is committed, and members let writes go on when they adopt it. When one has data, or has
/// not answered in time, the change is refused and all are released. A member that does not hear
/// the decision lets writes go on after `TopologyTiming.holdNs`: what it then takes under the old
/// placement, if the change was appended in time and committed only after that, stays where it was
/// written. That needs a leader that is lost, or cut off, between asking and committing in an empty
/// cluster, and one that commits its entry seconds later.
///
/// A flush is committed at once. It is answered when all members have adopted it, or after a
/// time-out with the names of those that have not: these adopt it when they are back, before they
/// serve.
///
/// Committing is the log's part: an entry is the whole next topology and not the change, so that
/// nodes of different releases never disagree about what a solver makes of it. Whoever leads next
/// begins with what was committed, and proposers ask again.
///
/// A pure machine, confined to its node's control plane.
///
/// Invariant: at most one topology is on its way to be committed, with the epoch after the newest.
public struct TopologyAuthority: Sendable {
    /// Proposals come from admins and starting nodes; a node joins with one. More than this many
    /// waiting means that somebody proposes in a loop.
    public static let proposalsMax = 64

    private struct Proposal {
        let id: ProposalID
        let change: TopologyChange
    }

    private enum Work {
        case idle
        /// Members of `waiting` have not answered yet.
        case preparing(
            Proposal, Preparation, outcome: Topology, waiting: [NodeNumber], deadlineNs: UInt64)
        /// The log has not committed it yet.
        case committing(Proposal, outcome: Topology)
        case flushing(Proposal, deadlineNs: UInt64)
    }

    /// The newest committed topology.
    public private(set) var topology: Topology
    /// How far ahead stamps may be, in ms: a flush's, too.
    public var driftMsMax: UInt64 = 60_000
    private let node: NodeNumber
    private let timing: TopologyTiming
    private var work = Work.idle
    private var queue: [Proposal] = []
    /// The members that have not adopted the newest topology yet, ascending. Not this node: it
    /// adopts one before it does what follows from its being committed.
    private var behind: [NodeNumber]
    private var resendAtNs: UInt64 = 0
    private var lastAttempt: UInt64

    /// A term has room for so many attempts. The terms of a cluster that elects a leader a second
    /// for a century fit the rest.
    private static let attemptsPerTerm: UInt64 = 1 << 24

    /// - Parameter topology: the newest one committed.
    /// - Parameter node: this one.
    /// - Parameter term: the term that it leads; above 0, and never the same twice.
    public init(
        topology: Topology, node: NodeNumber, term: UInt64,
        timing: TopologyTiming = TopologyTiming()
    ) {
        self.topology = topology
        self.node = node
        self.timing = timing
        lastAttempt = term * Self.attemptsPerTerm
        behind = topology.activeMembers.map(\.number).filter { $0 != node }
    }

    /// Monotonic time at which the machine wants `.ticked` next; nil when it waits for nobody.
    public var deadlineNs: UInt64? {
        let resend = needsResend ? resendAtNs : nil
        switch work {
        case .idle, .committing: return resend
        case .preparing(_, _, _, _, let deadlineNs), .flushing(_, let deadlineNs):
            return min(resend ?? .max, deadlineNs)
        }
    }

    /// Takes note of `event` and appends what to do, in the order in which to do it.
    public mutating func apply(
        _ event: AuthorityEvent, now: Now, into effects: inout [AuthorityEffect]
    ) {
        switch event {
        case .proposed(let id, let change):
            enqueue(Proposal(id: id, change: change), into: &effects)
        case .prepared(let node, let preparation, let isEmpty):
            notePrepared(node, preparation, isEmpty: isEmpty, now: now, into: &effects)
        case .adopted(let node, let epoch):
            if epoch == topology.epoch { behind.removeAll { $0 == node } }
        case .committed(let newest): noteCommitted(newest, now: now, into: &effects)
        case .declined(let reason): takeDecline(reason, into: &effects)
        case .deposed(let reason): depose(reason, into: &effects)
        case .ticked: break
        }
        finishIfDue(now: now, into: &effects)
        while case .idle = work, !queue.isEmpty {
            start(queue.removeFirst(), now: now, into: &effects)
        }
        if case .ticked = event { resendIfDue(now: now, into: &effects) }
    }

    // MARK: Proposals

    private mutating func enqueue(_ proposal: Proposal, into effects: inout [AuthorityEffect]) {
        // Who hears no answer proposes again.
        guard !isKnown(proposal.id) else { return }
        // Nor is a node to wait that was let in and does not know: the others may wait for it.
        if case .join = proposal.change,
            let outcome = try? topology.applying(proposal.change, clusterIsEmpty: true),
            outcome == topology
        {
            effects.append(.accept(proposal.id, topology))
            return
        }
        guard queue.count < Self.proposalsMax else {
            let reason = "\(Self.proposalsMax) changes of the topology are waiting: try again later"
            effects.append(.refuse(proposal.id, reason: reason, isFinal: false))
            return
        }
        queue.append(proposal)
    }

    private func isKnown(_ id: ProposalID) -> Bool {
        switch work {
        case .idle: break
        case .preparing(let proposal, _, _, _, _), .committing(let proposal, _),
            .flushing(let proposal, _):
            if proposal.id == id { return true }
        }
        return queue.contains { $0.id == id }
    }

    private mutating func start(
        _ proposal: Proposal, now: Now, into effects: inout [AuthorityEffect]
    ) {
        do {
            let change = try checked(proposal.change, now: now)
            let outcome = try topology.applying(change, clusterIsEmpty: true)
            if outcome == topology {
                answerUnchanged(proposal, now: now, into: &effects)
            } else if topology.movesVnodes(by: proposal.change) {
                prepare(proposal, outcome: outcome, now: now, into: &effects)
            } else {
                append(outcome, proposal, into: &effects)
            }
        } catch {
            effects.append(.refuse(proposal.id, reason: error.description))
        }
    }

    /// A flush is later than all before it, and never by a clock that is wrong: its stamp would
    /// stand over all data to come.
    private func checked(
        _ change: TopologyChange, now: Now
    ) throws(TopologyRefusal) -> TopologyChange {
        guard case .flush(let stamp) = change else { return change }
        let last = topology.flushStamp
        guard
            FlushStamp.isPlausible(stamp, nowMs: now.wallMs, boundMs: driftMsMax, after: last)
        else { throw .clockWrong }
        return .flush(stamp: FlushStamp.advanced(stamp, past: last))
    }

    /// A flush that was made already may still be under way: whoever asks again waits as well.
    private mutating func answerUnchanged(
        _ proposal: Proposal, now: Now, into effects: inout [AuthorityEffect]
    ) {
        if case .flush = proposal.change, !behind.isEmpty {
            work = .flushing(proposal, deadlineNs: now.monotonicNs + timing.adoptNs)
        } else {
            effects.append(.accept(proposal.id, topology))
        }
    }

    // MARK: Preparing

    private mutating func prepare(
        _ proposal: Proposal, outcome: Topology, now: Now, into effects: inout [AuthorityEffect]
    ) {
        lastAttempt += 1
        let preparation = Preparation(epoch: outcome.epoch, attempt: lastAttempt)
        // Those that are given up cannot be asked; what they alone know is given up with them.
        let forgotten = proposal.change.forgotten
        let nodes = topology.activeMembers.filter { !forgotten.contains($0.id) }.map(\.number)
        work = .preparing(
            proposal, preparation, outcome: outcome, waiting: nodes,
            deadlineNs: now.monotonicNs + timing.prepareNs)
        resendAtNs = now.monotonicNs + timing.resendNs
        for node in nodes { effects.append(.prepare(node, preparation)) }
    }

    private mutating func notePrepared(
        _ node: NodeNumber, _ answered: Preparation, isEmpty: Bool, now: Now,
        into effects: inout [AuthorityEffect]
    ) {
        guard
            case .preparing(let proposal, let preparation, let outcome, var waiting, let deadline) =
                work,
            answered == preparation, let index = waiting.firstIndex(of: node),
            now.monotonicNs < deadline
        else { return }
        guard isEmpty else {
            let refusal = TopologyRefusal.clusterHoldsData(proposal.change)
            refuse(proposal, preparation, reason: refusal.description, into: &effects)
            return
        }
        waiting.remove(at: index)
        work = .preparing(
            proposal, preparation, outcome: outcome, waiting: waiting, deadlineNs: deadline)
        if waiting.isEmpty { append(outcome, proposal, into: &effects) }
    }

    private mutating func refuse(
        _ proposal: Proposal, _ preparation: Preparation, reason: String, isFinal: Bool = true,
        into effects: inout [AuthorityEffect]
    ) {
        work = .idle
        for member in topology.members { effects.append(.release(member.number, preparation)) }
        effects.append(.refuse(proposal.id, reason: reason, isFinal: isFinal))
    }

    // MARK: Committing

    private mutating func append(
        _ outcome: Topology, _ proposal: Proposal, into effects: inout [AuthorityEffect]
    ) {
        invariant(outcome.epoch == topology.epoch + 1, "epoch \(outcome.epoch) out of turn")
        work = .committing(proposal, outcome: outcome)
        effects.append(.append(outcome))
    }

    private mutating func noteCommitted(
        _ newest: Topology, now: Now, into effects: inout [AuthorityEffect]
    ) {
        guard case .committing(let proposal, let outcome) = work, outcome == newest else {
            invariant(false, "epoch \(newest.epoch) was committed behind the authority's back")
            return
        }
        topology = newest
        behind = topology.activeMembers.map(\.number).filter { $0 != node }
        distribute(now: now, into: &effects)
        if case .flush = proposal.change {
            work = .flushing(proposal, deadlineNs: now.monotonicNs + timing.adoptNs)
        } else {
            work = .idle
            effects.append(.accept(proposal.id, topology))
        }
    }

    private mutating func distribute(now: Now, into effects: inout [AuthorityEffect]) {
        resendAtNs = now.monotonicNs + timing.resendNs
        for member in behind { effects.append(.distribute(topology, to: member)) }
    }

    /// It will never be made, so members that hold writes for it need not wait any longer.
    private mutating func takeDecline(_ reason: String, into effects: inout [AuthorityEffect]) {
        guard case .committing(let proposal, let outcome) = work else { return }
        let preparation = Preparation(epoch: outcome.epoch, attempt: lastAttempt)
        if topology.movesVnodes(by: proposal.change) {
            refuse(proposal, preparation, reason: reason, isFinal: false, into: &effects)
        } else {
            endCommitting(reason: reason, into: &effects)
        }
    }

    private mutating func endCommitting(
        reason: String, into effects: inout [AuthorityEffect]
    ) {
        guard case .committing(let proposal, _) = work else { return }
        work = .idle
        effects.append(.refuse(proposal.id, reason: reason, isFinal: false))
    }

    private mutating func depose(_ reason: String, into effects: inout [AuthorityEffect]) {
        switch work {
        case .idle: break
        case .preparing(let proposal, let preparation, _, _, _):
            refuse(proposal, preparation, reason: reason, isFinal: false, into: &effects)
        case .committing:
            // Members go on holding writes: the next leader may commit it.
            endCommitting(
                reason: "\(reason); this change may still be made", into: &effects)
        case .flushing(let proposal, _):
            effects.append(
                .refuse(proposal.id, reason: "flushed, but nobody knows where yet: \(reason)"))
        }
        work = .idle
        for proposal in queue {
            effects.append(.refuse(proposal.id, reason: reason, isFinal: false))
        }
        queue = []
    }

    // MARK: Time

    private var needsResend: Bool {
        if case .preparing = work { return true }
        return !behind.isEmpty
    }

    private mutating func resendIfDue(now: Now, into effects: inout [AuthorityEffect]) {
        guard needsResend, now.monotonicNs >= resendAtNs else { return }
        distribute(now: now, into: &effects)
        if case .preparing(_, let preparation, _, let waiting, _) = work {
            for node in waiting { effects.append(.prepare(node, preparation)) }
        }
    }

    private mutating func finishIfDue(now: Now, into effects: inout [AuthorityEffect]) {
        switch work {
        case .idle, .committing: break
        case .preparing(let proposal, let preparation, _, let waiting, let deadline):
            guard now.monotonicNs >= deadline else { break }
            let reason =
                "\(Self.list(waiting)) did not answer: a change that moves partitions needs "
                + "all members"
                + (proposal.change.forgotten.isEmpty ? "" : ", but for those that it forgets")
            refuse(proposal, preparation, reason: reason, into: &effects)
        case .flushing(let proposal, let deadline):
            if behind.isEmpty {
                work = .idle
                effects.append(.accept(proposal.id, topology))
            } else if now.monotonicNs >= deadline {
                work = .idle
                let reason =
                    "flushed, but \(Self.list(behind)) did not confirm it in time: "
                    + "what is behind drops its data before it serves again"
                effects.append(.refuse(proposal.id, reason: reason))
            }
        }
    }

    private static func list(_ nodes: [NodeNumber]) -> String {
        let numbers = nodes.map(\.description).joined(separator: ", ")
        return (nodes.count == 1 ? "node " : "nodes ") + numbers
    }
}
