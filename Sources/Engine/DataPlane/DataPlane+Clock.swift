internal import Causality
internal import Commands
internal import Essentials
internal import Membership
internal import Objects
internal import Placement
internal import Wire

/// Stamps and clocks: what a write is stamped with, which stamps are taken from elsewhere, and what
/// becomes of those that a clock has given which was wrong.
///
/// `Now.wallMs` is the members' common clock here, which this node's own wall clock does not move.
extension DataPlane {
    /// Whether this node coordinates.
    var isClockSound: Bool { clockJudgement == .sound }

    /// A stamp for the next write of the object in `slot`: greater than all that the object holds
    /// and all that the shard has taken in.
    mutating func nextStamp(slot: Int, now: Now) -> Timestamp {
        let limit = clock.limit(wallMs: now.wallMs)
        var latest = cache.look(slot) { $0.object.latestStamp }
        if latest > limit {
            counters.stampsSettled += 1
            _ = cache[slot].object.settleStamps(past: limit, to: clock.least)
            latest = cache[slot].object.latestStamp
        }
        if settings.bug == .ignoresSeenStamps { latest = .zero }
        return clock.tick(wallMs: now.wallMs, after: latest)
    }

    /// Whether stamps of `object` may be taken in.
    mutating func accepts(stampsOf object: Object, now: Now) -> Bool {
        guard clock.observe(object.latestStamp, wallMs: now.wallMs) else {
            counters.stampsRefused += 1
            return false
        }
        return true
    }

    /// The object in `slot` was just read. What an earlier release has let in under stamps that
    /// nobody else takes would be refused by all others for as long; settled, it can be merged, and
    /// gives way to any value that was written with a right clock.
    mutating func settleStamps(slot: Int, now: Now, into effects: inout [Effect]) {
        let limit = clock.limit(wallMs: now.wallMs)
        guard cache.look(slot, { $0.object.latestStamp }) > limit else { return }
        counters.stampsSettled += 1
        _ = cache[slot].object.settleStamps(past: limit, to: clock.least)
        let hasValue = cache.look(slot) { $0.object.hasValue }
        store(slot: slot, hadValue: hasValue, into: &effects)
    }

    /// The same for the hints of a key, which are in memory: those for others are then taken.
    mutating func settleHintStamps(
        of key: ObjectKey, _ partition: PartitionID, now: Now, into effects: inout [Effect]
    ) {
        let (limit, least, number) = (clock.limit(wallMs: now.wallMs), clock.least, batch)
        for place in hints.cache[key]?.copies.indices ?? 0..<0 {
            let settled = hints.cache.update(key) { entry -> (HintCache.Copy, [UInt8], Int)? in
                let before = entry.copies[place].size
                guard entry.copies[place].object.settleStamps(past: limit, to: least) else {
                    return nil
                }
                let record = entry.copies[place].object.encoded()
                let value = HintRecord.value(sinceMs: now.wallMs, record: record)
                let name = HintRecord.key(entry.copies[place].target, key)
                entry.copies[place].size = name.count + value.count
                entry.batch = number
                return (entry.copies[place], value, name.count + value.count - before)
            }
            guard let (copy, value, growth) = settled ?? nil else { continue }
            counters.stampsSettled += 1
            hints.noteChange(key, of: copy.target)
            effects.append(.storeHint(key: HintRecord.key(copy.target, key), value: value))
            var account = hints.accounts.account(copy.target, partition)
            account.bytes += growth
            keep(account, of: copy.target, partition, now: now, into: &effects)
        }
    }

    /// What the ages of hints are counted by.
    func hintMs(_ now: Now) -> Int64 {
        now.monotonicMs
    }

    /// A node whose clock is wrong coordinates nothing; others may.
    @inline(never)
    mutating func refuseForClock(_ request: Request, into effects: inout [Effect]) {
        counters.clockRefusals += 1
        if case .peer(let link, let id) = request.origin {
            return refuse(id, .clock, link, into: &effects)
        }
        let text = "CLOCK \(clockJudgement.defect ?? ""): it does not coordinate"
        respond(to: request.origin, .error(text), into: &effects)
    }
}
