internal import Essentials
internal import Objects
internal import Placement
internal import Wire

/// Taking over what others have kept for this node: a receiver's part, which sets the pace.
///
/// A chunk is merged object by object and answered when its stores are past an fsync. What it costs
/// is charged to the background's share of the shard; the answer leaves when
/// it is paid for, and only then will the holder send more.
extension DataPlane {
    /// Chunks being merged or waiting to be paid for: a few from each of some hundred holders.
    private static let arrivalsMax = 512

    mutating func takeHandoff(
        _ id: UInt64, _ entries: [HandoffEntry], _ header: PeerFrameHeader, link: LinkID,
        now: Now, into effects: inout [Effect]
    ) {
        guard routing.accepts(header) else { return refuse(id, .epoch, link, into: &effects) }
        guard hints.arrivals.count < Self.arrivalsMax else {
            return refuse(id, .overloaded, link, into: &effects)
        }
        let arrival = hints.arrivals.insert(IncomingHandoff(link: link, id: id, entries: entries))
        goOn(arrival, now: now, into: &effects)
    }

    /// Merges one object after the other, up to one whose own copy must be read first. Neighbours
    /// of it lie in the same block, so they are in memory when it is.
    mutating func goOn(_ arrival: UInt64, now: Now, into effects: inout [Effect]) {
        guard var handoff = hints.arrivals[arrival] else { return }
        while handoff.next < handoff.entries.count {
            let entry = handoff.entries[handoff.next]
            let key = ObjectKey(entry.key)
            guard isReplica(of: key) else {
                handoff.refuse(.notReplica)
                continue
            }
            guard let object = try? Object(decoding: entry.record) else {
                counters.corruptRecords += 1
                handoff.refuse(.corrupt)
                continue
            }
            guard let slot = find(key) else {
                let suspended = handoff
                hints.arrivals.update(arrival) { $0 = suspended }
                return park(.handoff(arrival), for: key, now: now, into: &effects)
            }
            if let refusal = merge(object, entry.record, slot: slot, now: now, into: &effects) {
                handoff.refuse(refusal)
                continue
            }
            counters.hintsTaken += 1
            handoff.batch = max(handoff.batch, cache.look(slot) { $0.batch })
            handoff.next += 1
        }
        let merged = handoff
        hints.arrivals.update(arrival) { $0 = merged }
        hints.unpaid.append(arrival)
        pacer.spend(handoff.cost)
        payForArrivals(now: now, into: &effects)
    }

    /// The own copy of the object that is next cannot be had. One that is corrupt does not hold up
    /// the others.
    mutating func interrupt(
        _ arrival: UInt64, _ refusal: PeerMessage.Refusal, into effects: inout [Effect]
    ) {
        if refusal == .corrupt {
            hints.arrivals.update(arrival) { $0.refuse(.unreadable) }
            hints.suspended.append(arrival)
        } else if let handoff = hints.arrivals.remove(arrival) {
            refuse(handoff.id, refusal, handoff.link, into: &effects)
        }
    }

    /// Answers the chunks that background work has earned.
    mutating func payForArrivals(now: Now, into effects: inout [Effect]) {
        while !hints.unpaid.isEmpty, pacer.grant(nowNs: now.monotonicNs) > 0 {
            let arrival = hints.unpaid.removeFirst()
            guard let handoff = hints.arrivals.remove(arrival) else { continue }
            // What the holder removes now may have counted for somebody's dw.
            let hold = Hold(batch: handoff.batch, isDurable: true)
            if !settings.acknowledgesDurable, !isReached(hold) { effects.append(.requestSync) }
            let window = pacer.share < 0.5 ? 1 : HintDelivery.chunkMax.bytes * 2
            let answer = PeerMessage.handedOver(
                id: handoff.id, windowBytes: UInt64(window), refused: handoff.refused)
            effects.append(.answer(handoff.link, answer, after: isReached(hold) ? .none : hold))
        }
    }

    private func isReplica(of key: ObjectKey) -> Bool {
        guard let table = routing.table else { return false }
        let partition = table.partitioning.partition(of: key.position)
        return table.place(of: routing.node, in: partition) != nil
    }
}

extension IncomingHandoff {
    /// What taking it in costs the background's share, in bytes.
    fileprivate var cost: Int {
        entries.reduce(0) { $0 + $1.record.count + Pacer.recordCost }
    }

    /// Leaves out the entry that is next.
    fileprivate mutating func refuse(_ reason: PeerMessage.Refusal) {
        refused.append(HandoffRefusal(index: next, reason: reason))
        next += 1
    }
}
