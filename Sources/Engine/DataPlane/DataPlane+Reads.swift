internal import Commands
internal import Essentials
internal import Objects
internal import Placement
internal import Replication
internal import Wire

/// Quorum reads: asking replicas, and answering from what enough of them hold.
///
/// What an answer shows is held by r replicas, this one included. Where the copies were equal, that
/// is the object as it was when the replicas were asked; writes that came since belong to later
/// reads. Where they differed, it is the merged object, once enough replicas have acknowledged it:
/// see `DataPlane+Repair.swift`.
extension DataPlane {
    /// Whether the command depends on more than the copy of its coordinator, who is at `place`. One
    /// that stands in always looks for what it may not know.
    func needsRead(_ request: Request, _ table: PlacementTable, at place: Int) -> Bool {
        guard request.operation.readsReplicas else { return false }
        if settings.bug != .none, passesOver(request.operation) { return false }
        guard place < table.replicaCount else { return true }
        let bounded = request.consistency.bounded(by: table.replicaCount)
        return max(bounded.r, bounded.pr) > 1
    }

    /// Asks as many replicas as the first of `served` needs besides the copy in `slot`.
    mutating func startRead(
        _ served: [Arrival], _ waiting: [Arrival], slot: Int, _ partition: PartitionID,
        _ place: Int, now: Now, into effects: inout [Effect]
    ) {
        guard let table = routing.table, !served.isEmpty else { return }
        guard !isFull else {
            for arrival in served { turnAway(arrival.request, into: &effects) }
            for arrival in waiting { turnAway(arrival.request, into: &effects) }
            return
        }
        let replicas = table.replicaCount
        let bounded = served[0].request.consistency.bounded(by: replicas)
        let key = served[0].request.key
        let (order, required) = planRead(
            of: served, r: bounded.r, slot: slot, partition, place, table, now: now)
        // A stand-in's own copy is a fallback's: it helps out where there are too few primaries.
        let isStandIn = place >= replicas
        let primaries =
            isStandIn ? max(bounded.pr, min(bounded.r, order.count(below: replicas))) : bounded.pr
        var quorum = ReadQuorum(
            own: place, order: order, primaries: replicas, r: requiredToRead(required),
            pr: settings.bug == .ignoresPr ? 0 : requiredToRead(primaries))
        var asked = PlaceSet()
        var next = quorum.advance()
        while case .ask(let place) = next {
            asked.insert(place)
            next = quorum.advance()
        }
        let (firstNs, deadlineNs) = deadlines(of: served, waiting, table, at: place)
        let fingerprint = cache.look(slot) { $0.object.fingerprint }
        func makeFlight() -> ReadFlight {
            ReadFlight(
                quorum: quorum, key: key, partition: partition, own: place, slot: slot,
                askedAtStart: asked, startedNs: now.monotonicNs, deadlineNs: deadlineNs,
                comparedFingerprint: fingerprint, served: served, waiting: waiting,
                lookNs: min(firstNs, now.monotonicNs + ReplicaPace.lateNsMax))
        }
        cache[slot].pins += 1
        // Too few can be reached: nobody is asked, and nobody waits.
        if case .reject = next {
            let reachable = order.count(below: replicas) + (place < replicas ? 1 : 0)
            let text =
                1 + order.count < bounded.r
                ? "NOQUORUM \(1 + order.count) of \(bounded.r) replicas can be reached"
                : "NOQUORUM \(reachable) of \(bounded.pr) primaries can be reached"
            return reject(makeFlight(), now: now, into: &effects) { plane, arrival, effects in
                plane.counters.quorumFailures += 1
                plane.respond(to: arrival.request.origin, .error(text), into: &effects)
            }
        }
        let id = reads.insert(makeFlight())
        readRequestCount += served.count + waiting.count
        cache[slot].reader = id
        hedging.noteRead()
        var lateNs = firstNs
        let message = PeerMessage.check(
            id: id, key: PeerKey(key), fingerprint: fingerprint,
            patienceMs: Self.patienceMs(until: deadlineNs, now: now))
        let hold = orderHold(slot: slot)
        for index in 0..<order.count where asked.contains(order[index]) {
            let node = table.node(at: order[index], of: partition)
            lateNs = min(lateNs, now.monotonicNs + noteAsked(node, now: now))
            effects.append(.send(node, message, after: hold))
        }
        // A stand-in's hints may be all that is asked for.
        if case .merge = next { return finishRead(id, isHeld: true, now: now, into: &effects) }
        late.schedule(id, atNs: lateNs, nowNs: now.monotonicNs)
        probe(id, partition, order, now: now, into: &effects)
    }

    /// Whom a read may ask, and how many copies it needs, the one in `slot` among them.
    private func planRead(
        of served: [Arrival], r: Int, slot: Int, _ partition: PartitionID, _ place: Int,
        _ table: PlacementTable, now: Now
    ) -> (order: PlaceList, required: Int) {
        var order = readOrder(
            table, partition, own: place, served[0].request.key.position, now: now)
        var required = r
        if place >= table.replicaCount {
            required = max(r, wantedByStandIn(slot: slot, served, order))
        }
        if 1 + order.count < required {
            for fallback in reachableFallbacks(of: partition, table) { order.append(fallback) }
            required = max(r, min(required, 1 + order.count))
        }
        return (order, required)
    }

    /// What a question about the object in `slot` waits for: not to overtake the write that made it
    /// what it is, or the replicas would differ for nothing.
    private func orderHold(slot: Int) -> Hold {
        let hold = Hold(batch: cache[slot].batch, isDurable: false)
        return isReached(hold) ? .none : hold
    }

    /// Carries out what the read's quorum wants next, until it waits or is done.
    mutating func carryOut(
        _ first: ReadQuorum.Effect, of id: UInt64, now: Now, into effects: inout [Effect]
    ) {
        var next = first
        while case .ask(let place) = next {
            let isAsked = ask(place, of: id, now: now, into: &effects)
            if !isAsked { addFallbacks(to: id) }
            let further = reads.update(id) { flight in
                isAsked ? flight.quorum.advance() : flight.quorum.apply(.failed(place))
            }
            next = further ?? .none
        }
        switch next {
        case .none, .ask: return
        case .merge: mergeCopies(id, now: now, into: &effects)
        case .answer: finishRead(id, isHeld: true, now: now, into: &effects)
        case .reject(let shortfall):
            guard let flight = removeRead(id, now: now) else { return }
            reject(flight, now: now, into: &effects) { plane, arrival, effects in
                plane.reject(arrival, shortfall, now: now, into: &effects)
            }
        }
    }

    /// Asks one replica more than at the start; false when it cannot be reached any more.
    private mutating func ask(
        _ place: Int, of id: UInt64, now: Now, into effects: inout [Effect]
    ) -> Bool {
        guard let flight = reads[id], let table = routing.table else { return false }
        let node = table.node(at: place, of: flight.partition)
        guard node != routing.node, routing.canReach(node) else { return false }
        reads.update(id) { flight in
            flight.lastAsked = (place, now.monotonicNs)
            if flight.merged != nil { flight.askedWithMerged.insert(place) }
        }
        let check = PeerMessage.check(
            id: id, key: PeerKey(flight.key),
            fingerprint: flight.merged?.fingerprint ?? flight.comparedFingerprint,
            patienceMs: Self.patienceMs(until: flight.deadlineNs, now: now))
        effects.append(.send(node, check, after: orderHold(slot: flight.slot)))
        let lateNs = now.monotonicNs + noteAsked(node, now: now)
        late.schedule(id, atNs: lateNs, nowNs: now.monotonicNs)
        return true
    }

    /// What one event has changed about a read.
    private struct Settlement {
        var next = ReadQuorum.Effect.none
        var event: ReadQuorum.Event
        var wasPending: Bool
        var wasRepairing: Bool
        var askedNs: UInt64?
        /// No replica has differed.
        var areEqual: Bool
        /// Nobody waits for the read, and no replica owes it an answer.
        var isOver = false
    }

    /// A replica that was asked, or sent the merged object, has answered or failed.
    mutating func settleRead(
        _ id: UInt64, _ node: NodeNumber, now: Now, into effects: inout [Effect],
        _ event: (ReadFlight, Int) -> ReadQuorum.Event
    ) {
        guard let table = routing.table else { return }
        let settlement = reads.update(id) { flight -> Settlement? in
            guard let place = table.readPlace(of: node, in: flight.partition) else { return nil }
            let event = event(flight, place)
            var settlement = Settlement(
                event: event, wasPending: flight.quorum.isPending(place),
                wasRepairing: flight.quorum.isRepairing(place), askedNs: flight.askedNs(place),
                areEqual: flight.differing.isEmpty)
            if case .failed = event, flight.own >= table.replicaCount {
                flight.failPrimary(place, replicas: table.replicaCount)
            }
            settlement.next = flight.quorum.apply(event)
            if place < table.replicaCount, event.isAnswer { flight.hasPrimary = true }
            settlement.isOver = flight.isDetached && flight.quorum.isQuiet
            return settlement
        }
        guard let settlement = settlement ?? nil else { return }
        switch settlement.event {
        case .failed:
            if settlement.wasPending { noteSettled(node, askedNs: nil, now: now) }
            if settlement.wasRepairing { counters.repairsFailed += 1 }
        default:
            if settlement.wasPending { noteSettled(node, askedNs: settlement.askedNs, now: now) }
            if case .behind(let place) = settlement.event, settlement.wasPending {
                repair(id, place, into: &effects)
            }
        }
        if settlement.isOver { return forget(id, now: now) }
        if case .merge = settlement.next, settlement.areEqual {
            return finishRead(id, isHeld: true, now: now, into: &effects)
        }
        carryOut(settlement.next, of: id, now: now, into: &effects)
    }

    // MARK: Answering

    /// Answers what the read was for. A reply shows what enough replicas hold, and nothing newer.
    ///
    /// - Parameter isHeld: false when the copies differed and nobody has repaired them: then only
    ///   writes go on, which carry the merged object to every replica, and all else reads again.
    mutating func finishRead(
        _ id: UInt64, isHeld: Bool, now: Now, into effects: inout [Effect]
    ) {
        guard var flight = detach(id, now: now), let table = routing.table else { return }
        if let write = contest(slot: flight.slot) {
            for arrival in flight.served + flight.waiting {
                wait(arrival, forWrite: write, now: now, into: &effects)
            }
            cache[flight.slot].pins -= 1
            return
        }
        let rest =
            isHeld ? answerReads(of: &flight, now: now, into: &effects) : flight.served
        let deferred = act(rest, of: flight, isHeld: isHeld, now: now, into: &effects)
        if !deferred.isEmpty { flight.waiting = deferred + flight.waiting }
        resume(flight, table, now: now, into: &effects)
    }

    /// Answers the requests that only read, as if they had come before the writes of others that
    /// are served with them, and returns what is left: writes, and what follows one of its own
    /// source.
    private mutating func answerReads(
        of flight: inout ReadFlight, now: Now, into effects: inout [Effect]
    ) -> [Arrival] {
        let shown = flight.merged ?? flight.compared
        var served = flight.served
        flight.served = []
        var rest: [Arrival] = []
        // From the back, since the last is moved out of the list and not copied.
        served.reverse()
        while let arrival = served.popLast() {
            let isLater =
                arrival.request.operation.kind != .read
                || rest.contains { $0.isWrite(before: arrival.request) }
                    && settings.bug != .readsOvertakeWrites
            if isLater {
                rest.append(arrival)
                continue
            }
            let evaluation = evaluate(arrival.request, slot: flight.slot, as: shown, now: now)
            guard !refuse(arrival.request, evaluation, of: flight, as: shown, into: &effects)
            else { continue }
            perform(
                evaluation, arrival, slot: flight.slot, flight.partition, place: flight.own,
                now: now, into: &effects)
        }
        return rest
    }

    /// Carries out the requests in their order, and returns those that have to read again: their
    /// replies would show what not enough replicas hold yet. A write builds on all that this node
    /// knows; it needs no repair before it, since it carries the merged object to every replica.
    private mutating func act(
        _ rest: [Arrival], of flight: ReadFlight, isHeld: Bool, now: Now,
        into effects: inout [Effect]
    ) -> [Arrival] {
        guard let table = routing.table else { return rest }
        let shown = flight.merged ?? flight.compared
        var hasWritten = !isHeld
        for (index, arrival) in rest.enumerated() {
            let request = arrival.request
            var evaluation = evaluate(request, slot: flight.slot, now: now)
            guard !refuse(request, evaluation, of: flight, as: nil, into: &effects) else {
                continue
            }
            if case .reply = evaluation, needsRead(request, table, at: flight.own) {
                guard !hasWritten else { return Array(rest[index...]) }
                if let shown {
                    // The object has changed since the replicas were asked.
                    evaluation = evaluate(request, slot: flight.slot, as: shown, now: now)
                    guard case .reply = evaluation else { return Array(rest[index...]) }
                }
            } else {
                hasWritten = true
            }
            perform(
                evaluation, arrival, slot: flight.slot, flight.partition, place: flight.own,
                now: now, into: &effects)
        }
        return []
    }

    /// Too few replicas have answered: what depends on them fails, the rest goes on.
    private mutating func reject(
        _ flight: ReadFlight, now: Now, into effects: inout [Effect],
        _ tell: (inout DataPlane, Arrival, inout [Effect]) -> Void
    ) {
        guard let table = routing.table else { return }
        for arrival in flight.served {
            if needsRead(arrival.request, table, at: flight.own) {
                tell(&self, arrival, &effects)
            } else {
                act(
                    arrival, slot: flight.slot, flight.partition, place: flight.own, now: now,
                    into: &effects)
            }
        }
        resume(flight, table, now: now, into: &effects)
    }

    /// Goes on with the requests that waited for a read to end: one more read serves them all, up
    /// to one that needs other numbers.
    private mutating func resume(
        _ flight: ReadFlight, _ table: PlacementTable, now: Now, into effects: inout [Effect]
    ) {
        defer { cache[flight.slot].pins -= 1 }
        var index = 0
        while index < flight.waiting.count {
            let arrival = flight.waiting[index]
            let request = arrival.request
            guard needsRead(request, table, at: flight.own) else {
                act(
                    arrival, slot: flight.slot, flight.partition, place: flight.own, now: now,
                    into: &effects)
                index += 1
                continue
            }
            var end = index + 1
            while end < flight.waiting.count {
                let other = flight.waiting[end].request
                guard
                    other.consistency.readsLike(request.consistency)
                        || !needsRead(other, table, at: flight.own)
                else { break }
                end += 1
            }
            return startRead(
                Array(flight.waiting[index..<end]), Array(flight.waiting[end...]),
                slot: flight.slot, flight.partition, flight.own, now: now, into: &effects)
        }
    }

    // MARK: The end of a flight

    /// Answers that are still to come are waited for by so many reads at most; past it, those of
    /// further reads are not counted.
    static let detachedMax = 1024

    /// Takes a read's requests out of its table; its slot stays pinned until `resume`. Where
    /// answers are still to come, the flight stays for them, detached.
    private mutating func detach(_ id: UInt64, now: Now) -> ReadFlight? {
        guard let isQuiet = reads.look(id, { $0?.quorum.isQuiet }) else { return nil }
        let isKept = !isQuiet && settings.bug != .answersLateReads
        guard isKept, detachedCount < Self.detachedMax else { return removeRead(id, now: now) }
        let flight = reads.update(id) { flight -> ReadFlight in
            let whole = flight
            flight.served = []
            flight.waiting = []
            flight.isDetached = true
            return whole
        }
        guard let flight else { return nil }
        detachedCount += 1
        if let hedge = flight.hedge, flight.quorum.isCounted(hedge) { counters.hedgesWon += 1 }
        readRequestCount -= flight.requestCount
        cache[flight.slot].reader = 0
        return flight
    }

    /// Takes a read out of its table; its slot stays pinned until `resume`.
    private mutating func removeRead(_ id: UInt64, now: Now) -> ReadFlight? {
        guard let flight = reads.remove(id) else { return nil }
        forgetPending(of: flight, now: now)
        readRequestCount -= flight.requestCount
        cache[flight.slot].reader = 0
        return flight
    }

    /// Ends a detached flight.
    mutating func forget(_ id: UInt64, now: Now) {
        guard let flight = reads.remove(id) else { return }
        forgetPending(of: flight, now: now)
        detachedCount -= 1
        if backgroundRepairs[flight.key] == id { backgroundRepairs[flight.key] = nil }
    }
}

extension ReadFlight {
    /// A stand-in's read goes on without a primary that has failed.
    fileprivate mutating func failPrimary(_ place: Int, replicas: Int) {
        let pr = served.first?.request.consistency.bounded(by: replicas).pr ?? 0
        quorum.fail(place)
        quorum.relaxPrimaries(to: pr)
    }
}

extension Arrival {
    /// Whether this is a write of the source that `later` comes from, too.
    fileprivate func isWrite(before later: Request) -> Bool {
        request.operation.kind != .read && request.origin.hasSource(of: later.origin)
    }
}

extension Operation {
    /// Whether the answer, or what is written, depends on what other replicas hold. A write that
    /// names its causal context does not: it covers what the context says, wherever it is.
    var readsReplicas: Bool {
        switch self {
        case .dynamoPut, .dynamoDelete: false
        default: kind != .blindWrite
        }
    }
}
