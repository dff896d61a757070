internal import Causality
internal import Essentials
internal import Objects
internal import Placement
internal import Replication
internal import Wire

/// Keeping what others have missed, within bounds, and reading it while they are away.
extension DataPlane {
    /// Hints that wait for a read of what is stored already; as many as events that wait for
    /// objects.
    private static let hintTasksMax = 65_536
    /// Bytes of the records among them, as of the values among those events.
    private static let hintTaskBytesMax = parkedBytesMax
    /// Loads that are asked for again in one tick: more would only be refused again.
    private static let hintRetriesMax = 256
    /// So often an account is stored that nothing changes: a later run counts on from there.
    private static let hintAgeStoreMs: Int64 = 3_600_000

    // MARK: Keeping

    /// Keeps an object that `target` has missed until it can be delivered.
    mutating func keepHint(
        _ record: [UInt8], of key: ObjectKey, for target: NodeNumber, now: Now,
        into effects: inout [Effect]
    ) {
        take(.keep(record: record, target: target, for: nil), key, now: now, into: &effects)
    }

    /// The same for a write that this node has made in want of a primary, and that counts the hint.
    mutating func keepOwnHint(
        of flight: WriteFlight, _ id: UInt64, for target: NodeNumber, now: Now,
        into effects: inout [Effect]
    ) {
        let asker = HintTask.Asker(
            link: nil, id: id, wantsDurability: flight.quorum.wantsDurability)
        let task = HintTask.keep(record: flight.record, target: target, for: asker)
        take(task, flight.key, now: now, into: &effects)
    }

    /// A coordinator asks this node to stand in for `target`.
    mutating func takeHint(
        _ asker: HintTask.Asker, _ link: LinkID, _ target: NodeNumber, _ peerKey: PeerKey,
        _ record: [UInt8], _ header: PeerFrameHeader, now: Now, into effects: inout [Effect]
    ) {
        guard accepts(header) else { return refuse(asker.id, .epoch, link, into: &effects) }
        let key = ObjectKey(peerKey)
        guard let table = routing.table, target != routing.node,
            table.place(of: target, in: table.partitioning.partition(of: key.position)) != nil
        else { return refuse(asker.id, .notReplica, link, into: &effects) }
        take(.keep(record: record, target: target, for: asker), key, now: now, into: &effects)
    }

    /// A read's question that came to a node which is no primary: the hints are its copy.
    mutating func checkHints(
        _ link: LinkID, id: UInt64, _ key: ObjectKey, fingerprint: UInt64, now: Now,
        into effects: inout [Effect]
    ) {
        take(.check(link, id: id, fingerprint: fingerprint), key, now: now, into: &effects)
    }

    /// An admin asks which hints are kept of a key.
    mutating func tellHints(
        of key: ObjectKey, _ id: UInt64, to link: LinkID?, now: Now, into effects: inout [Effect]
    ) {
        take(.tell(link, id: id), key, now: now, into: &effects)
    }

    /// Commands wait, under `token`, until it is known what hints tell of their key.
    mutating func awaitHints(
        of key: ObjectKey, token: UInt64, now: Now, into effects: inout [Effect]
    ) {
        take(.standIn(token: token), key, now: now, into: &effects)
    }

    /// A hint's target refuses its stamps.
    mutating func settleHint(of key: ObjectKey, now: Now, into effects: inout [Effect]) {
        take(.settle, key, now: now, into: &effects)
    }

    /// The batch with the last change of the key's hints; where that is not in memory, it is
    /// written at least.
    func hintBatch(of key: ObjectKey) -> UInt64 { hints.cache[key]?.batch ?? writtenBatch }

    /// Carries a task out, once it is known which hints the key has.
    private mutating func take(
        _ task: HintTask, _ key: ObjectKey, now: Now, into effects: inout [Effect]
    ) {
        guard let partition = partition(of: key) else { return }
        if hints.cache[key] != nil {
            return carryOut(task, key, partition, now: now, into: &effects)
        }
        guard hints.loads.count < Self.hintTasksMax, hints.loads.bytes < Self.hintTaskBytesMax
        else {
            return abandon(task, key, partition, .overloaded, now: now, into: &effects)
        }
        if hints.loads.join(key, task) { return }
        let targets = hints.accounts.targets(in: partition)
        guard !targets.isEmpty else {
            hints.cache.insert(key, HintCache.Entry(), writtenBatch: writtenBatch)
            return carryOut(task, key, partition, now: now, into: &effects)
        }
        load(key, targets, [task], into: &effects)
    }

    private mutating func load(
        _ key: ObjectKey, _ targets: [NodeNumber], _ tasks: [HintTask],
        into effects: inout [Effect]
    ) {
        ask(for: key, targets, hints.loads.begin(key, targets, tasks), into: &effects)
    }

    private func ask(
        for key: ObjectKey, _ targets: [NodeNumber], _ token: UInt64, into effects: inout [Effect]
    ) {
        effects.append(
            .loadHints(
                keys: targets.map { HintRecord.key($0, key) }, token: token,
                after: heldForDrops()))
    }

    /// Asks again for what the storage had no room for. Called every tick.
    mutating func retryHintLoads(into effects: inout [Effect]) {
        guard !hints.loads.postponed.isEmpty else { return }
        for (token, load) in hints.loads.takePostponed(max: Self.hintRetriesMax) {
            ask(for: load.key, load.targets, token, into: &effects)
        }
    }

    /// The storage had no room for a load. A hint that this node would keep of its own accord waits
    /// until there is: nobody else has it. Whoever asks can be told at once.
    private mutating func postpone(_ token: UInt64, now: Now, into effects: inout [Effect]) {
        guard let (refused, key) = hints.loads.postpone(token), let partition = partition(of: key)
        else { return }
        for task in refused {
            abandon(task, key, partition, .overloaded, now: now, into: &effects)
        }
    }

    /// What removes hints must be written before they are looked for.
    private func heldForDrops() -> Hold {
        let hold = Hold(batch: hints.dropBatch, isDurable: false)
        return isReached(hold) ? .none : hold
    }

    mutating func hintsLoaded(
        _ token: UInt64, _ result: HintLoadResult, now: Now, into effects: inout [Effect]
    ) {
        if case .overloaded = result { return postpone(token, now: now, into: &effects) }
        guard let (loaded, isStale) = hints.loads.end(token),
            let partition = partition(of: loaded.key)
        else { return }
        guard !isStale else {
            let targets = hints.accounts.targets(in: partition)
            return load(loaded.key, targets, loaded.tasks, into: &effects)
        }
        var entry = HintCache.Entry()
        switch result {
        case .overloaded: return
        case .unreadable:
            for target in loaded.targets {
                noteLoss(target, partition, now: now, into: &effects)
            }
        case .values(let values):
            for (target, value) in zip(loaded.targets, values) {
                guard let value else { continue }
                guard let hint = try? HintRecord.parseValue(value),
                    var object = try? Object(decoding: hint.record)
                else {
                    noteLoss(target, partition, now: now, into: &effects)
                    continue
                }
                // The node may have ended between learning of a flush and dropping what it covers.
                if routing.flushStamp > .zero { object.dropEntries(upTo: routing.flushStamp) }
                let size = HintRecord.key(target, loaded.key).count + value.count
                entry.copies.append(HintCache.Copy(target: target, object: object, size: size))
            }
        }
        // What was read may be written and not yet durable.
        entry.batch = writtenBatch
        hints.cache.insert(loaded.key, entry, writtenBatch: writtenBatch)
        settleHintStamps(of: loaded.key, partition, now: now, into: &effects)
        for task in loaded.tasks { take(task, loaded.key, now: now, into: &effects) }
    }

    /// - Precondition: the cache holds the key's hints.
    private mutating func carryOut(
        _ task: HintTask, _ key: ObjectKey, _ partition: PartitionID, now: Now,
        into effects: inout [Effect]
    ) {
        switch task {
        case .keep(let record, let target, let asker):
            guard let object = try? Object(decoding: record) else {
                counters.corruptRecords += 1
                return abandon(task, key, partition, .corrupt, now: now, into: &effects)
            }
            guard accepts(stampsOf: object, now: now) else {
                return abandon(task, key, partition, .clock, now: now, into: &effects)
            }
            if asker?.link != nil, isSpaceLow, object.isLive(nowMs: now.wallMs) {
                return abandon(task, key, partition, .diskFull, now: now, into: &effects)
            }
            store(object, record, key, target, partition, now: now, into: &effects)
            guard let asker else { return }
            // One that its own bound has dropped again is nowhere.
            guard isKept(key, for: target, partition) else {
                return abandon(task, key, partition, .overloaded, now: now, into: &effects)
            }
            answer(asker, key, target, partition, now: now, into: &effects)
        case .tell(let link, let id):
            let kept = (hints.cache[key]?.copies ?? []).map {
                KeptHint(target: $0.target, record: $0.object.encoded())
            }
            tell(kept, id, to: link, into: &effects)
        case .standIn(let token): hintsKnown(of: key, token: token, now: now, into: &effects)
        case .settle: settleHintStamps(of: key, partition, now: now, into: &effects)
        case .check(let link, let id, let fingerprint):
            counters.replicaReads += 1
            var object = Object()
            let entry = hints.cache[key] ?? HintCache.Entry()
            for copy in entry.copies { _ = object.merge(copy.object) }
            object.expire(nowMs: now.wallMs)
            let hold = Hold(batch: entry.batch, isDurable: settings.acknowledgesDurable)
            let record = object.isUnknown ? [] : object.encoded()
            let answer =
                object.fingerprint == fingerprint
                ? PeerMessage.same(id: id) : .differs(id: id, record: record)
            effects.append(.answer(link, answer, after: isReached(hold) ? .none : hold))
        }
    }

    private mutating func tell(
        _ kept: [KeptHint], _ id: UInt64, to link: LinkID?, into effects: inout [Effect]
    ) {
        if let link {
            effects.append(.answer(link, .hintsKept(id: id, hints: kept), after: .none))
        } else {
            noteHints(id, routing.node, kept, into: &effects)
        }
    }

    private func isKept(
        _ key: ObjectKey, for target: NodeNumber, _ partition: PartitionID
    ) -> Bool {
        hints.accounts.account(target, partition).records > 0
    }

    /// Lets the hint count. Where its batch is still open the answer waits for the batch: a later
    /// hint may yet drop this one in it.
    private mutating func answer(
        _ asker: HintTask.Asker, _ key: ObjectKey, _ target: NodeNumber,
        _ partition: PartitionID, now: Now, into effects: inout [Effect]
    ) {
        let isDurable = settings.acknowledgesDurable || asker.wantsDurability
        if isDurable, !settings.acknowledgesDurable { effects.append(.requestSync) }
        let hold = Hold(batch: hints.cache[key]?.batch ?? batch, isDurable: isDurable)
        let mistake: DeliberateBug = asker.link == nil ? .standInCountsEarly : .hintsBeforeStoring
        let isEarly = settings.bug == mistake
        guard isReached(hold) || isEarly else {
            return hints.unanswered.append(
                HintStore.Unanswered(
                    asker: asker, target: target, partition: partition, hold: hold))
        }
        answer(asker, hold, now: now, into: &effects)
    }

    private mutating func answer(
        _ asker: HintTask.Asker, _ hold: Hold, now: Now, into effects: inout [Effect]
    ) {
        guard let link = asker.link else {
            return settleWrite(
                asker.id, routing.node, isDurable: hold.isDurable, now: now, into: &effects)
        }
        let wrote = PeerMessage.wrote(id: asker.id, isDurable: hold.isDurable)
        effects.append(.answer(link, wrote, after: .none))
    }

    /// Hints whose batches are as safe now as whoever asked for them wants.
    mutating func answerStoredHints(now: Now, into effects: inout [Effect]) {
        guard !hints.unanswered.isEmpty else { return }
        let all = hints.unanswered
        hints.unanswered = all.filter { !isReached($0.hold) }
        let due = all.filter { isReached($0.hold) }
        for one in due { answer(one.asker, one.hold, now: now, into: &effects) }
    }

    /// Hints that were stored a moment ago are dropped: nobody is to count them.
    private mutating func refuseUnanswered(
        _ target: NodeNumber, _ partition: PartitionID, now: Now, into effects: inout [Effect]
    ) {
        guard !hints.unanswered.isEmpty else { return }
        let dropped = hints.unanswered.filter {
            $0.target == target && $0.partition == partition
        }
        hints.unanswered.removeAll { $0.target == target && $0.partition == partition }
        for one in dropped { refuse(one.asker, .overloaded, now: now, into: &effects) }
    }

    private mutating func refuse(
        _ asker: HintTask.Asker, _ refusal: PeerMessage.Refusal, now: Now,
        into effects: inout [Effect]
    ) {
        guard let link = asker.link else {
            return failWrite(asker.id, routing.node, now: now, into: &effects)
        }
        refuse(asker.id, refusal, link, into: &effects)
    }

    /// Merges an object into the hint for `target` and stores what has changed.
    private mutating func store(
        _ object: Object, _ record: [UInt8], _ key: ObjectKey, _ target: NodeNumber,
        _ partition: PartitionID, now: Now, into effects: inout [Effect]
    ) {
        var stored = record
        var sizeBefore: Int?
        let isChanged = hints.cache.update(key) { entry in
            guard let index = entry.copies.firstIndex(where: { $0.target == target }) else {
                entry.copies.append(HintCache.Copy(target: target, object: object, size: 0))
                return true
            }
            sizeBefore = entry.copies[index].size
            guard entry.copies[index].object.merge(object) else { return false }
            if entry.copies[index].object != object {
                stored = entry.copies[index].object.encoded()
            }
            return true
        }
        guard isChanged == true else { return }
        counters.hintsStored += 1
        var account = hints.accounts.account(target, partition)
        let oldestMs = account.records > 0 ? account.oldestMs : hintMs(now)
        let name = HintRecord.key(target, key)
        let value = HintRecord.value(sinceMs: now.wallMs, record: stored)
        let size = name.count + value.count
        account.records += sizeBefore == nil ? 1 : 0
        account.bytes += size - (sizeBefore ?? 0)
        account.oldestMs = oldestMs
        let number = batch
        _ = hints.cache.update(key) { entry in
            entry.batch = number
            for index in entry.copies.indices where entry.copies[index].target == target {
                entry.copies[index].size = size
            }
        }
        hints.noteChange(key, of: target)
        effects.append(.storeHint(key: name, value: value))
        keep(account, of: target, partition, now: now, into: &effects)
        enforceHintBounds(now: now, into: &effects)
    }

    /// A task that cannot be carried out. A hint that this node would have kept is lost, and its
    /// target marked as behind.
    private mutating func abandon(
        _ task: HintTask, _ key: ObjectKey, _ partition: PartitionID,
        _ refusal: PeerMessage.Refusal, now: Now, into effects: inout [Effect]
    ) {
        switch task {
        case .keep(_, let target, nil): noteLoss(target, partition, now: now, into: &effects)
        case .keep(_, _, let asker?): refuse(asker, refusal, now: now, into: &effects)
        case .check(let link, let id, _): refuse(id, refusal, link, into: &effects)
        case .tell(let link, let id): tell([], id, to: link, into: &effects)
        case .standIn(let token): hintsUnknown(of: key, token: token, refusal, into: &effects)
        case .settle: break
        }
    }

    // MARK: Accounts and bounds

    /// What the node's storage says of earlier runs. Comes once, before everything else.
    mutating func takeAccounts(_ records: [HintAccountRecord], now: Now) {
        guard let partitions = routing.table?.partitioning.count,
            settings.bug != .forgetsHintsAtStart
        else { return }
        for record in records where record.partition.index < partitions {
            // One that cannot be read still says that there may be hints: a delivery finds them.
            let account =
                (try? HintRecord.parseAccountValue(
                    record.value, now: now, ageMsMax: settings.hintAgeMsMax / 2))
                ?? HintAccounts.Account(records: 1, bytes: 0, oldestMs: now.monotonicMs)
            hints.accounts.update(record.target, record.partition, partitions: partitions) {
                $0 = account
            }
            hints.openDelivery(to: record.target)
        }
    }

    /// Puts an account into memory and into this pass's batch.
    mutating func keep(
        _ account: HintAccounts.Account, of target: NodeNumber, _ partition: PartitionID,
        now: Now, into effects: inout [Effect]
    ) {
        guard let partitions = routing.table?.partitioning.count else { return }
        var account = account
        account.storedMs = now.monotonicMs
        hints.accounts.update(target, partition, partitions: partitions) { $0 = account }
        hints.openDelivery(to: target)
        batchHasStores = true
        let key = HintRecord.accountKey(target, partition)
        if account.isBlank {
            effects.append(.dropHint(key: key))
        } else {
            effects.append(.storeHint(key: key, value: HintRecord.accountValue(account, now: now)))
        }
    }

    /// `target` misses something that nobody here will bring it.
    private mutating func noteLoss(
        _ target: NodeNumber, _ partition: PartitionID, now: Now, into effects: inout [Effect]
    ) {
        counters.hintsDropped += 1
        markDirty(target, partition, now: now, into: &effects)
    }

    /// `target` may miss something that no hint tells of: anti-entropy is to look there.
    mutating func markDirty(
        _ target: NodeNumber, _ partition: PartitionID, now: Now, into effects: inout [Effect]
    ) {
        var account = hints.accounts.account(target, partition)
        guard account.dirtySinceMs == 0 else { return }
        account.dirtySinceMs = now.wallMs
        keep(account, of: target, partition, now: now, into: &effects)
    }

    /// Drops the oldest queues until the rest is within the bounds of bytes and age. Live writes
    /// are never refused because of hints.
    mutating func enforceHintBounds(now: Now, into effects: inout [Effect]) {
        while hints.accounts.bytes > settings.hintBytesMax, let oldest = hints.accounts.oldest {
            drop(oldest.target, oldest.partition, .bytes, now: now, into: &effects)
        }
    }

    mutating func enforceHintAge(now: Now, into effects: inout [Effect]) {
        let ageMsMax = Int64(clamping: min(settings.hintAgeMsMax, 1 << 50))
        while let oldest = hints.accounts.oldest, oldest.account.oldestMs + ageMsMax < hintMs(now) {
            drop(oldest.target, oldest.partition, .age, now: now, into: &effects)
        }
        guard let stale = hints.accounts.unstored(since: now.monotonicMs - Self.hintAgeStoreMs)
        else { return }
        keep(stale.account, of: stale.target, stale.partition, now: now, into: &effects)
    }

    /// Gives the hints of one partition for one node up and marks the node as behind there.
    private mutating func drop(
        _ target: NodeNumber, _ partition: PartitionID, _ bound: HintNotice.Bound, now: Now,
        into effects: inout [Effect]
    ) {
        let account = hints.accounts.account(target, partition)
        counters.hintsDropped += UInt64(account.records)
        counters.hintRangesDropped += 1
        let dirtySinceMs = account.dirtySinceMs > 0 ? account.dirtySinceMs : now.wallMs
        removeHints(target, partition, dirtySinceMs: dirtySinceMs, now: now, into: &effects)
        refuseUnanswered(target, partition, now: now, into: &effects)
        effects.append(
            .tellOfHints(
                .dropped(target, partition, records: account.records, past: bound)))
    }

    private mutating func removeHints(
        _ target: NodeNumber, _ partition: PartitionID, dirtySinceMs: UInt64, now: Now,
        into effects: inout [Effect]
    ) {
        guard let table = routing.table else { return }
        if let index = hints.deliveryIndex(of: target) { endPass(index) }
        // Which of the keys in memory are concerned is not worth looking for.
        hints.cache.removeAll()
        hints.loads.makeStale()
        let range = HintRecord.range(target, table.partitioning.positions(of: partition))
        effects.append(.dropHints(from: range.start, to: range.end))
        var account = HintAccounts.Account()
        account.dirtySinceMs = dirtySinceMs
        keep(account, of: target, partition, now: now, into: &effects)
        hints.dropBatch = batch
    }

    /// A flush drops hints as well, and nobody is behind any more.
    mutating func dropAllHints(now: Now, into effects: inout [Effect]) {
        guard let table = routing.table else { return }
        for target in hints.accounts.targets {
            for partition in table.partitioning.all {
                guard !hints.accounts.account(target, partition).isBlank else { continue }
                removeHints(target, partition, dirtySinceMs: 0, now: now, into: &effects)
            }
        }
    }

    func partition(of key: ObjectKey) -> PartitionID? {
        routing.table?.partitioning.partition(of: key.position)
    }
}

extension ObjectKey {
    init(_ key: PeerKey) {
        self.init(position: Position(rawValue: key.position), bytes: key.bytes)
    }
}
