internal import Essentials

/// What is said of members: news, suspicions, and this node's objections.
extension FailureDetector {
    /// All members as the sender of a comparison knows them, itself included.
    var states: [Rumour] {
        let own = Rumour(node, .alive, incarnation: incarnation)
        var states = [own] + peers.prefix(DetectorMessage.statesMax - 1).map(\.state)
        // Whoever learns of a suspicion so does not share it.
        for suspicion in suspicions {
            guard let index = index(of: suspicion.subject), index + 1 < states.count else {
                continue
            }
            states[index + 1].accuser = suspicion.accusers[0]
        }
        return states
    }

    /// Whom this node sees, broken ways of its own included.
    var view: [Rumour] {
        peers.prefix(DetectorMessage.statesMax).map { peer in
            Rumour(peer.node, peer.verdict, incarnation: peer.incarnation)
        }
    }

    mutating func askForViews(_ number: UInt64, into effects: inout [Effect]) {
        guard isMember else { return }
        for peer in peers { send(.viewRequest(number), to: peer.node, into: &effects) }
    }

    /// Compares all with one member, at random.
    mutating func sync(nowNs: UInt64, into effects: inout [Effect]) {
        syncs += 1
        nextSyncNs =
            nowNs
            + (syncs < DetectorTiming.firstSyncs
                ? timing.periodNs : timing.syncNs(members: peers.count + 1))
        let others = peers.filter { $0.liveness != .dead }
        guard let node = others.randomElement(using: &random)?.node else { return }
        send(.sync(states), to: node, into: &effects)
    }

    mutating func hear(
        _ states: [Rumour], from teller: NodeNumber, nowNs: UInt64, into effects: inout [Effect]
    ) {
        for state in states { hear(state, from: teller, nowNs: nowNs, into: &effects) }
    }

    /// What is said in each period, however slow this node's own probes have become: news of
    /// others, and to members whom this node accuses what they are accused of.
    mutating func tellNews(nowNs: UInt64, into effects: inout [Effect]) {
        nextNewsNs = nowNs + timing.periodNs
        spreadNews(into: &effects)
        let accused = suspicions.filter { $0.accusers.contains(node) }.map(\.subject)
        for subject in accused.shuffled(using: &random).prefix(DetectorTiming.remindersMax) {
            send(.ping(drawNumber()), to: subject, into: &effects)
        }
    }

    /// Tells a few members at random what is new, so that news doubles several times a period and
    /// not once or twice. Nobody says anything when nothing is new.
    private mutating func spreadNews(into effects: inout [Effect]) {
        guard !rumours.isEmpty else { return }
        let others = peers.filter { $0.liveness != .dead }
        for peer in others.shuffled(using: &random).prefix(DetectorTiming.newsTargets) {
            guard !rumours.isEmpty else { return }
            send(.news, to: peer.node, into: &effects)
        }
    }

    mutating func hear(
        _ rumour: Rumour, from teller: NodeNumber, nowNs: UInt64, into effects: inout [Effect]
    ) {
        guard rumour.subject != node else { return hearOfSelf(rumour, into: &effects) }
        guard let index = index(of: rumour.subject) else { return counters.strangers += 1 }
        let known = peers[index].state
        switch rumour.liveness {
        case .alive:
            guard rumour.isNewer(than: known) else { return }
            revive(index, rumour.incarnation, into: &effects)
        case .suspect:
            // The same suspicion from somebody else confirms it.
            guard rumour.isNewer(than: known) || rumour == confirmation(of: known, rumour.accuser)
            else { return }
            hearSuspicion(index, rumour, by: rumour.accuser, nowNs: nowNs, into: &effects)
        case .dead:
            guard rumour.isNewer(than: known) else { return }
            if known.liveness == .alive {
                return hearSuspicion(index, rumour, by: teller, nowNs: nowNs, into: &effects)
            }
            peers[index].incarnation = rumour.incarnation
            bury(index, into: &effects)
        }
    }

    private func confirmation(of known: Rumour, _ accuser: NodeNumber) -> Rumour? {
        guard known.liveness == .suspect else { return nil }
        var confirmation = known
        confirmation.accuser = accuser
        return confirmation
    }

    private mutating func hearSuspicion(
        _ index: Int, _ rumour: Rumour, by accuser: NodeNumber, nowNs: UInt64,
        into effects: inout [Effect]
    ) {
        if rumour.incarnation > peers[index].incarnation {
            // It objected to an earlier one, or came back, and is suspected anew.
            suspicions.removeAll { $0.subject == rumour.subject }
            peers[index].incarnation = rumour.incarnation
        }
        suspect(index, by: accuser, nowNs: nowNs, into: &effects)
    }

    /// Somebody is wrong about this node, or knows it from an earlier life: it moves on to an
    /// incarnation that outdoes what is said.
    private mutating func hearOfSelf(_ rumour: Rumour, into effects: inout [Effect]) {
        let isAccused = rumour.liveness != .alive && rumour.incarnation >= incarnation
        guard isAccused || rumour.incarnation > incarnation else { return }
        incarnation = min(rumour.incarnation + 1, DetectorMessage.incarnationMax)
        rumours.put(Rumour(node, .alive, incarnation: incarnation))
        guard isAccused else { return }
        // It would not have been suspected had it answered in time.
        counters.refutations += 1
        health.worsen()
        spreadNews(into: &effects)
    }

    /// The member has objected, or is back.
    private mutating func revive(
        _ index: Int, _ incarnation: UInt64, into effects: inout [Effect]
    ) {
        let before = peers[index].liveness
        let isFirst = before == .alive && peers[index].incarnation == 0
        peers[index].incarnation = incarnation
        peers[index].liveness = .alive
        if before == .dead {
            counters.returns += 1
            peers[index].detours = 0
        }
        suspicions.removeAll { $0.subject == peers[index].node }
        // The first word of a member in good standing is no news to anybody.
        if !isFirst { rumours.put(peers[index].state) }
        judge(index, into: &effects)
    }

    // MARK: Suspicion

    /// `accuser` suspects the member in its present incarnation.
    mutating func suspect(
        _ index: Int, by accuser: NodeNumber, nowNs: UInt64, into effects: inout [Effect]
    ) {
        let subject = peers[index].node
        if let known = suspicions.firstIndex(where: { $0.subject == subject }) {
            guard !suspicions[known].accusers.contains(accuser),
                suspicions[known].accusers.count <= confirmationsWanted
            else { return }
            suspicions[known].accusers.append(accuser)
        } else {
            counters.suspicions += 1
            peers[index].liveness = .suspect
            suspicions.append(
                Suspicion(subject: subject, startedNs: nowNs, accusers: [accuser]))
            judge(index, into: &effects)
        }
        // Each of the first few accusers is news: it shortens the suspicion everywhere.
        var rumour = peers[index].state
        rumour.accuser = accuser
        rumours.put(rumour)
    }

    /// Of others than the first accuser; there may not be as many who could confirm.
    private var confirmationsWanted: Int {
        max(0, min(DetectorTiming.confirmationsMax, peers.count - 2))
    }

    func deadlineNs(of suspicion: Suspicion) -> UInt64 {
        suspicion.startedNs
            + timing.suspicionNs(
                confirmations: suspicion.accusers.count - 1, of: confirmationsWanted,
                members: peers.count + 1)
    }

    mutating func endDueSuspicions(nowNs: UInt64, into effects: inout [Effect]) {
        let due = suspicions.filter { deadlineNs(of: $0) <= nowNs }
        for suspicion in due {
            if let index = index(of: suspicion.subject) { bury(index, into: &effects) }
        }
    }

    private mutating func bury(_ index: Int, into effects: inout [Effect]) {
        let node = peers[index].node
        counters.deaths += 1
        peers[index].liveness = .dead
        peers[index].detours = 0
        suspicions.removeAll { $0.subject == node }
        probes.removeAll { $0.target == node }
        rumours.put(peers[index].state)
        judge(index, into: &effects)
    }
}
