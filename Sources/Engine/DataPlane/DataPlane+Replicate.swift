internal import Commands
internal import Essentials
internal import Placement
internal import Replication
internal import Wire

/// A write's way from the coordinator to the other replicas, until all have settled.
extension DataPlane {
    /// Sends the write to the other replicas and answers when enough have it.
    mutating func replicate(
        _ record: [UInt8], _ reply: Reply, _ request: Request, _ partition: PartitionID,
        place own: Int, now: Now, into effects: inout [Effect]
    ) {
        guard let table = routing.table else { return }
        let replicas = table.replicaCount
        let bounded = request.consistency.bounded(by: replicas)
        let isDurable = settings.acknowledgesDurable || bounded.dw > 0
        if isDurable, !settings.acknowledgesDurable { effects.append(.requestSync) }
        guard replicas > 1 else {
            let hold = Hold(batch: batch, isDurable: isDurable)
            return respond(to: request.origin, reply, after: hold, into: &effects)
        }
        let quorum = WriteQuorum(
            replicas: replicas, primaries: replicas,
            requirement: .init(w: bounded.w, pw: bounded.pw, dw: bounded.dw))
        var unreached = PlaceSet()
        for place in 0..<replicas
        where place != own && !routing.canReach(table.replica(partition, place)) {
            unreached.insert(place)
        }
        let deadlineNs = now.monotonicNs + UInt64(bounded.timeoutMs) * 1_000_000
        let id = writes.insert(
            WriteFlight(
                quorum: quorum, origin: request.origin, reply: reply, partition: partition,
                startedNs: now.monotonicNs, deadlineNs: deadlineNs, unreached: unreached))
        deadlines.schedule(id, atNs: deadlineNs, nowNs: now.monotonicNs)
        ownStores.append(id, batch: batch, isDurable: isDurable)
        let message = PeerMessage.write(
            id: id, key: PeerKey(request.key), wantsDurability: bounded.dw > 0, record: record,
            patienceMs: bounded.timeoutMs)
        let hold = Hold(batch: batch, isDurable: false)
        for place in 0..<replicas where place != own && !unreached.contains(place) {
            effects.append(.send(table.replica(partition, place), message, after: hold))
        }
    }

    /// Answers the client when the write's quorum is decided.
    mutating func finishWrite(
        _ id: UInt64, _ outcome: WriteQuorum.Effect, now: Now, into effects: inout [Effect]
    ) {
        switch outcome {
        case .none: return
        case .acknowledge:
            guard let flight = writes.remove(id) else { return }
            respond(to: flight.origin, flight.reply, into: &effects)
        case .reject(let shortfall):
            guard let flight = writes.remove(id) else { return }
            reject(
                flight.origin, since: flight.startedNs, answered: shortfall.stored,
                required: shortfall.required, now: now, into: &effects)
        }
    }

    /// Own stores whose batch is now safe count for their writes.
    mutating func settleOwnStores(now: Now, into effects: inout [Effect]) {
        while let safe = ownStores.popSafe(written: writtenBatch, durable: durableBatch) {
            let table = routing.table
            let node = routing.node
            let outcome = writes.update(safe.id) { flight -> WriteQuorum.Effect in
                guard let place = table?.place(of: node, in: flight.partition) else { return .none }
                var outcome = flight.quorum.apply(.stored(by: place, isDurable: safe.isDurable))
                guard !flight.unreached.isEmpty else { return outcome }
                for other in 0..<PlaceSet.placesMax
                where outcome == .none && flight.unreached.contains(other) {
                    outcome = flight.quorum.apply(.failed(other))
                }
                return outcome
            }
            if let outcome { finishWrite(safe.id, outcome, now: now, into: &effects) }
        }
    }

    mutating func settleWrite(
        _ id: UInt64, _ node: NodeNumber, now: Now, into effects: inout [Effect],
        _ event: (Int) -> WriteQuorum.Event
    ) {
        let table = routing.table
        let outcome = writes.update(id) { flight -> WriteQuorum.Effect in
            guard let place = table?.place(of: node, in: flight.partition) else { return .none }
            return flight.quorum.apply(event(place))
        }
        if let outcome { finishWrite(id, outcome, now: now, into: &effects) }
    }

    mutating func wakeWrite(_ id: UInt64, now: Now, into effects: inout [Effect]) {
        guard let flight = writes[id] else { return }
        guard now.monotonicNs >= flight.deadlineNs else {
            return deadlines.schedule(id, atNs: flight.deadlineNs, nowNs: now.monotonicNs)
        }
        noteTimeouts(in: flight.partition, now: now, into: &effects) { place in
            flight.quorum.isPending(place) && !flight.unreached.contains(place)
        }
        guard let outcome = writes.update(id, { $0.quorum.apply(.deadlinePassed) }) else { return }
        finishWrite(id, outcome, now: now, into: &effects)
    }
}
