internal import Causality
internal import Commands
internal import Essentials
internal import Objects
internal import Placement
internal import Wire

/// Records that the disk does not give, or gives damaged.
///
/// Such a copy is one that has not answered, and nothing may go on from it: a write on top of it
/// would forget dots. So the others are asked for theirs, and when a majority would have met each
/// write that this copy may have been counted for, their merge takes its place, under a new actor:
/// the count of this node's own dots went with the record.
///
/// Whoever wants the key waits for that, one round trip. Questions of other coordinators do not:
/// two replicas whose copies are both damaged would wait for each other.
extension DataPlane {
    /// Others that are well answer within a tick.
    private static let rescueNs: UInt64 = 1_000_000_000

    /// Nobody can read the record of `key`.
    mutating func rescue(
        _ key: ObjectKey, for waiting: [ParkedEvents.Waiter], now: Now,
        into effects: inout [Effect]
    ) {
        counters.corruptRecords += 1
        var patient: [ParkedEvents.Waiter] = []
        for waiter in waiting {
            if waiter.event.waitsForRescue {
                patient.append(waiter)
            } else {
                turnAway(waiter.event, "", .unreadable, into: &effects)
            }
        }
        if let refused = rescues.join(key, patient) {
            return turnAwayUnread(refused, Object(), answered: 0, now: now, into: &effects)
        }
        guard let table = routing.table, !rescues.isFull else {
            return turnAwayUnread(patient, Object(), answered: 0, now: now, into: &effects)
        }
        let partition = table.partitioning.partition(of: key.position)
        let others = table.replicas(of: partition).filter { $0 != routing.node }
        let reachable = others.filter { routing.canReach($0) }
        guard !reachable.isEmpty else {
            return turnAwayUnread(patient, Object(), answered: 0, now: now, into: &effects)
        }
        let majority = table.replicaCount / 2 + 1
        let needed = settings.bug == .healsFromOne ? 1 : min(others.count, majority)
        let earliestNs = patient.lazy.map(\.deadlineNs).min() ?? .max
        let deadlineNs = min(earliestNs, now.monotonicNs + Self.rescueNs)
        let id = rescues.begin(
            key, needed: needed, asking: reachable, for: patient, deadlineNs: deadlineNs)
        let check = PeerMessage.check(
            id: id, key: PeerKey(key), fingerprint: KeyInquiries.fingerprint,
            patienceMs: Self.patienceMs(until: deadlineNs, now: now))
        for node in reachable { effects.append(.send(node, check, after: .none)) }
    }

    /// A replica has told what it holds, or will not.
    mutating func noteRescue(
        _ id: UInt64, _ node: NodeNumber, _ answer: PeerMessage, now: Now,
        into effects: inout [Effect]
    ) {
        var object: Object?
        switch answer {
        case .differs(_, let record) where record.isEmpty: object = Object()
        case .differs(_, let record):
            object = try? Object(decoding: record)
            if object == nil { counters.corruptRecords += 1 }
        default: break
        }
        if let found = object, !clock.observe(found.latestStamp, wallMs: now.wallMs) {
            counters.stampsRefused += 1
            object = nil
        }
        if routing.flushStamp > .zero { object?.dropEntries(upTo: routing.flushStamp) }
        guard let rescue = rescues.note(id, node, object) else { return }
        finish(rescue, now: now, into: &effects)
    }

    /// Nobody waits for answers of a node that cannot be reached any more.
    mutating func failRescues(
        on node: NodeNumber, now: Now, into effects: inout [Effect]
    ) {
        for id in rescues.waiting(for: node) {
            guard let rescue = rescues.note(id, node, nil) else { continue }
            finish(rescue, now: now, into: &effects)
        }
    }

    mutating func endDueRescues(now: Now, into effects: inout [Effect]) {
        guard !rescues.isEmpty else { return }
        while let rescue = rescues.popDue(nowNs: now.monotonicNs) {
            for node in rescue.asked { noteTimeout(of: node, now: now, into: &effects) }
            finish(rescue, now: now, into: &effects)
        }
    }

    /// Keys were moved or flushed: who holds what is another question now.
    mutating func abandonRescues(into effects: inout [Effect]) {
        let text = "TRYAGAIN keys were moved or flushed while the command ran"
        for rescue in rescues.takeAll() {
            for waiter in rescue.waiters { turnAway(waiter.event, text, .epoch, into: &effects) }
        }
    }

    private mutating func finish(
        _ rescue: Rescues.Rescue, now: Now, into effects: inout [Effect]
    ) {
        guard rescue.isEnough else {
            return turnAwayUnread(
                rescue.waiters, rescue.object, answered: rescue.answered, now: now,
                into: &effects)
        }
        counters.recordsHealed += 1
        let slot = cache.insert(rescue.key, rescue.object, writtenBatch: writtenBatch)
        cache[slot].pins += 1
        if settings.bug != .healsUnderOldActor { renewActor(slot: slot, now: now) }
        prune(slot: slot)
        store(slot: slot, hadValue: false, into: &effects)
        for waiter in rescue.waiters { serve(waiter, slot: slot, now: now, into: &effects) }
        cache[slot].pins -= 1
    }

    /// Too few replicas have told what they hold. Those that did are a read's answer, if that wants
    /// no more; all else fails here, and may be tried at another replica.
    ///
    /// - Parameter object: what they hold, merged.
    private mutating func turnAwayUnread(
        _ waiters: [ParkedEvents.Waiter], _ object: Object, answered: Int, now: Now,
        into effects: inout [Effect]
    ) {
        for waiter in waiters {
            guard case .request(let request) = waiter.event, case .client = request.origin else {
                let text = "NOQUORUM this replica's copy cannot be read"
                turnAway(waiter.event, text, waiter.event.unreadable, into: &effects)
                continue
            }
            let isRead = request.operation.kind == .read
            let bounded = request.consistency.bounded(by: routing.table?.replicaCount ?? 1)
            if isRead, answered >= max(bounded.r, bounded.pr) {
                // What is shown is given, so no slot is looked at.
                let evaluation = evaluate(request, slot: 0, as: ReadObject(object), now: now)
                guard case .reply(let reply, let isFound) = evaluation else { continue }
                counters.reads += 1
                counters.noteLookup(isFound: isFound)
                respond(to: request.origin, reply, into: &effects)
                continue
            }
            counters.quorumFailures += 1
            let required = isRead ? bounded.r : bounded.w
            let reason =
                answered < required
                ? "NOQUORUM \(answered) of \(required) replicas answered"
                : "TRYAGAIN too few replicas answered"
            let text = reason + ": this node's copy cannot be read"
            respond(to: request.origin, .error(text), into: &effects)
        }
    }
}

extension ParkedEvents.Event {
    /// Whether it is worth a round trip to others.
    fileprivate var waitsForRescue: Bool {
        switch self {
        case .request, .write, .handoff, .cover: true
        case .check, .describe, .expiry: false
        }
    }

    /// What is answered where no rescue succeeds. Whoever hands hints over goes on with others.
    fileprivate var unreadable: PeerMessage.Refusal {
        if case .handoff = self { .corrupt } else { .unreadable }
    }
}
