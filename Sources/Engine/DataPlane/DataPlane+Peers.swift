internal import Causality
internal import Commands
internal import Essentials
internal import Objects
internal import Placement
internal import Replication
internal import Wire

/// What peers ask of this shard as a replica, and what they answer it as a coordinator.
extension DataPlane {
    mutating func receive(
        _ message: PeerMessage, from node: NodeNumber, link: LinkID, _ header: PeerFrameHeader,
        now: Now, into effects: inout [Effect]
    ) {
        switch message {
        case .write(
            let id, let key, let wantsDurability, let record, let patienceMs, let wantsUncovered):
            let event = ParkedEvents.Event.write(
                link, id: id, wantsDurability: wantsDurability, record: record,
                overwriter: wantsUncovered ? node : nil)
            serve(
                event, id: id, key, header, patienceMs, link: link, now: now, into: &effects)
        case .check(let id, let key, let fingerprint, let patienceMs):
            guard patienceMs > 0 else { return dropLate(id, link, into: &effects) }
            let event = ParkedEvents.Event.check(link, id: id, fingerprint: fingerprint)
            serve(
                event, id: id, key, header, patienceMs, link: link, now: now, into: &effects)
        case .forward(let id, let consistency, let arguments):
            takeForwarded(
                id, consistency, arguments, header, link: link, now: now, into: &effects)
        case .wrote(let id, _) where FlightKind(of: id) == .read:
            settleRead(id, node, now: now, into: &effects) { .repaired($1) }
        case .wroteBeside(let id, let isDurable, let wasKnown, let record):
            noteBeside(
                id, node, isDurable: isDurable, wasKnown: wasKnown, record, now: now,
                into: &effects)
        case .wrote(let id, let isDurable):
            settleWrite(id, node, isDurable: isDurable, now: now, into: &effects)
        case .hint(let id, let target, let key, let wantsDurability, let record):
            let asker = HintTask.Asker(
                link: link, id: id, wantsDurability: wantsDurability)
            takeHint(asker, link, target, key, record, header, now: now, into: &effects)
        case .handoff(let id, let entries):
            takeHandoff(id, entries, header, link: link, now: now, into: &effects)
        case .hintsWanted(let id, let key):
            tellHints(of: ObjectKey(key), id, to: link, now: now, into: &effects)
        case .epochWanted(let id):
            let told = PeerMessage.epochTold(id: id, epoch: routing.epoch)
            effects.append(.answer(link, told, after: .none))
        case .epochTold(let id, let epoch):
            noteEpoch(id, epoch, by: node, now: now, into: &effects)
        case .hintsKept(let id, let hints): noteHints(id, node, hints, into: &effects)
        case .handedOver(let id, let windowBytes, let refused):
            handedOver(id, windowBytes: windowBytes, refused, now: now, into: &effects)
        case .same(let id) where KeyInquiries.isInquiry(id),
            .differs(let id, _) where KeyInquiries.isInquiry(id),
            .refused(let id, _) where KeyInquiries.isInquiry(id):
            noteDescription(id, node, message, into: &effects)
        case .same(let id) where Rescues.isRescue(id),
            .differs(let id, _) where Rescues.isRescue(id),
            .refused(let id, _) where Rescues.isRescue(id):
            noteRescue(id, node, message, now: now, into: &effects)
        case .same(let id):
            settleRead(id, node, now: now, into: &effects) { $0.takesSame(from: $1) }
        case .differs(let id, let record):
            mergeAnswer(id, node, record, now: now, into: &effects)
        case .forwarded(let id, let reply):
            finishForward(id, node, reply, now: now, into: &effects)
        case .refused(let id, let refusal):
            counters.refusals += 1
            if settings.bug == .countsRefusals {
                settleWrite(id, node, isDurable: true, now: now, into: &effects)
            }
            fail(id, node, refusal, now: now, into: &effects)
        // About a node, not about a key.
        case .control, .execute, .executed: break
        }
    }

    /// A replica's part: refuses what comes from another topology, loads the object if need be.
    private mutating func serve(
        _ event: ParkedEvents.Event, id: UInt64, _ peerKey: PeerKey, _ header: PeerFrameHeader,
        _ patienceMs: UInt32, link: LinkID, now: Now, into effects: inout [Effect]
    ) {
        let key = ObjectKey(peerKey)
        guard accepts(header) else { return refuse(id, .epoch, link, into: &effects) }
        guard let table = routing.table,
            table.place(of: routing.node, in: table.partitioning.partition(of: key.position)) != nil
        else {
            guard case .check(_, _, let fingerprint) = event else {
                return refuse(id, .notReplica, link, into: &effects)
            }
            return checkHints(
                link, id: id, key, fingerprint: fingerprint, now: now, into: &effects)
        }
        guard let slot = find(key) else {
            guard patienceMs > 0 else { return dropLate(id, link, into: &effects) }
            let deadlineNs = Self.deadlineNs(patienceMs: patienceMs, now: now)
            return park(event, for: key, deadlineNs: deadlineNs, now: now, into: &effects)
        }
        serve(event, slot: slot, now: now, into: &effects)
    }

    /// The same, with the object in memory.
    mutating func serve(
        _ event: ParkedEvents.Event, slot: Int, now: Now, into effects: inout [Effect]
    ) {
        switch event {
        case .write(let link, let id, let wantsDurability, let record, let overwriter):
            counters.replicaWrites += 1
            pacer.notePeerRequest()
            guard let object = try? Object(decoding: record) else {
                counters.corruptRecords += 1
                return refuse(id, .corrupt, link, into: &effects)
            }
            let overwrite = overwriter.flatMap { Overwrite(leaving: object, by: $0) }
            let wasKnown = overwrite.map { overwrite in
                cache.look(slot) { $0.object.context.contains(overwrite.dot) }
            }
            if let refusal = merge(object, record, slot: slot, now: now, into: &effects) {
                return refuse(id, refusal, link, into: &effects)
            }
            guard id != 0 else { return }
            let isDurable = settings.acknowledgesDurable || wantsDurability
            if isDurable, !settings.acknowledgesDurable { effects.append(.requestSync) }
            let waits = isDurable && settings.bug != .answersBeforeSync
            let hold = Hold(batch: cache[slot].batch, isDurable: waits)
            let answer = answer(
                to: id, overwrite, wasKnown: wasKnown ?? false, isDurable: isDurable, slot: slot)
            effects.append(.answer(link, answer, after: hold))
        case .check(let link, let id, let fingerprint):
            counters.replicaReads += 1
            pacer.notePeerRequest()
            let isDurable = settings.acknowledgesDurable && settings.bug != .checksBeforeSync
            let hold = Hold(batch: cache[slot].batch, isDurable: isDurable)
            let answer = cache.look(slot) { slot -> PeerMessage in
                guard slot.object.fingerprint != fingerprint else { return .same(id: id) }
                let record = slot.object.isUnknown ? [] : slot.object.encoded()
                return .differs(id: id, record: record)
            }
            effects.append(.answer(link, answer, after: isReached(hold) ? .none : hold))
        case .request(let request): begin(request, now: now, into: &effects)
        case .describe(let id): describeOwn(id, slot: slot, into: &effects)
        case .expiry: expire(slot: slot, now: now, into: &effects)
        case .handoff(let arrival): goOn(arrival, now: now, into: &effects)
        case .cover(let covering): cover(covering, slot: slot, now: now, into: &effects)
        }
    }

    mutating func refuse(
        _ id: UInt64, _ refusal: PeerMessage.Refusal, _ link: LinkID, into effects: inout [Effect]
    ) {
        counters.refusals += 1
        effects.append(.answer(link, .refused(id: id, refusal), after: .none))
    }

    /// Joins a peer's object into the one in `slot`; returns why not, if it must not.
    ///
    /// - Parameter record: what `incoming` was decoded from: stored as it is when the join is that,
    ///   which it is unless both sides know what the other does not.
    /// - Parameter isAnswer: it came as the answer to a read, which goes on when the disk is nearly
    ///   full.
    mutating func merge(
        _ incoming: Object, _ record: [UInt8], slot: Int, isAnswer: Bool = false, now: Now,
        into effects: inout [Effect]
    ) -> PeerMessage.Refusal? {
        var incoming = incoming
        guard accepts(stampsOf: incoming, now: now) else { return .clock }
        let entriesBefore = incoming.entries.count
        if routing.flushStamp > .zero, settings.bug != .takesFlushed {
            incoming.dropEntries(upTo: routing.flushStamp)
        }
        let isWhole = incoming.entries.count == entriesBefore
        if isSpaceLow, !isAnswer, incoming.isLive(nowMs: now.wallMs) { return .diskFull }
        let wasCut =
            !cache[slot].isStandIn
            && noticeAmnesia(incoming.context, slot: slot, now: now, into: &effects)
        if !isAnswer { keepForReader(slot: slot) }
        let hadValue = cache.look(slot) { $0.object.hasValue }
        guard merge(incoming, slot: slot) else { return nil }
        // A read merges all copies before it lets anything expire: see `mergeCopies`.
        if !isAnswer { cache[slot].object.expire(nowMs: now.wallMs) }
        if wasCut { renewActor(slot: slot, now: now) }
        prune(slot: slot)
        let isIncoming = isWhole && cache.look(slot) { $0.object == incoming }
        store(slot: slot, hadValue: hadValue, given: isIncoming ? record : nil, into: &effects)
        return nil
    }

    /// A replica cannot do its part of request `id`, or will not.
    ///
    /// - Parameter refusal: nil: nobody knows whether it has done it.
    mutating func fail(
        _ id: UInt64, _ node: NodeNumber, _ refusal: PeerMessage.Refusal? = nil, now: Now,
        into effects: inout [Effect]
    ) {
        switch FlightKind(of: id) {
        case .read:
            addFallbacks(to: id)
            settleRead(id, node, now: now, into: &effects) { .failed($1) }
        case .write: failWrite(id, node, now: now, into: &effects)
        case .forward:
            forwardFailed(id, node, refusal, now: now, into: &effects)
        case .handoff: failHandoff(id, now: now)
        case nil: break
        }
    }

    private func place(of node: NodeNumber, in partition: PartitionID) -> Int? {
        routing.table?.place(of: node, in: partition)
    }
}
