internal import Essentials
internal import Wire

/// Work that nobody waits for any more.
///
/// A request carries what is left of its sender's patience, and a replica counts it from the
/// request's arrival. What comes to its turn later is dropped and answered with `late`, which to
/// the coordinator is one more replica that has not done it. That saves the work where it is
/// scarce: a replica behind its disk would else serve only requests that have timed out already.
///
/// A late write is applied all the same when its object is in memory, since the costly part is
/// done then and the replicas are equal sooner. Otherwise it is dropped as a whole, and safely: its
/// coordinator has counted this replica as failed, so the write is there as a hint, or comes by a
/// repair.
///
/// Hints are wanted however late they come, so they carry no patience. A coordinator that gives up
/// on a fallback keeps the hint itself, but one that the fallback has taken meanwhile is a second
/// copy, and brings its target the write even if the coordinator does not come back. A chunk that
/// is handed over late is merged all the same: its holder offers it again, and then has less to
/// offer.
extension DataPlane {
    /// What is left until `deadlineNs`, for a request to a peer; at least 1 ms.
    static func patienceMs(until deadlineNs: UInt64, now: Now) -> UInt32 {
        let leftMs = (deadlineNs - min(now.monotonicNs, deadlineNs)) / 1_000_000
        return UInt32(clamping: max(1, leftMs))
    }

    static func deadlineNs(patienceMs: UInt32, now: Now) -> UInt64 {
        guard patienceMs != PeerMessage.unlimitedPatienceMs else { return .max }
        return now.monotonicNs + UInt64(patienceMs) * 1_000_000
    }

    mutating func dropLate(_ id: UInt64, _ link: LinkID, into effects: inout [Effect]) {
        counters.lateDrops += 1
        effects.append(.answer(link, .refused(id: id, .late), after: .none))
    }

    /// Serves what waited for its object, which is in memory now.
    mutating func serve(
        _ waiter: ParkedEvents.Waiter, slot: Int, now: Now, into effects: inout [Effect]
    ) {
        let isLate = waiter.deadlineNs <= now.monotonicNs
        switch waiter.event {
        case .check where isLate, .request where isLate:
            giveUp(waiter, now: now, into: &effects)
        case .request(var request):
            request.consistency.timeoutMs = Self.patienceMs(until: waiter.deadlineNs, now: now)
            begin(request, now: now, into: &effects)
        case .check, .write, .describe, .expiry, .handoff, .cover:
            serve(waiter.event, slot: slot, now: now, into: &effects)
        }
    }

    /// Ends what has waited for its object for longer than anybody waits for it.
    mutating func giveUpParked(now: Now, into effects: inout [Effect]) {
        guard parked.count > 0 else { return }
        for waiter in parked.takeLate(nowNs: now.monotonicNs) {
            giveUp(waiter, now: now, into: &effects)
        }
    }

    private mutating func giveUp(
        _ waiter: ParkedEvents.Waiter, now: Now, into effects: inout [Effect]
    ) {
        counters.lateDrops += 1
        let ms = (now.monotonicNs - min(waiter.sinceNs, now.monotonicNs)) / 1_000_000
        let text = "OVERLOADED the disk has not answered in \(ms) ms"
        turnAway(waiter.event, text, .late, into: &effects)
    }
}
