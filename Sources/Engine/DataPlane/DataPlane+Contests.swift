internal import Causality
internal import Commands
internal import Essentials
internal import Objects
internal import Placement
internal import Replication

/// Commands behind an overwrite that may yet have to remove something.
///
/// While an overwrite made here is under way, another coordinator's write may arrive that it has
/// not covered. Nobody knows yet which of the two is the later: what replicas report decides it
/// (`DataPlane+Covering`). What looks at the key meanwhile would build on a value that may be
/// removed, so it waits until the overwrite is answered, in its order, and no longer than its own
/// time. Nobody waits where one coordinator writes, or writes follow one another.
struct Contests: Sendable {
    /// By the overwrite that they wait for. Looked up and never iterated.
    private var waiting: [UInt64: [Arrival]] = [:]
    /// When the first of them is to be given up, by the overwrite: one look serves all that are
    /// due, however many they are. Looked up and never iterated.
    private var wakesNs: [UInt64: UInt64] = [:]
    private(set) var count = 0
    /// Of those, the ones that write, or may.
    private(set) var writesCount = 0

    /// Returns whether a look has to be planned for its deadline.
    mutating func append(_ arrival: Arrival, for write: UInt64) -> Bool {
        waiting[write, default: []].append(arrival)
        count += 1
        if arrival.request.operation.kind != .read { writesCount += 1 }
        guard arrival.deadlineNs < wakesNs[write] ?? .max else { return false }
        wakesNs[write] = arrival.deadlineNs
        return true
    }

    /// Whether somebody waits for the write whose time is over.
    func isDue(_ write: UInt64, nowNs: UInt64) -> Bool {
        wakesNs[write].map { $0 <= nowNs } ?? false
    }

    /// Takes those that wait for the write, in their order.
    mutating func take(for write: UInt64) -> [Arrival] {
        let arrivals = waiting.removeValue(forKey: write) ?? []
        wakesNs[write] = nil
        count -= arrivals.count
        writesCount -= arrivals.count { $0.request.operation.kind != .read }
        return arrivals
    }
}

extension DataPlane {
    /// The overwrite of the object in `slot` that is under way here, if the object holds what it
    /// may have to remove.
    mutating func contest(slot: Int) -> UInt64? {
        let id = cache[slot].overwriter
        guard id != 0 else { return nil }
        guard writes.look(id, { $0 != nil && $0?.isAnswered == false }) else {
            cache[slot].overwriter = 0
            return nil
        }
        let node = routing.node
        let isContested = cache.look(slot) { slot in
            slot.object.entries.contains { $0.dot.actor.node != node }
        }
        return isContested && settings.bug != .actsInContests ? id : nil
    }

    /// Apart, so that those that need not wait are not copied for it.
    @inline(never)
    mutating func wait(
        _ arrival: Arrival, forWrite id: UInt64, now: Now, into effects: inout [Effect]
    ) {
        guard inFlightCount < settings.inFlightMax else {
            return turnAway(arrival.request, into: &effects)
        }
        guard contests.append(arrival, for: id) else { return }
        deadlines.schedule(id, atNs: arrival.deadlineNs, nowNs: now.monotonicNs)
    }

    /// The overwrite has been answered, or is removing what was beside it: the others go on.
    mutating func endContest(of id: UInt64, now: Now, into effects: inout [Effect]) {
        for arrival in contests.take(for: id) {
            let request = arrival.request
            guard let table = routing.table, let slot = find(request.key),
                let partition = partition(of: request.key),
                let place = table.place(of: routing.node, in: partition)
            else {
                begin(request, now: now, into: &effects)
                continue
            }
            begin(
                arrival, slot: slot, partition, place: place, table, now: now, into: &effects)
        }
    }

    /// Gives up those whose time is over before the overwrite's.
    mutating func expireContest(of id: UInt64, now: Now, into effects: inout [Effect]) {
        guard contests.isDue(id, nowNs: now.monotonicNs) else { return }
        for arrival in contests.take(for: id) {
            guard arrival.deadlineNs <= now.monotonicNs else {
                if contests.append(arrival, for: id) {
                    deadlines.schedule(id, atNs: arrival.deadlineNs, nowNs: now.monotonicNs)
                }
                continue
            }
            let replicas = routing.table?.replicaCount ?? 1
            let bounded = arrival.request.consistency.bounded(by: replicas)
            reject(
                arrival.request.origin, since: arrival.atNs, answered: 0,
                required: arrival.request.operation.kind == .read ? bounded.r : bounded.w,
                now: now, into: &effects)
        }
    }
}
