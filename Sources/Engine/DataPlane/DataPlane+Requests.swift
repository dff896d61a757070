internal import Causality
internal import Commands
internal import Essentials
internal import Objects
internal import Placement
internal import Replication
internal import Wire

/// Client requests, from their arrival to their reply.
extension DataPlane {
    mutating func begin(_ request: Request, now: Now, into effects: inout [Effect]) {
        guard let table = routing.table else {
            return respond(to: request.origin, .error(suspension), into: &effects)
        }
        if areWritesHeld || isFull, request.operation.kind != .read {
            // Before it is made: a write that is turned away later is there all the same.
            guard areWritesHeld else { return turnAway(request, into: &effects) }
            let text = "TRYAGAIN a member is joining; writes are held for a moment"
            return respond(to: request.origin, .error(text), into: &effects)
        }
        let partition = table.partitioning.partition(of: request.key.position)
        if areLanesOld, waitsForForwards(request) {
            return enqueue(request, partition, now: now, into: &effects)
        }
        guard let place = table.place(of: routing.node, in: partition) else {
            return beginElsewhere(request, partition, table, now: now, into: &effects)
        }
        guard isClockSound else { return refuseForClock(request, into: &effects) }
        guard let slot = find(request.key) else {
            guard !refusesLoads else { return refuseLoad(request, into: &effects) }
            let deadlineNs = Arrival(request: request, atNs: now.monotonicNs).deadlineNs
            return park(
                .request(request), for: request.key, deadlineNs: deadlineNs, now: now,
                into: &effects)
        }
        let arrival = Arrival(request: request, atNs: now.monotonicNs)
        begin(arrival, slot: slot, partition, place: place, table, now: now, into: &effects)
    }

    /// Carries the command out on the object in `slot`, after a read where it needs one.
    ///
    /// - Parameter place: this node's; a fallback's are after those of the primaries.
    mutating func begin(
        _ arrival: Arrival, slot: Int, _ partition: PartitionID, place: Int,
        _ table: PlacementTable, now: Now, into effects: inout [Effect]
    ) {
        let needsRead = needsRead(arrival.request, table, at: place)
        let reader = cache[slot].reader
        let isAhead =
            reader != 0 && settings.bug != .overtakesWaiting
            && reads[reader]?.isAhead(of: arrival.request.origin) ?? false
        if reader != 0, needsRead || isAhead {
            guard !isFull else { return turnAway(arrival.request, into: &effects) }
            wait(arrival, for: reader, now: now)
        } else if needsRead {
            startRead([arrival], [], slot: slot, partition, place, now: now, into: &effects)
        } else {
            act(arrival, slot: slot, partition, place: place, now: now, into: &effects)
        }
    }

    mutating func turnAway(_ request: Request, into effects: inout [Effect]) {
        counters.overloads += 1
        let text = "OVERLOADED \(inFlightCount) requests are under way on this shard"
        respond(to: request.origin, .error(text), into: &effects)
    }

    // MARK: Acting

    /// Evaluates the command on the object in `slot` and, when it writes, replicates the write.
    @inline(never)
    mutating func act(
        _ arrival: Arrival, slot: Int, _ partition: PartitionID, place: Int, now: Now,
        into effects: inout [Effect]
    ) {
        if let write = contest(slot: slot) {
            return wait(arrival, forWrite: write, now: now, into: &effects)
        }
        let evaluation = evaluate(arrival.request, slot: slot, now: now)
        let isRefused =
            cache[slot].isStandIn
            && refuseUninformed(
                arrival.request, evaluation, isUnknown: cache[slot].object.isUnknown,
                hasPrimary: false, into: &effects)
        guard !isRefused else { return }
        perform(
            evaluation, arrival, slot: slot, partition, place: place, now: now, into: &effects)
    }

    /// Answers the command, or makes its write and replicates it.
    mutating func perform(
        _ evaluation: Evaluation, _ arrival: Arrival, slot: Int, _ partition: PartitionID,
        place: Int, now: Now, into effects: inout [Effect]
    ) {
        let request = arrival.request
        switch evaluation {
        case .reply(let reply, let isFound):
            if isSpaceLow, reply == Self.diskFull, case .peer(let link, let id) = request.origin {
                // Nothing has happened here: another replica may have space.
                return refuse(id, .diskFull, link, into: &effects)
            }
            counters.reads += 1
            if request.operation.kind == .read { counters.noteLookup(isFound: isFound) }
            let batch = cache[slot].isStandIn ? hintBatch(of: request.key) : cache[slot].batch
            let isDurable = settings.acknowledgesDurable && settings.bug != .repliesBeforeSync
            let hold = Hold(batch: batch, isDurable: isDurable)
            respond(
                to: request.origin, reply, after: isReached(hold) ? .none : hold, into: &effects)
        case .write(var reply, let mutation):
            guard !refuseTooOld(request, now: now, into: &effects) else { return }
            let unreached = unreachedPlaces(partition, own: place)
            guard !refuseUnattainable(request, partition, unreached, into: &effects) else {
                return
            }
            counters.writes += 1
            if cache[slot].isStandIn { counters.standInWrites += 1 }
            let (record, dot) = write(mutation, slot: slot, now: now, into: &effects)
            if case .dynamo(_, let seen) = mutation {
                reply = .bulk(token(for: request.key, seen: seen, dot, slot: slot))
            }
            replicate(
                record, reply, arrival, partition, place: place, unreached, slot: slot,
                isOverwrite: isOverwrite(mutation)
                    && !hasSeenAll(request, unreached, place: place), now: now, into: &effects)
        }
    }

    // MARK: Answering

    /// Tells the client how many replicas had answered. The command may still take effect.
    mutating func reject(
        _ origin: Request.Origin, since startedNs: UInt64, answered: Int, required: Int,
        _ noun: String = "replicas", now: Now, into effects: inout [Effect]
    ) {
        counters.quorumFailures += 1
        let ms = (now.monotonicNs - startedNs) / 1_000_000
        let text = "NOQUORUM \(answered) of \(required) \(noun) answered in \(ms) ms"
        respond(to: origin, .error(text), into: &effects)
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

    /// Until all that was stored so far is written.
    func heldForStores() -> Hold {
        let hold = Hold(batch: batchHasStores ? batch : batch - 1, isDurable: false)
        return isReached(hold) ? .none : hold
    }

    /// Whether what `hold` waits for has happened already.
    func isReached(_ hold: Hold) -> Bool {
        hold.batch <= (hold.isDurable ? durableBatch : writtenBatch)
    }
}

extension PeerKey {
    init(_ key: ObjectKey) { self.init(position: key.position.rawValue, bytes: key.bytes) }
}
