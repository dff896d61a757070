internal import Essentials
internal import Placement
internal import Wire

/// Delivering hints: a holder's part.
///
/// As soon as a node can be reached again, each shard of each holder goes over what it keeps for
/// it in the order of positions. A chunk is read off the loop, sent as one message, and removed
/// when the node says that it has it past an fsync. The node sets the pace by when it answers, and
/// by how much it lets be under way.
extension DataPlane {
    /// A chunk that is not answered within this was lost, or the node stands still.
    private static let handoffTimeoutNs: UInt64 = 15_000_000_000

    /// Whether background work may go on now. If not, the plane is woken when it may.
    mutating func mayWork(now: Now) -> Bool {
        if pacer.grant(nowNs: now.monotonicNs) > 0 { return true }
        hints.wakeNs = min(hints.wakeNs, pacer.nextGrantNs(nowNs: now.monotonicNs))
        return false
    }

    /// Begins, goes on with and ends what is due. Called every tick.
    mutating func tendHints(now: Now, into effects: inout [Effect]) {
        hints.wakeNs = .max
        retryHintLoads(into: &effects)
        takeArrivals(now: now, into: &effects)
        syncArrivals(now: now, into: &effects)
        guard !hints.deliveries.isEmpty else { return }
        for index in hints.deliveries.indices {
            if !hints.deliveries[index].isRunning { startPass(index, now: now) }
            readNext(index, now: now, into: &effects)
        }
        guard now.monotonicNs >= hints.nextSecondNs else { return }
        hints.nextSecondNs = now.monotonicNs + 1_000_000_000
        for index in hints.deliveries.indices { hints.deliveries[index].secondPassed() }
        enforceHintAge(now: now, into: &effects)
    }

    /// `node` can be reached again: it need not wait for the end of a pause.
    mutating func hurryHints(to node: NodeNumber) {
        guard let index = hints.deliveryIndex(of: node) else { return }
        hints.deliveries[index].restUntilNs = 0
        hints.deliveries[index].pauseNs = HintDelivery.pauseNsMin
    }

    private mutating func startPass(_ index: Int, now: Now) {
        let target = hints.deliveries[index].target
        guard hints.accounts.records(of: target) > 0,
            now.monotonicNs >= hints.deliveries[index].restUntilNs
        else { return }
        hints.deliveries[index].start()
    }

    /// Reads the next chunk, if there is room for it under way.
    private mutating func readNext(_ index: Int, now: Now, into effects: inout [Effect]) {
        guard let table = routing.table else { return }
        let delivery = hints.deliveries[index]
        guard delivery.isRunning, delivery.scan == nil, delivery.hasRoom, mayWork(now: now)
        else { return }
        var first = delivery.partition
        while let partition = hints.accounts.next(delivery.target, from: first) {
            // A partition that has moved on to nodes which are away waits; the others go.
            guard destination(of: delivery.target, partition, table) != nil else {
                first = partition.index + 1
                continue
            }
            let isInside = partition.index == delivery.partition && delivery.next != nil
            let range = HintRecord.range(
                delivery.target, table.partitioning.positions(of: partition))
            hints.lastScanToken += 1
            hints.deliveries[index].partition = partition.index
            hints.deliveries[index].scan = HintDelivery.Scan(
                token: hints.lastScanToken, partition: partition, isFromStart: !isInside)
            let start = isInside ? delivery.next ?? range.start : range.start
            // What was stored and removed so far must be there to be seen.
            effects.append(
                .scanHints(
                    from: start, to: range.end, limit: HintDelivery.chunkMax,
                    token: hints.lastScanToken, after: heldForStores()))
            return
        }
        guard delivery.chunksUnderWay == 0 else { return }
        finishPass(index, now: now, into: &effects)
    }

    /// Everything was offered once. What was refused, or changed meanwhile, is offered again.
    private mutating func finishPass(_ index: Int, now: Now, into effects: inout [Effect]) {
        let delivery = hints.deliveries[index]
        let left = hints.accounts.records(of: delivery.target)
        hints.deliveries[index].stop(
            nowNs: now.monotonicNs,
            hasFailed: delivery.deliveredInPass == 0 || delivery.hasSkipped)
        guard delivery.deliveredInPass > 0 else { return }
        effects.append(
            .tellOfHints(
                .delivered(delivery.target, records: delivery.deliveredInPass, left: left)))
    }

    /// Whom the hints for `target` go to: to itself, or, where it is a replica no longer, to the
    /// first that is; nil when that one cannot be reached.
    private func destination(
        of target: NodeNumber, _ partition: PartitionID, _ table: PlacementTable
    ) -> NodeNumber? {
        if table.place(of: target, in: partition) != nil {
            return routing.canReach(target) ? target : nil
        }
        return table.replicas(of: partition).first { routing.canReach($0) }
    }

    // MARK: Chunks

    mutating func hintsScanned(
        _ token: UInt64, _ result: HintScanResult, now: Now, into effects: inout [Effect]
    ) {
        guard let table = routing.table,
            let index = hints.deliveries.firstIndex(where: { $0.scan?.token == token }),
            let scan = hints.deliveries[index].scan
        else { return }
        hints.deliveries[index].scan = nil
        let (records, next): ([HintScanRecord], [UInt8]?)
        switch result {
        case .chunk(let found, let end): (records, next) = (found, end)
        case .unreadable:
            return skip(scan.partition, index, now: now, into: &effects)
        case .overloaded: return breakOff(index, hasFailed: true, now: now)
        }
        if let next {
            hints.deliveries[index].next = next
        } else {
            hints.deliveries[index].partition = scan.partition.index + 1
            hints.deliveries[index].next = nil
        }
        if !records.isEmpty {
            guard
                let destination = destination(
                    of: hints.deliveries[index].target, scan.partition, table)
            else { return breakOff(index, hasFailed: false, now: now) }
            send(records, scan, to: destination, index, now: now, into: &effects)
        } else if scan.isFromStart, next == nil, scan.changed.isEmpty {
            // The account says otherwise, and is wrong.
            var account = hints.accounts.account(hints.deliveries[index].target, scan.partition)
            (account.records, account.bytes, account.oldestMs) = (0, 0, 0)
            keep(
                account, of: hints.deliveries[index].target, scan.partition, now: now,
                into: &effects)
        }
        readNext(index, now: now, into: &effects)
    }

    /// Leaves out what is left of a partition that the disk does not give: it must not hold up the
    /// others. The next pass tries again, and anti-entropy is to look there.
    private mutating func skip(
        _ partition: PartitionID, _ index: Int, now: Now, into effects: inout [Effect]
    ) {
        markDirty(hints.deliveries[index].target, partition, now: now, into: &effects)
        hints.deliveries[index].hasSkipped = true
        hints.deliveries[index].partition = partition.index + 1
        hints.deliveries[index].next = nil
        readNext(index, now: now, into: &effects)
    }

    private mutating func send(
        _ records: [HintScanRecord], _ scan: HintDelivery.Scan, to destination: NodeNumber,
        _ index: Int, now: Now, into effects: inout [Effect]
    ) {
        var keys: [ObjectKey] = []
        var sizes: [Int] = []
        var entries: [HandoffEntry] = []
        var bytes = 0
        for record in records {
            // What cannot be read is found by whoever scrubs; it must not stop the others.
            guard let key = try? HintRecord.parseKey(record.key),
                let hint = try? HintRecord.parseValue(record.value)
            else {
                counters.corruptRecords += 1
                continue
            }
            keys.append(key)
            sizes.append(record.key.count + record.value.count)
            bytes += record.key.count + record.value.count + Pacer.recordCost
            entries.append(HandoffEntry(key: PeerKey(key), record: hint.record))
        }
        guard !entries.isEmpty else { return }
        if settings.bug == .dropsHintsEarly {
            for key in keys { remove(key, of: hints.deliveries[index].target, into: &effects) }
            batchHasStores = true
        }
        let deadlineNs = now.monotonicNs + Self.handoffTimeoutNs
        let id = hints.handoffs.insert(
            Handoff(
                target: hints.deliveries[index].target, destination: destination,
                partition: scan.partition, keys: keys, sizes: sizes, bytes: bytes,
                deadlineNs: deadlineNs, changed: scan.changed))
        hints.deliveries[index].chunksUnderWay += 1
        hints.deliveries[index].bytesUnderWay += bytes
        pacer.spend(bytes)
        deadlines.schedule(id, atNs: deadlineNs, nowNs: now.monotonicNs)
        effects.append(.send(destination, .handoff(id: id, entries: entries), after: .none))
    }

    /// The receiver has what it has not refused: it is removed here, unless it has changed since.
    mutating func handedOver(
        _ id: UInt64, windowBytes: UInt64, _ refused: [HandoffRefusal], now: Now,
        into effects: inout [Effect]
    ) {
        guard let handoff = hints.handoffs.remove(id),
            let index = hints.deliveryIndex(of: handoff.target)
        else { return }
        hints.deliveries[index].chunksUnderWay -= 1
        hints.deliveries[index].bytesUnderWay -= handoff.bytes
        hints.deliveries[index].windowBytes = Int(clamping: windowBytes)
        var account = hints.accounts.account(handoff.target, handoff.partition)
        var isRefused = [Bool](repeating: false, count: handoff.keys.count)
        for refusal in refused where isRefused.indices.contains(refusal.index) {
            // Nobody can merge what is corrupt: it is gone, and says so.
            if refusal.reason == .corrupt {
                counters.hintsDropped += 1
                account.dirtySinceMs = max(account.dirtySinceMs, now.wallMs)
            } else {
                isRefused[refusal.index] = settings.bug != .dropsRefusedHints
                if refusal.reason == .clock, handoff.keys.indices.contains(refusal.index) {
                    settleHint(of: handoff.keys[refusal.index], now: now, into: &effects)
                }
            }
        }
        var removed = 0
        for (place, key) in handoff.keys.enumerated() where !isRefused[place] {
            guard settings.bug == .dropsChangedHints || !handoff.changed.contains(key),
                !hints.loads.isLoading(key)
            else { continue }
            remove(key, of: handoff.target, into: &effects)
            account.records -= 1
            account.bytes -= handoff.sizes[place]
            removed += 1
        }
        if removed > 0 || account.dirtySinceMs > 0 {
            if account.records <= 0 {
                (account.records, account.bytes, account.oldestMs) = (0, 0, 0)
            }
            keep(account, of: handoff.target, handoff.partition, now: now, into: &effects)
            hints.dropBatch = batch
        }
        counters.hintsDelivered += UInt64(removed)
        hints.deliveries[index].delivered += UInt64(removed)
        hints.deliveries[index].deliveredInPass += removed
        readNext(index, now: now, into: &effects)
    }

    private mutating func remove(
        _ key: ObjectKey, of target: NodeNumber, into effects: inout [Effect]
    ) {
        let number = batch
        _ = hints.cache.update(key) { entry in
            entry.copies.removeAll { $0.target == target }
            entry.batch = number
        }
        effects.append(.dropHint(key: HintRecord.key(target, key)))
    }

    // MARK: Failures

    /// The receiver refuses a whole chunk, or cannot be reached.
    mutating func failHandoff(_ id: UInt64, now: Now) {
        guard let handoff = hints.handoffs[id],
            let index = hints.deliveryIndex(of: handoff.target)
        else { return }
        breakOff(index, hasFailed: true, now: now)
    }

    /// Ends a pass before its end. Answers to what is under way come too late: hints may change
    /// from now on without its being noted.
    private mutating func breakOff(_ index: Int, hasFailed: Bool, now: Now) {
        endPass(index)
        hints.deliveries[index].stop(nowNs: now.monotonicNs, hasFailed: hasFailed)
    }

    mutating func wakeHandoff(_ id: UInt64, now: Now, into effects: inout [Effect]) {
        guard let handoff = hints.handoffs[id] else { return }
        guard now.monotonicNs >= handoff.deadlineNs else {
            return deadlines.schedule(id, atNs: handoff.deadlineNs, nowNs: now.monotonicNs)
        }
        noteTimeout(of: handoff.destination, now: now, into: &effects)
        failHandoff(id, now: now)
    }

    /// The connection to `node` broke.
    mutating func failHandoffs(on node: NodeNumber, now: Now) {
        for id in hints.handoffs.ids where hints.handoffs[id]?.destination == node {
            failHandoff(id, now: now)
        }
    }

    /// Forgets what is under way of one delivery: nothing is removed for an answer that comes yet.
    mutating func endPass(_ index: Int) {
        let target = hints.deliveries[index].target
        for id in hints.handoffs.ids where hints.handoffs[id]?.target == target {
            _ = hints.handoffs.remove(id)
        }
        hints.deliveries[index].isRunning = false
        hints.deliveries[index].scan = nil
    }

    /// Another placement, or a flush: all passes begin anew.
    mutating func endAllPasses() {
        for index in hints.deliveries.indices { endPass(index) }
    }
}
