internal import Causality
internal import Commands
internal import Essentials
internal import Objects
internal import Placement
internal import Replication
internal import Wire

/// Client requests, from their arrival to their reply.
extension DataPlane {
    /// A read whose replicas have not answered for so long asks one more: well above a healthy
    /// round trip, well below what a person notices. (A replica's own p99 will replace it.)
    private static let slowReadNs: UInt64 = 30_000_000

    mutating func begin(_ request: Request, now: Now, into effects: inout [Effect]) {
        guard let table = routing.table else {
            let text = "CLUSTERDOWN this node is not part of a cluster yet"
            return respond(to: request.origin, .error(text), into: &effects)
        }
        if areWritesHeld || inFlight.isFull, request.operation.kind != .read {
            // Before it is made: a write that is turned away later is there all the same.
            guard areWritesHeld else { return turnAway(request, into: &effects) }
            let text = "TRYAGAIN a member is joining; writes are held for a moment"
            return respond(to: request.origin, .error(text), into: &effects)
        }
        let partition = table.partitioning.partition(of: request.key.position)
        guard let place = table.place(of: routing.node, in: partition) else {
            return forward(request, partition, now: now, into: &effects)
        }
        guard let slot = find(request.key) else {
            return park(.request(request), for: request.key, into: &effects)
        }
        let bounded = request.consistency.bounded(by: table.replicaCount)
        if bounded.r == 1 || !request.operation.readsReplicas {
            act(request, slot: slot, partition, place: place, id: nil, now: now, into: &effects)
        } else {
            startRead(request, slot: slot, partition, place: place, now: now, into: &effects)
        }
    }

    /// Asks as many replicas as the read needs besides the copy in `slot`.
    private mutating func startRead(
        _ request: Request, slot: Int, _ partition: PartitionID, place: Int, now: Now,
        into effects: inout [Effect]
    ) {
        guard let table = routing.table else { return }
        let replicas = table.replicaCount
        let bounded = request.consistency.bounded(by: replicas)
        // Neighbours of a position start with different replicas, so their reads spread.
        let first = place + 1 + Int(truncatingIfNeeded: request.key.position.rawValue & 1)
        var quorum = ReadQuorum(
            replicas: replicas, primaries: replicas, r: bounded.r, pr: bounded.pr,
            firstAsked: first)
        quorum.countOwn(place: place)
        guard
            let id = admit(
                request, .reading(quorum), partition, slot: slot, now: now, into: &effects)
        else { return }
        cache[slot].pins += 1
        carryOut(quorum.advance(), quorum, of: id, now: now, into: &effects)
    }

    /// Keeps a request in the table, with its deadline; refuses it when there are too many.
    mutating func admit(
        _ request: Request, _ phase: InFlight.Phase, _ partition: PartitionID, slot: Int?, now: Now,
        into effects: inout [Effect]
    ) -> UInt64? {
        guard !inFlight.isFull else {
            turnAway(request, into: &effects)
            return nil
        }
        let deadline = now.monotonicNs + UInt64(request.consistency.timeoutMs) * 1_000_000
        let id = inFlight.insert(
            InFlight(
                request: request, phase: phase, partition: partition, slot: slot,
                startedNs: now.monotonicNs, deadlineNs: deadline))
        let wake: UInt64
        if case .reading = phase {
            wake = min(deadline, now.monotonicNs + Self.slowReadNs)
        } else {
            wake = deadline
        }
        deadlines.schedule(id, atNs: wake, nowNs: now.monotonicNs)
        return id
    }

    private mutating func turnAway(_ request: Request, into effects: inout [Effect]) {
        counters.overloads += 1
        let text = "OVERLOADED \(inFlight.count) requests are under way on this shard"
        respond(to: request.origin, .error(text), into: &effects)
    }

    /// Carries out what a read quorum wants next, until it waits or is done.
    mutating func carryOut(
        _ first: ReadQuorum.Effect, _ quorum: ReadQuorum, of id: UInt64, now: Now,
        into effects: inout [Effect]
    ) {
        guard let table = routing.table, let flight = inFlight[id], let slot = flight.slot
        else { return }
        var quorum = quorum
        var next = first
        while case .ask(let place) = next {
            let node = table.replica(flight.partition, place)
            if node != routing.node, routing.canReach(node) {
                let key = PeerKey(flight.request.key)
                let fingerprint = cache[slot].object.context.fingerprint
                let check = PeerMessage.check(id: id, key: key, fingerprint: fingerprint)
                effects.append(.send(node, check, after: .none))
                next = quorum.advance()
            } else {
                next = quorum.apply(.failed(place))
            }
        }
        switch next {
        case .none, .ask: inFlight[id]?.phase = .reading(quorum)
        case .answer: finishRead(id, quorum, now: now, into: &effects)
        case .reject(let answered, let required):
            reject(id, answered: answered, required: required, now: now, into: &effects)
        }
    }

    /// Enough replicas have answered and the object in memory is their merge.
    private mutating func finishRead(
        _ id: UInt64, _ quorum: ReadQuorum, now: Now, into effects: inout [Effect]
    ) {
        guard let flight = inFlight[id], let slot = flight.slot, let table = routing.table,
            let place = table.place(of: routing.node, in: flight.partition)
        else { return }
        if !flight.differing.isEmpty { repair(flight, quorum, slot: slot, into: &effects) }
        act(
            flight.request, slot: slot, flight.partition, place: place, id: id, now: now,
            into: &effects)
    }

    /// Sends the merged object to the replicas that answered with less, be it that they differed or
    /// that they agreed with what this node had before. Nobody waits for it.
    private func repair(
        _ flight: InFlight, _ quorum: ReadQuorum, slot: Int, into effects: inout [Effect]
    ) {
        guard let table = routing.table else { return }
        let merged = cache[slot].object.context.fingerprint
        let record = cache[slot].object.encoded()
        for place in 0..<table.replicaCount where quorum.hasAnswered(place) {
            let theirs = flight.differing.first { $0.place == place }?.fingerprint
            guard (theirs ?? flight.comparedFingerprint) != merged else { continue }
            let message = PeerMessage.write(
                id: 0, key: PeerKey(flight.request.key), wantsDurability: false, record: record)
            let hold = Hold(batch: cache[slot].batch, isDurable: false)
            effects.append(.send(table.replica(flight.partition, place), message, after: hold))
        }
    }

    /// Evaluates the command on the object in `slot` and, when it writes, replicates the write.
    private mutating func act(
        _ request: Request, slot: Int, _ partition: PartitionID, place: Int, id: UInt64?, now: Now,
        into effects: inout [Effect]
    ) {
        var reply: Reply
        let mutation: ObjectMutation
        switch evaluate(request, slot: slot, now: now) {
        case .reply(let immediate):
            counters.reads += 1
            if let id { release(id) }
            let hold = Hold(batch: cache[slot].batch, isDurable: settings.acknowledgesDurable)
            return respond(
                to: request.origin, immediate, after: isReached(hold) ? .none : hold,
                into: &effects)
        case .write(let reply_, let mutation_):
            reply = reply_
            mutation = mutation_
        }
        counters.writes += 1
        let (record, dot) = write(mutation, slot: slot, now: now, into: &effects)
        if case .dynamo(_, let seen) = mutation {
            reply = .bulk(token(for: request.key, seen: seen, dot, slot: slot))
        }
        replicate(
            record, reply, request, slot: slot, partition, place: place, id: id, now: now,
            into: &effects)
    }

    /// Sends the write to the other replicas and answers when enough have it.
    private mutating func replicate(
        _ record: [UInt8], _ reply: Reply, _ request: Request, slot: Int, _ partition: PartitionID,
        place own: Int, id: UInt64?, now: Now, into effects: inout [Effect]
    ) {
        guard let table = routing.table else { return }
        let replicas = table.replicaCount
        let bounded = request.consistency.bounded(by: replicas)
        let isDurable = settings.acknowledgesDurable || bounded.dw > 0
        if isDurable, !settings.acknowledgesDurable { effects.append(.requestSync) }
        guard replicas > 1 else {
            if let id { release(id) }
            let hold = Hold(batch: batch, isDurable: isDurable)
            return respond(to: request.origin, reply, after: hold, into: &effects)
        }
        let quorum = WriteQuorum(
            replicas: replicas, primaries: replicas,
            requirement: .init(w: bounded.w, pw: bounded.pw, dw: bounded.dw))
        let phase = InFlight.Phase.writing(quorum, reply: reply)
        let number: UInt64
        if let id {
            number = id
            inFlight[number]?.phase = phase
        } else {
            guard
                let admitted = admit(
                    request, phase, partition, slot: nil, now: now, into: &effects)
            else { return }
            number = admitted
        }
        ownStores.append(number, batch: batch, isDurable: isDurable)
        let message = PeerMessage.write(
            id: number, key: PeerKey(request.key), wantsDurability: bounded.dw > 0, record: record)
        let hold = Hold(batch: batch, isDurable: false)
        var unreached = PlaceSet()
        for place in 0..<replicas where place != own {
            let node = table.replica(partition, place)
            if routing.canReach(node) {
                effects.append(.send(node, message, after: hold))
            } else {
                unreached.insert(place)
            }
        }
        if !unreached.isEmpty { inFlight[number]?.unreached = unreached }
    }

    /// Answers the client when the quorum is decided.
    mutating func finishWrite(
        _ id: UInt64, _ outcome: WriteQuorum.Effect, now: Now, into effects: inout [Effect]
    ) {
        switch outcome {
        case .none: return
        case .acknowledge:
            guard let flight = release(id), case .writing(_, let reply) = flight.phase
            else { return }
            respond(to: flight.request.origin, reply, into: &effects)
        case .reject(let shortfall):
            reject(
                id, answered: shortfall.stored, required: shortfall.required, now: now,
                into: &effects)
        }
    }

    /// Own stores whose batch is now safe count for their writes.
    mutating func settleOwnStores(now: Now, into effects: inout [Effect]) {
        while let safe = ownStores.popSafe(written: writtenBatch, durable: durableBatch) {
            guard let flight = inFlight[safe.id],
                case .writing(var quorum, let reply) = flight.phase,
                let place = routing.table?.place(of: routing.node, in: flight.partition)
            else { continue }
            var outcome = quorum.apply(.stored(by: place, isDurable: safe.isDurable))
            for other in 0..<PlaceSet.placesMax
            where outcome == .none && flight.unreached.contains(other) {
                outcome = quorum.apply(.failed(other))
            }
            inFlight[safe.id]?.phase = .writing(quorum, reply: reply)
            finishWrite(safe.id, outcome, now: now, into: &effects)
        }
    }

    /// Tells the client how many replicas had answered. The command may still take effect.
    mutating func reject(
        _ id: UInt64, answered: Int, required: Int, now: Now, into effects: inout [Effect]
    ) {
        guard let flight = release(id) else { return }
        counters.quorumFailures += 1
        let ms = (now.monotonicNs - flight.startedNs) / 1_000_000
        let text = "NOQUORUM \(answered) of \(required) replicas answered in \(ms) ms"
        respond(to: flight.request.origin, .error(text), into: &effects)
    }

    /// Takes a request out of the table and lets go of its slot.
    @discardableResult
    mutating func release(_ id: UInt64) -> InFlight? {
        guard let flight = inFlight.remove(id) else { return nil }
        if let slot = flight.slot { cache[slot].pins -= 1 }
        return flight
    }

    func respond(
        to origin: Request.Origin, _ reply: Reply, after hold: Hold = .none,
        into effects: inout [Effect]
    ) {
        switch origin {
        case .client(let number): effects.append(.reply(number, reply, after: hold))
        case .peer(let link, let id):
            var bytes: [UInt8] = []
            ReplyEncoder(version: .three).encode(reply, into: &bytes)
            effects.append(.answer(link, .forwarded(id: id, reply: bytes), after: hold))
        }
    }

    /// Whether what `hold` waits for has happened already.
    func isReached(_ hold: Hold) -> Bool {
        hold.batch <= (hold.isDurable ? durableBatch : writtenBatch)
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

extension PeerKey {
    init(_ key: ObjectKey) { self.init(position: key.position.rawValue, bytes: key.bytes) }
}
