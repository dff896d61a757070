internal import Causality
internal import Essentials
internal import Objects
internal import Wire

/// Objects in memory: looking them up, waiting for them, letting them expire.
extension DataPlane {
    mutating func find(_ key: ObjectKey) -> Int? {
        let slot = cache.find(key)
        if slot == nil { counters.cacheMisses += 1 } else { counters.cacheHits += 1 }
        return slot
    }

    /// Lets an event wait until its key's object is in memory.
    ///
    /// - Parameter deadlineNs: until when somebody waits for what comes of it.
    mutating func park(
        _ event: ParkedEvents.Event, for key: ObjectKey, deadlineNs: UInt64 = .max, now: Now,
        into effects: inout [Effect]
    ) {
        guard hasRoomToPark(event, into: &effects) else { return }
        let token = parked.append(
            event, for: key, deadlineNs: deadlineNs, nowNs: now.monotonicNs)
        if let token { effects.append(.load(key, token: token)) }
    }

    /// Lets a command wait until it is known which hints its key has.
    mutating func park(
        _ event: ParkedEvents.Event, forHintsOf key: ObjectKey, deadlineNs: UInt64, now: Now,
        into effects: inout [Effect]
    ) {
        guard hasRoomToPark(event, into: &effects) else { return }
        let token = parked.append(
            event, for: key.ofStandIn, deadlineNs: deadlineNs, nowNs: now.monotonicNs)
        if let token { awaitHints(of: key, token: token, now: now, into: &effects) }
    }

    private mutating func hasRoomToPark(
        _ event: ParkedEvents.Event, into effects: inout [Effect]
    ) -> Bool {
        guard parked.count >= settings.parkedMax || parked.bytes >= settings.parkedBytesMax else {
            return true
        }
        counters.overloads += 1
        let text = "OVERLOADED too many keys wait for the disk"
        turnAway(event, text, .overloaded, into: &effects)
        return false
    }

    /// A load has come back: takes the object in and goes on with what waited for it.
    mutating func loaded(
        _ key: ObjectKey, token: UInt64, _ result: LoadResult, now: Now,
        into effects: inout [Effect]
    ) {
        guard let waiting = parked.take(key, token: token) else { return }
        noteLoad(waiting, now: now)
        // Others have healed the record while it was read.
        if let slot = cache.find(key) {
            cache[slot].pins += 1
            for waiter in waiting { serve(waiter, slot: slot, now: now, into: &effects) }
            cache[slot].pins -= 1
            return
        }
        var object: Object
        // A flush drops everything that could have been read before its batch was written.
        let isStale = dropBatch > 0 || token <= staleLoads
        switch isStale ? .absent : result {
        case .absent: object = Object()
        case .unreadable: return rescue(key, for: waiting, now: now, into: &effects)
        case .overloaded:
            counters.overloads += 1
            let text = "OVERLOADED too many reads wait for the disk"
            for waiter in waiting { turnAway(waiter.event, text, .overloaded, into: &effects) }
            return
        case .record(let bytes):
            let decoded = try? Object(decoding: bytes)
            guard decoded != nil || settings.bug == .takesCorruptForAbsent else {
                return rescue(key, for: waiting, now: now, into: &effects)
            }
            object = decoded ?? Object()
            // The node may have ended between learning of a flush and dropping what it covers.
            if routing.flushStamp > .zero { object.dropEntries(upTo: routing.flushStamp) }
        }
        let slot = cache.insert(key, object, writtenBatch: evictableBatch)
        // What was read may be written and not yet durable.
        cache[slot].batch = writtenBatch
        settleStamps(slot: slot, now: now, into: &effects)
        cache[slot].pins += 1
        for waiter in waiting { serve(waiter, slot: slot, now: now, into: &effects) }
        cache[slot].pins -= 1
    }

    /// What was read at once says nothing about the disk.
    mutating func noteLoad(_ waiting: [ParkedEvents.Waiter], now: Now) {
        guard let first = waiting.first, first.sinceNs < now.monotonicNs else { return }
        admission.noteLoad(ns: now.monotonicNs - first.sinceNs, nowNs: now.monotonicNs)
    }

    mutating func turnAway(
        _ event: ParkedEvents.Event, _ text: String, _ refusal: PeerMessage.Refusal,
        into effects: inout [Effect]
    ) {
        switch event {
        case .request(let request):
            // A node that handed it over has other replicas to ask.
            if case .peer(let link, let id) = request.origin {
                return refuse(id, refusal, link, into: &effects)
            }
            respond(to: request.origin, .error(text), into: &effects)
        case .write(let link, let id, _, _, _), .check(let link, let id, _):
            counters.refusals += 1
            effects.append(.answer(link, .refused(id: id, refusal), after: .none))
        case .describe(let id): describeOwn(id, refusal: refusal, into: &effects)
        case .handoff(let arrival): interrupt(arrival, refusal, into: &effects)
        case .cover(let covering): failCovering(covering, into: &effects)
        case .expiry: break
        }
    }

    /// The sweeper found a payload past its deadline.
    mutating func expire(_ key: ObjectKey, now: Now, into effects: inout [Effect]) {
        guard let slot = cache.find(key) else {
            return park(.expiry, for: key, now: now, into: &effects)
        }
        expire(slot: slot, now: now, into: &effects)
    }

    mutating func expire(slot: Int, now: Now, into effects: inout [Effect]) {
        guard cache[slot].object.wantsExpiry(nowMs: now.wallMs) else { return }
        guard !cache[slot].isStandIn else {
            return cache[slot].object.expire(nowMs: now.wallMs)
        }
        counters.expirations += 1
        cache[slot].object.expire(nowMs: now.wallMs)
        if settings.bug == .expiryDropsEntries {
            cache[slot].object.dropEntries(upTo: cache[slot].object.latestStamp)
        }
        store(slot: slot, hadValue: true, into: &effects)
    }
}
