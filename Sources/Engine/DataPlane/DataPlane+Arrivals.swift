internal import Essentials
internal import Objects
internal import Placement
internal import Wire

/// Taking over what others have kept for this node: a receiver's part, which sets the pace.
///
/// What holders send waits here, and is merged object by object as far as the background's share of
/// the shard goes, a little in every millisecond: a loop that took whole chunks as they come would
/// keep clients waiting meanwhile. A chunk is answered when its stores are past an fsync, and only
/// then will its holder send more.
extension DataPlane {
    /// Chunks being merged or waiting for it: a few from each of some hundred holders.
    private static let arrivalsMax = 512
    /// With fewer, there is room for all that some holders may have under way.
    static let arrivalsFew = 64
    /// Bytes of their records; as many as of values that wait for the disk otherwise.
    private static let arrivalBytesMax = parkedBytesMax

    /// From one fsync for chunks to the next. A disk that does little but sync keeps whoever writes
    /// to it waiting, and holders have enough under way to wait for this.
    private static let arrivalSyncNs: UInt64 = 25_000_000

    mutating func takeHandoff(
        _ id: UInt64, _ entries: [HandoffEntry], _ header: PeerFrameHeader, link: LinkID,
        now: Now, into effects: inout [Effect]
    ) {
        guard accepts(header) else { return refuse(id, .epoch, link, into: &effects) }
        guard hints.arrivals.count < Self.arrivalsMax, hints.arrivalBytes < Self.arrivalBytesMax
        else {
            return refuse(id, .overloaded, link, into: &effects)
        }
        let arrival = hints.takeIn(IncomingHandoff(link: link, id: id, entries: entries))
        hints.waiting.append(arrival)
        takeArrivals(now: now, into: &effects)
    }

    /// Goes on with the chunks that wait, in turns, as far as background work may now.
    mutating func takeArrivals(now: Now, into effects: inout [Effect]) {
        while let arrival = hints.waiting.first, mayWork(now: now) {
            hints.waiting.removeFirst()
            goOn(arrival, now: now, into: &effects)
        }
    }

    /// Merges one object after the other, up to one whose own copy must be read first. Neighbours
    /// of it lie in the same block, so they are in memory when it is.
    mutating func goOn(_ arrival: UInt64, now: Now, into effects: inout [Effect]) {
        guard var handoff = hints.arrivals[arrival] else { return }
        while handoff.next < handoff.entries.count {
            guard mayWork(now: now) else {
                hints.waiting.append(arrival)
                return suspend(handoff, arrival)
            }
            let entry = handoff.entries[handoff.next]
            let key = ObjectKey(entry.key)
            guard isReplica(of: key) else {
                handoff.refuse(.notReplica)
                continue
            }
            guard let slot = find(key) else {
                suspend(handoff, arrival)
                return park(.handoff(arrival), for: key, now: now, into: &effects)
            }
            pacer.spend(entry.record.count + Pacer.recordCost)
            guard let object = try? Object(decoding: entry.record) else {
                counters.corruptRecords += 1
                handoff.refuse(.corrupt)
                continue
            }
            if let refusal = merge(object, entry.record, slot: slot, now: now, into: &effects) {
                handoff.refuse(refusal)
                continue
            }
            counters.hintsTaken += 1
            handoff.batch = max(handoff.batch, cache[slot].batch)
            handoff.next += 1
        }
        finish(handoff, arrival, now: now, into: &effects)
    }

    private mutating func suspend(_ handoff: IncomingHandoff, _ arrival: UInt64) {
        hints.updateArrival(arrival) { $0 = handoff }
    }

    private mutating func finish(
        _ handoff: IncomingHandoff, _ arrival: UInt64, now: Now, into effects: inout [Effect]
    ) {
        _ = hints.removeArrival(arrival)
        // What the holder removes now may have counted for somebody's dw.
        let hold = Hold(batch: handoff.batch, isDurable: true)
        if !settings.acknowledgesDurable, !isReached(hold) {
            hints.isSyncWanted = true
            syncArrivals(now: now, into: &effects)
        }
        let isKeepingUp = hints.arrivals.count < Self.arrivalsFew
        let window = isKeepingUp ? HintDelivery.windowBytesMax : HintDelivery.windowBytesMin
        let answer = PeerMessage.handedOver(
            id: handoff.id, windowBytes: UInt64(window), refused: handoff.refused)
        let isSafe = isReached(hold) || settings.bug == .handsOverBeforeStoring
        effects.append(.answer(handoff.link, answer, after: isSafe ? .none : hold))
    }

    /// Asks for the fsync that finished chunks wait for, unless there was one just now.
    mutating func syncArrivals(now: Now, into effects: inout [Effect]) {
        guard hints.isSyncWanted else { return }
        guard now.monotonicNs >= hints.nextSyncNs else {
            hints.wakeNs = min(hints.wakeNs, hints.nextSyncNs)
            return
        }
        hints.isSyncWanted = false
        hints.nextSyncNs = now.monotonicNs + Self.arrivalSyncNs
        effects.append(.requestSync)
    }

    /// The own copy of the object that is next cannot be had. One that is corrupt does not hold up
    /// the others.
    mutating func interrupt(
        _ arrival: UInt64, _ refusal: PeerMessage.Refusal, into effects: inout [Effect]
    ) {
        if refusal == .corrupt {
            hints.updateArrival(arrival) { $0.refuse(.unreadable) }
            hints.waiting.append(arrival)
        } else if let handoff = hints.removeArrival(arrival) {
            refuse(handoff.id, refusal, handoff.link, into: &effects)
        }
    }

    /// Keys were moved or flushed: holders are to send anew what waits.
    mutating func refuseArrivals(into effects: inout [Effect]) {
        for arrival in hints.waiting { interrupt(arrival, .epoch, into: &effects) }
        hints.waiting.removeAll()
    }

    private func isReplica(of key: ObjectKey) -> Bool {
        guard let table = routing.table else { return false }
        let partition = table.partitioning.partition(of: key.position)
        return table.place(of: routing.node, in: partition) != nil
    }
}

extension IncomingHandoff {
    /// Leaves out the entry that is next.
    fileprivate mutating func refuse(_ reason: PeerMessage.Refusal) {
        refused.append(HandoffRefusal(index: next, reason: reason))
        next += 1
    }
}
