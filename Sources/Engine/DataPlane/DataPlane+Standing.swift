internal import Commands
public import Essentials
internal import Wire

/// Not serving by what others have left behind.
///
/// A node that was away serves by the topology that it last knew, and shows what was flushed since,
/// until it hears of the flush. So a shard whose node starts, or that sees that its loop has stood
/// still, asks the members how far they are, and lets commands wait until a majority has answered,
/// itself included, and it serves by the latest that they tell: a flush that was acknowledged is
/// known to a majority. Where no majority answers in a second it goes on with what it knows.
///
/// What peers ask of a replica is answered meanwhile: a coordinator drops by what it knows.
extension DataPlane {
    /// Whether commands may be carried out, as far as it is known how far others are.
    public func isStandingSure(now: Now) -> Bool {
        now.monotonicNs < standing.sureUntilNs || routing.isAlone
    }

    /// Lets a command wait until it is known how far the others are.
    @inline(never)
    mutating func hold(_ request: Request, now: Now, into effects: inout [Effect]) {
        if standing.mustAsk(nowNs: now.monotonicNs) { askForEpoch(now: now, into: &effects) }
        guard standing.waiting.count < settings.parkedMax, standing.bytes < settings.parkedBytesMax
        else { return turnAway(request, into: &effects) }
        let deadlineNs = Arrival(request: request, atNs: now.monotonicNs).deadlineNs
        standing.hold(request, deadlineNs: deadlineNs)
    }

    private mutating func askForEpoch(now: Now, into effects: inout [Effect]) {
        standing.ask(nowNs: now.monotonicNs)
        for node in routing.members where node != routing.node && routing.canReach(node) {
            askForEpoch(of: node, into: &effects)
        }
    }

    /// - Precondition: the node can be reached.
    private func askForEpoch(of node: NodeNumber, into effects: inout [Effect]) {
        effects.append(.send(node, .epochWanted(id: standing.question), after: .none))
    }

    /// A connection was opened, on which a question may go that could not before.
    mutating func askForEpoch(
        onLinkTo node: NodeNumber, now: Now, into effects: inout [Effect]
    ) {
        guard standing.isNeeded, !standing.isSure else { return }
        guard !standing.mustAsk(nowNs: now.monotonicNs) else {
            return askForEpoch(now: now, into: &effects)
        }
        askForEpoch(of: node, into: &effects)
    }

    /// A member has said how far it is.
    mutating func noteEpoch(
        _ question: UInt64, _ epoch: UInt64, by node: NodeNumber, now: Now,
        into effects: inout [Effect]
    ) {
        standing.note(question, epoch, by: node)
        settleStanding(now: now, into: &effects)
    }

    /// Goes on with what waited, if nothing is left to wait for.
    mutating func settleStanding(now: Now, into effects: inout [Effect]) {
        let isSettled = standing.isSettled(
            epoch: routing.epoch, members: routing.members.count, nowNs: now.monotonicNs)
        guard isSettled else { return }
        for one in standing.settle(nowNs: now.monotonicNs) {
            var request = one.request
            request.consistency.timeoutMs = Self.patienceMs(until: one.deadlineNs, now: now)
            admit(request, now: now, into: &effects)
        }
    }

    /// Called every tick.
    mutating func tendStanding(now: Now, into effects: inout [Effect]) {
        guard standing.isNeeded else { return }
        if routing.isAlone {
            _ = standing.settle(nowNs: now.monotonicNs)
        } else if standing.mustAsk(nowNs: now.monotonicNs) {
            askForEpoch(now: now, into: &effects)
        } else {
            standing.tick(nowNs: now.monotonicNs)
            settleStanding(now: now, into: &effects)
            for one in standing.takeDue(nowNs: now.monotonicNs) {
                counters.quorumFailures += 1
                let text = "TRYAGAIN the other members have not told yet by what they serve"
                turnAway(.request(one.request), text, .late, into: &effects)
            }
        }
    }
}
