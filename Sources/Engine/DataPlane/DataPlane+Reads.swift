internal import Commands
internal import Essentials
internal import Objects
internal import Placement
internal import Replication
internal import Wire

/// Quorum reads: asking replicas, merging what they hold, repairing those that hold less.
extension DataPlane {
    /// A read whose replicas have not answered for so long asks one more: well above a healthy
    /// round trip, well below what a person notices. (A replica's own p99 will replace it.)
    private static let slowReadNs: UInt64 = 30_000_000

    func needsRead(_ request: Request, _ table: PlacementTable) -> Bool {
        request.operation.readsReplicas
            && request.consistency.bounded(by: table.replicaCount).r > 1
    }

    /// Asks as many replicas as the first of `served` needs besides the copy in `slot`.
    mutating func startRead(
        _ served: [Arrival], _ waiting: [Arrival], slot: Int, _ partition: PartitionID,
        _ place: Int, now: Now, into effects: inout [Effect]
    ) {
        guard let table = routing.table, let first = served.first else { return }
        guard !isFull else {
            for arrival in served { turnAway(arrival.request, into: &effects) }
            for arrival in waiting { turnAway(arrival.request, into: &effects) }
            return
        }
        let replicas = table.replicaCount
        let bounded = first.request.consistency.bounded(by: replicas)
        // Neighbours of a position start with different replicas, so their reads spread.
        let firstAsked =
            place + 1 + Int(truncatingIfNeeded: first.request.key.position.rawValue & 1)
        var quorum = ReadQuorum(
            replicas: replicas, primaries: replicas, r: bounded.r, pr: bounded.pr,
            firstAsked: firstAsked)
        quorum.countOwn(place: place)
        var deadlineNs = first.deadlineNs
        for arrival in served { deadlineNs = min(deadlineNs, arrival.deadlineNs) }
        let next = quorum.advance()
        let id = reads.insert(
            ReadFlight(
                quorum: quorum, key: first.request.key, partition: partition, slot: slot,
                deadlineNs: deadlineNs, served: served, waiting: waiting))
        readRequestCount += served.count + waiting.count
        cache[slot].pins += 1
        cache[slot].reader = id
        let slowNs = now.monotonicNs + Self.slowReadNs
        deadlines.schedule(id, atNs: min(deadlineNs, slowNs), nowNs: now.monotonicNs)
        carryOut(next, of: id, now: now, into: &effects)
    }

    /// Carries out what the read's quorum wants next, until it waits or is done.
    mutating func carryOut(
        _ first: ReadQuorum.Effect, of id: UInt64, now: Now, into effects: inout [Effect]
    ) {
        guard let table = routing.table else { return }
        var next = first
        while case .ask(let place) = next {
            guard let flight = reads[id] else { return }
            let node = table.replica(flight.partition, place)
            let canAsk = node != routing.node && routing.canReach(node)
            if canAsk {
                let fingerprint = cache.look(flight.slot) { $0.object.fingerprint }
                let check = PeerMessage.check(
                    id: id, key: PeerKey(flight.key), fingerprint: fingerprint,
                    patienceMs: Self.patienceMs(until: flight.deadlineNs, now: now))
                effects.append(.send(node, check, after: .none))
            }
            let further = reads.update(id) { flight in
                canAsk ? flight.quorum.advance() : flight.quorum.apply(.failed(place))
            }
            next = further ?? .none
        }
        switch next {
        case .none, .ask: return
        case .answer: finishRead(id, now: now, into: &effects)
        case .reject(let answered, let required):
            rejectRead(id, answered: answered, required: required, now: now, into: &effects)
        }
    }

    /// Enough replicas have answered and the object in memory is their merge.
    private mutating func finishRead(_ id: UInt64, now: Now, into effects: inout [Effect]) {
        guard let flight = removeRead(id), let table = routing.table,
            let place = table.place(of: routing.node, in: flight.partition)
        else { return }
        if !flight.differing.isEmpty { repair(flight, into: &effects) }
        for arrival in flight.served {
            act(
                arrival.request, slot: flight.slot, flight.partition, place: place, now: now,
                into: &effects)
        }
        resume(flight, table, place, now: now, into: &effects)
    }

    /// Too few replicas have answered: what depends on them fails, the rest goes on.
    private mutating func rejectRead(
        _ id: UInt64, answered: Int, required: Int, now: Now, into effects: inout [Effect]
    ) {
        guard let flight = removeRead(id), let table = routing.table,
            let place = table.place(of: routing.node, in: flight.partition)
        else { return }
        for arrival in flight.served {
            if needsRead(arrival.request, table) {
                reject(
                    arrival.request.origin, since: arrival.atNs, answered: answered,
                    required: required, now: now, into: &effects)
            } else {
                act(
                    arrival.request, slot: flight.slot, flight.partition, place: place, now: now,
                    into: &effects)
            }
        }
        resume(flight, table, place, now: now, into: &effects)
    }

    /// Goes on with the requests that waited for a read to end: one more read serves them all, up
    /// to one that needs other numbers.
    private mutating func resume(
        _ flight: ReadFlight, _ table: PlacementTable, _ place: Int, now: Now,
        into effects: inout [Effect]
    ) {
        defer { cache[flight.slot].pins -= 1 }
        var index = 0
        while index < flight.waiting.count {
            let request = flight.waiting[index].request
            guard needsRead(request, table) else {
                act(
                    request, slot: flight.slot, flight.partition, place: place, now: now,
                    into: &effects)
                index += 1
                continue
            }
            var end = index + 1
            while end < flight.waiting.count {
                let other = flight.waiting[end].request
                guard other.consistency.readsLike(request.consistency) || !needsRead(other, table)
                else { break }
                end += 1
            }
            return startRead(
                Array(flight.waiting[index..<end]), Array(flight.waiting[end...]),
                slot: flight.slot, flight.partition, place, now: now, into: &effects)
        }
    }

    /// Takes a read out of its table; its slot stays pinned until `resume`.
    private mutating func removeRead(_ id: UInt64) -> ReadFlight? {
        guard let flight = reads.remove(id) else { return nil }
        readRequestCount -= flight.requestCount
        cache[flight.slot].reader = 0
        return flight
    }

    /// Sends the merged object to the replicas that answered with less, be it that they differed or
    /// that they agreed with what this node had before. Nobody waits for it.
    private func repair(_ flight: ReadFlight, into effects: inout [Effect]) {
        guard let table = routing.table else { return }
        let merged = cache[flight.slot].object.fingerprint
        let record = cache[flight.slot].object.encoded()
        for place in 0..<table.replicaCount where flight.quorum.hasAnswered(place) {
            let theirs = flight.differing.first { $0.place == place }?.fingerprint
            guard (theirs ?? flight.comparedFingerprint) != merged else { continue }
            let message = PeerMessage.write(
                id: 0, key: PeerKey(flight.key), wantsDurability: false, record: record)
            let hold = Hold(batch: cache[flight.slot].batch, isDurable: false)
            effects.append(.send(table.replica(flight.partition, place), message, after: hold))
        }
    }
}

extension Operation {
    /// Whether the answer, or what is written, depends on what other replicas hold. A write that
    /// names its causal context does not: it covers what the context says, wherever it is.
    fileprivate var readsReplicas: Bool {
        switch self {
        case .dynamoPut, .dynamoDelete: false
        default: kind != .blindWrite
        }
    }
}
