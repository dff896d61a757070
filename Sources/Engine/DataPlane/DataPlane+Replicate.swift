internal import Commands
internal import Essentials
internal import Placement
internal import Replication
internal import Wire

/// A write's way from the coordinator to the other replicas, until all have settled.
///
/// A primary that cannot be reached is replaced by the next fallback, which keeps a hint for it;
/// where there is none left, or once the client has its answer, the coordinator keeps the hint
/// itself (DESIGN sections 5 and 6.2).
extension DataPlane {
    /// Writes that were answered and wait for the last replicas. Past it they are settled at once,
    /// with hints for the replicas that have not answered.
    static let lingeringMax = 65_536
    /// Bytes of the records of all writes under way; the same past it: a replica that stands still
    /// must not fill the memory with large values until it times out.
    private var lingeringBytesMax: Int { settings.writeBytesMax / 2 }

    /// The primaries that cannot be sent a write now: none, as a rule.
    func unreachedPlaces(_ partition: PartitionID, own: Int) -> PlaceSet {
        var unreached = PlaceSet()
        guard let table = routing.table else { return unreached }
        for place in 0..<table.replicaCount
        where place != own && !routing.canReach(table.replica(partition, place)) {
            unreached.insert(place)
        }
        return unreached
    }

    /// Refuses a write that cannot succeed, before it is made, and says so.
    mutating func refuseUnattainable(
        _ request: Request, _ partition: PartitionID, _ unreached: PlaceSet,
        into effects: inout [Effect]
    ) -> Bool {
        guard !unreached.isEmpty, let table = routing.table else { return false }
        let bounded = request.consistency.bounded(by: table.replicaCount)
        let primaries = table.replicaCount - unreached.count
        var fallbacks = 0
        for node in fallbackLists.fallbacks(of: partition, in: table)
        where node == routing.node || routing.canReach(node) { fallbacks += 1 }
        let shortfall = requirement(bounded).shortfall(
            primaries: primaries, fallbacks: min(fallbacks, unreached.count))
        guard let shortfall else { return false }
        counters.quorumFailures += 1
        let noun = shortfall.kind == .primaries ? "primaries" : "replicas"
        let text = "NOQUORUM \(shortfall.stored) of \(shortfall.required) \(noun) can be reached"
        respond(to: request.origin, .error(text), into: &effects)
        return true
    }

    /// Sends the write to the other replicas and answers when enough have it.
    ///
    /// A write that had to wait, be it for a read, has what is left of its time; a tick at least,
    /// since it is made now, and replicas that are well answer within that.
    ///
    /// What a primary has made leaves when it is written. A stand-in's need not wait: it goes on
    /// from no dot that it remembers less well than those who were told of it.
    ///
    /// - Parameter own: this node's place.
    /// - Parameter unreached: as `unreachedPlaces` says.
    mutating func replicate(
        _ record: [UInt8], _ reply: Reply, _ arrival: Arrival, _ partition: PartitionID,
        place own: Int, _ unreached: PlaceSet, slot: Int, isOverwrite: Bool, now: Now,
        into effects: inout [Effect]
    ) {
        guard let table = routing.table else { return }
        let request = arrival.request
        let replicas = table.replicaCount
        let bounded = request.consistency.bounded(by: replicas)
        let isStandIn = own >= replicas
        guard replicas > 1 || isStandIn else {
            let isDurable = settings.acknowledgesDurable || bounded.dw > 0
            if isDurable, !settings.acknowledgesDurable { effects.append(.requestSync) }
            let isEarly = settings.bug == .countsOwnEarly
            let hold = isEarly ? .none : Hold(batch: batch, isDurable: isDurable)
            return respond(to: request.origin, reply, after: hold, into: &effects)
        }
        let quorum = WriteQuorum(primaries: replicas, requirement: requirement(bounded))
        let deadlineNs = max(arrival.deadlineNs, now.monotonicNs + Self.tickMs * 1_000_000)
        let flight = WriteFlight(
            quorum: quorum, coordinator: routing.node, origin: request.origin, reply: reply,
            key: request.key, record: record, partition: partition, startedNs: arrival.atNs,
            deadlineNs: deadlineNs, wantsUncovered: isOverwrite && !isStandIn)
        let id = launch(flight, place: own, unreached, now: now, into: &effects)
        if isOverwrite, !isStandIn, 2 * bounded.w > replicas { cache[slot].overwriter = id }
    }

    /// Sends a write that was made to the other replicas.
    @discardableResult
    mutating func launch(
        _ flight: WriteFlight, place own: Int, _ unreached: PlaceSet, now: Now,
        into effects: inout [Effect]
    ) -> UInt64 {
        guard let table = routing.table else { return 0 }
        let replicas = table.replicaCount
        let isStandIn = own >= replicas
        let (key, record, partition) = (flight.key, flight.record, flight.partition)
        let wantsDurability = flight.quorum.wantsDurability
        let isDurable = settings.acknowledgesDurable || wantsDurability
        if isDurable, !settings.acknowledgesDurable { effects.append(.requestSync) }
        let (deadlineNs, wantsUncovered) = (flight.deadlineNs, flight.wantsUncovered)
        let id = writes.insert(flight)
        let message = PeerMessage.write(
            id: id, key: PeerKey(key), wantsDurability: wantsDurability, record: record,
            patienceMs: Self.patienceMs(until: deadlineNs, now: now),
            wantsUncovered: wantsUncovered)
        writeBytes += record.count
        deadlines.schedule(id, atNs: deadlineNs, nowNs: now.monotonicNs)
        if !isStandIn { ownStores.append(id, batch: batch, isDurable: isDurable) }
        let hold = isStandIn ? .none : Hold(batch: batch, isDurable: false)
        for place in 0..<replicas where place != own && !unreached.contains(place) {
            effects.append(.send(table.replica(partition, place), message, after: hold))
        }
        if settings.bug == .countsOwnEarly, !isStandIn {
            settleWrite(id, routing.node, isDurable: isDurable, now: now, into: &effects)
        }
        for place in 0..<replicas where unreached.contains(place) {
            replace(place, of: id, now: now, into: &effects)
        }
        return id
    }

    /// A replica has the write.
    ///
    /// - Parameter hasReported: it has told what it holds beside it.
    mutating func settleWrite(
        _ id: UInt64, _ node: NodeNumber, isDurable: Bool, hasReported: Bool = false, now: Now,
        into effects: inout [Effect]
    ) {
        guard let table = routing.table else { return }
        settle(id, now: now, into: &effects) { flight in
            guard let place = flight.place(of: node, table) else { return .none }
            if flight.wantsUncovered, !hasReported, node != flight.coordinator,
                place < table.replicaCount, flight.quorum.isPending(place)
            {
                flight.plainAnswers += 1
            }
            return flight.quorum.apply(.stored(by: place, isDurable: isDurable))
        }
    }

    /// A replica does not take the write, or nobody knows whether it has.
    mutating func failWrite(
        _ id: UInt64, _ node: NodeNumber, now: Now, into effects: inout [Effect]
    ) {
        guard let table = routing.table,
            let place = writes.look(id, { $0?.place(of: node, table) })
        else { return }
        replace(place, of: id, now: now, into: &effects)
    }

    /// Own stores whose batch is now safe count for their writes.
    mutating func settleOwnStores(now: Now, into effects: inout [Effect]) {
        while let safe = ownStores.popSafe(written: writtenBatch, durable: durableBatch) {
            settleWrite(
                safe.id, routing.node, isDurable: safe.isDurable, now: now, into: &effects)
        }
    }

    mutating func wakeWrite(_ id: UInt64, now: Now, into effects: inout [Effect]) {
        if contests.count > 0 { expireContest(of: id, now: now, into: &effects) }
        guard
            let (deadlineNs, evidenceNs) = writes.look(
                id,
                {
                    $0.map { ($0.deadlineNs, $0.isHeld ? $0.evidenceNs : 0) }
                })
        else { return }
        guard now.monotonicNs >= deadlineNs else {
            if evidenceNs > 0 {
                guard now.monotonicNs >= evidenceNs else { return }
                return settleReports(id, isLast: true, now: now, into: &effects)
            }
            return deadlines.schedule(id, atNs: deadlineNs, nowNs: now.monotonicNs)
        }
        guard let table = routing.table, let flight = writes[id] else { return }
        if settings.bug != .keepsNothingAtDeadline {
            keepHints(of: flight, table, now: now, into: &effects) { plane, node, effects in
                plane.noteTimeout(of: node, now: now, into: &effects)
            }
        }
        settle(id, now: now, into: &effects) { $0.quorum.apply(.deadlinePassed) }
    }

    /// Whether `node` has not answered this write yet.
    func isWritePending(_ id: UInt64, on node: NodeNumber) -> Bool {
        guard let table = routing.table, let flight = writes[id],
            let place = flight.place(of: node, table)
        else { return false }
        return flight.quorum.isPending(place)
    }

    /// Keeps a hint for each primary that this write may not have reached, here.
    ///
    /// - Parameter note: called for each replica that has not answered.
    mutating func keepHints(
        of flight: WriteFlight, _ table: PlacementTable, now: Now, into effects: inout [Effect],
        note: (inout DataPlane, NodeNumber, inout [Effect]) -> Void = { _, _, _ in }
    ) {
        for place in 0..<PlaceSet.placesMax where flight.quorum.isPending(place) {
            let node = flight.node(at: place, table)
            guard node != routing.node else { continue }
            note(&self, node, &effects)
            keepHint(
                flight.record, of: flight.key, for: flight.target(at: place, table), now: now,
                into: &effects)
        }
    }

    /// Lets the next fallback stand in for the replica at `place`, or this node itself when the
    /// client has its answer or nobody is left.
    private mutating func replace(
        _ place: Int, of id: UInt64, now: Now, into effects: inout [Effect]
    ) {
        guard let table = routing.table, let flight = writes[id], flight.quorum.isPending(place)
        else { return }
        let target = flight.target(at: place, table)
        if !flight.quorum.isDecided, let fallback = nextFallback(for: flight, table) {
            counters.sloppyWrites += 1
            let standIn = table.replicaCount + flight.standIns.count
            writes.update(id) { flight in
                flight.standIns.append(WriteFlight.StandIn(node: fallback, target: target))
                flight.quorum.add(fallback: standIn)
            }
            if fallback == routing.node {
                keepOwnHint(of: flight, id, for: target, now: now, into: &effects)
            } else {
                let message = PeerMessage.hint(
                    id: id, target: target, key: PeerKey(flight.key),
                    wantsDurability: flight.quorum.wantsDurability, record: flight.record)
                effects.append(.send(fallback, message, after: heldForStores()))
            }
        } else if settings.bug != .keepsNothingAfterAnswer {
            keepHint(flight.record, of: flight.key, for: target, now: now, into: &effects)
        }
        settle(id, now: now, into: &effects) { $0.quorum.apply(.failed(place)) }
    }

    /// The coordinator first, where it is a fallback: so it always keeps what it has made.
    private mutating func nextFallback(
        for flight: WriteFlight, _ table: PlacementTable
    ) -> NodeNumber? {
        guard table.replicaCount + flight.standIns.count < PlaceSet.placesMax else { return nil }
        let free = fallbackLists.fallbacks(of: flight.partition, in: table).filter { node in
            !flight.standIns.contains { $0.node == node }
        }
        return free.contains(routing.node) ? routing.node : free.first { routing.canReach($0) }
    }

    /// Tells the write's quorum something, answers the client when that decides, and forgets the
    /// write when nobody is left to wait for.
    private mutating func settle(
        _ id: UInt64, now: Now, into effects: inout [Effect],
        _ apply: (inout WriteFlight) -> WriteQuorum.Effect
    ) {
        let result = writes.update(id) { flight in
            let outcome = apply(&flight)
            if outcome == .acknowledge, !flight.reports.isEmpty { flight.isHeld = true }
            return (outcome, flight.quorum.isSettled, flight.isHeld)
        }
        guard let (outcome, isSettled, isHeld) = result else { return }
        if isHeld { return settleReports(id, isLast: isSettled, now: now, into: &effects) }
        if outcome == .none {
            guard isSettled, removeWrite(id) != nil else { return }
            lingeringWrites -= 1
        } else {
            finish(id, now: now, into: &effects) { plane, flight, effects in
                plane.answer(flight, outcome, now: now, into: &effects)
            }
        }
    }

    /// Answers the client of a write that has been decided. The write stays while replicas have to
    /// settle.
    mutating func finish(
        _ id: UInt64, now: Now, into effects: inout [Effect],
        _ answer: (inout DataPlane, WriteFlight, inout [Effect]) -> Void
    ) {
        guard let flight = writes[id] else { return }
        if flight.quorum.isSettled { _ = removeWrite(id) } else { lingeringWrites += 1 }
        answer(&self, flight, &effects)
        if contests.count > 0 { endContest(of: id, now: now, into: &effects) }
        guard !flight.quorum.isSettled,
            lingeringWrites > settings.lingeringMax || writeBytes > lingeringBytesMax,
            let table = routing.table
        else { return }
        keepHints(of: flight, table, now: now, into: &effects)
        _ = removeWrite(id)
        lingeringWrites -= 1
    }

    private mutating func removeWrite(_ id: UInt64) -> WriteFlight? {
        guard let flight = writes.remove(id) else { return nil }
        writeBytes -= flight.record.count
        return flight
    }

    private mutating func answer(
        _ flight: WriteFlight, _ outcome: WriteQuorum.Effect, now: Now,
        into effects: inout [Effect]
    ) {
        switch outcome {
        case .none: break
        case .acknowledge: respond(to: flight.origin, flight.reply, into: &effects)
        case .reject where settings.bug == .acknowledgesAtDeadline:
            respond(to: flight.origin, flight.reply, into: &effects)
        case .reject(let shortfall):
            let noun = shortfall.kind == .primaries ? "primaries" : "replicas"
            reject(
                flight.origin, since: flight.startedNs, answered: shortfall.stored,
                required: shortfall.required, noun, now: now, into: &effects)
        }
    }
}

extension WriteQuorum.Requirement {
    init(_ consistency: Consistency) {
        self.init(w: consistency.w, pw: consistency.pw, dw: consistency.dw)
    }
}
