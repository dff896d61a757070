internal import Essentials

/// Asking members for a sign of life: in turn, out of turn, and in others' stead.
extension FailureDetector {
    /// The next member in turn.
    mutating func beginPeriod(nowNs: UInt64, into effects: inout [Effect]) {
        nextPeriodNs = nowNs + timing.periodNs * health.multiplier
        // A probe out of turn counts as the member's turn; the dead have their own.
        for _ in 0..<round.count {
            if roundIndex >= round.count {
                round.shuffle(using: &random)
                roundIndex = 0
            }
            let node = round[roundIndex]
            roundIndex += 1
            if probe(node, nowNs: nowNs, into: &effects) { return }
        }
    }

    /// Probes a member unless that is under way or it is dead; returns whether it does.
    @discardableResult
    mutating func probe(
        _ node: NodeNumber, nowNs: UInt64, into effects: inout [Effect]
    ) -> Bool {
        guard isMember, let index = index(of: node), peers[index].liveness != .dead,
            probes.count < Self.probesMax, !probes.contains(where: { $0.target == node })
        else { return false }
        counters.probes += 1
        let number = drawNumber()
        let deadlineNs = nowNs + timing.probeTimeoutNs * health.multiplier
        probes.append(Probe(target: node, number: number, deadlineNs: deadlineNs))
        send(.ping(number), to: node, into: &effects)
        return true
    }

    /// One of the dead, in turn. Nobody waits for the answer: whatever it says brings it back.
    mutating func probeDead(nowNs: UInt64, into effects: inout [Effect]) {
        nextDeadProbeNs = nowNs + timing.deadPeriodNs
        let dead = peers.filter { $0.liveness == .dead }
        guard let node = dead.randomElement(using: &random)?.node else { return }
        send(.ping(drawNumber()), to: node, into: &effects)
    }

    /// A connection to a member is open: whoever is suspected or taken for dead should hear of it,
    /// and after a start the first that is there can say who else is.
    mutating func greet(_ node: NodeNumber, into effects: inout [Effect]) {
        guard isMember, let index = index(of: node) else { return }
        if syncs == 0 {
            syncs = 1
            send(.sync(states), to: node, into: &effects)
        } else if let probe = probes.first(where: { $0.target == node }) {
            // The connection that carried the ping is gone, and perhaps the ping with it.
            send(.ping(probe.number), to: node, into: &effects)
        } else if peers[index].verdict != .alive {
            send(.ping(drawNumber()), to: node, into: &effects)
        }
    }

    mutating func noteTimeout(
        of node: NodeNumber, nowNs: UInt64, into effects: inout [Effect]
    ) {
        guard let index = index(of: node) else { return }
        if nowNs >= peers[index].timeoutsSinceNs + timing.timeoutWindowNs {
            peers[index].timeouts = 0
            peers[index].timeoutsSinceNs = nowNs
        }
        peers[index].timeouts += 1
        guard peers[index].timeouts == DetectorTiming.timeoutsUntilProbe else { return }
        probe(node, nowNs: nowNs, into: &effects)
    }

    // MARK: Answers

    mutating func acked(
        _ number: UInt64, by node: NodeNumber, into effects: inout [Effect]
    ) {
        if let index = helps.firstIndex(where: { $0.number == number && $0.target == node }) {
            let help = helps.remove(at: index)
            return send(.ack(help.askerNumber), to: help.asker, into: &effects)
        }
        guard let index = probes.firstIndex(where: { $0.number == number }) else { return }
        guard probes[index].target == node else {
            // A helper. The member's own answer may still come, and says more.
            if !probes[index].wasReached { counters.indirectAcks += 1 }
            probes[index].wasReached = true
            probes[index].answeredHelpers += 1
            return
        }
        probes.remove(at: index)
        counters.acks += 1
        health.improve()
        guard let index = self.index(of: node) else { return }
        peers[index].detours = 0
        judge(index, into: &effects)
    }

    mutating func nacked(_ number: UInt64) {
        guard let index = probes.firstIndex(where: { $0.number == number }) else { return }
        counters.nacks += 1
        probes[index].answeredHelpers += 1
    }

    /// Pings `target` for `asker`.
    mutating func help(
        _ asker: NodeNumber, _ askerNumber: UInt64, _ target: NodeNumber, nowNs: UInt64,
        into effects: inout [Effect]
    ) {
        guard index(of: target) != nil, helps.count < Self.helpsMax else { return }
        let number = drawNumber()
        helps.append(
            Help(
                asker: asker, askerNumber: askerNumber, target: target, number: number,
                deadlineNs: nowNs + timing.helpTimeoutNs))
        send(.ping(number), to: target, into: &effects)
    }

    // MARK: Deadlines

    mutating func endDueHelps(nowNs: UInt64, into effects: inout [Effect]) {
        let due = helps.filter { $0.deadlineNs <= nowNs }
        guard !due.isEmpty else { return }
        helps.removeAll { $0.deadlineNs <= nowNs }
        for help in due { send(.nack(help.askerNumber), to: help.asker, into: &effects) }
    }

    mutating func endDueProbes(nowNs: UInt64, into effects: inout [Effect]) {
        let due = probes.filter { $0.deadlineNs <= nowNs }
        guard !due.isEmpty else { return }
        probes.removeAll { $0.deadlineNs <= nowNs && $0.isIndirect }
        for probe in due {
            if probe.isIndirect {
                end(probe, nowNs: nowNs, into: &effects)
            } else {
                askHelpers(probe.number, nowNs: nowNs, into: &effects)
            }
        }
    }

    private mutating func askHelpers(
        _ number: UInt64, nowNs: UInt64, into effects: inout [Effect]
    ) {
        guard let index = probes.firstIndex(where: { $0.number == number }) else { return }
        let target = probes[index].target
        let candidates = peers.filter { $0.node != target && $0.liveness == .alive }
        let helpers = candidates.shuffled(using: &random).prefix(DetectorTiming.helpersMax)
        probes[index].isIndirect = true
        probes[index].helpers = helpers.count
        let restNs = timing.periodNs - timing.probeTimeoutNs
        probes[index].deadlineNs = nowNs + restNs * health.multiplier
        if !helpers.isEmpty { counters.indirectProbes += 1 }
        for helper in helpers {
            send(.pingRequest(number, target: target), to: helper.node, into: &effects)
        }
        // The ping may be what was lost, and then a second one settles it.
        send(.ping(number), to: target, into: &effects)
    }

    /// The target has not answered this node itself.
    private mutating func end(
        _ probe: Probe, nowNs: UInt64, into effects: inout [Effect]
    ) {
        guard let index = index(of: probe.target) else { return }
        if probe.wasReached {
            health.improve()
            peers[index].detours = min(
                peers[index].detours + 1, DetectorTiming.detoursUntilDoubt)
            judge(index, into: &effects)
            // Whether the way is broken is found out before its turn comes again.
            self.probe(probe.target, nowNs: nowNs, into: &effects)
            return
        }
        // Helpers that say nothing at all make it likely that the fault is on this side. One may
        // have been heard twice: first that it got no answer, then that it got one after all.
        let silent = max(0, probe.helpers - probe.answeredHelpers)
        health.worsen(by: probe.helpers == 0 ? 1 : silent)
        if peers[index].liveness == .alive { counters.accusations += 1 }
        suspect(index, by: node, nowNs: nowNs, into: &effects)
        send(.ping(drawNumber()), to: probe.target, into: &effects)
    }
}
