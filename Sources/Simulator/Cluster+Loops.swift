internal import Engine
internal import Essentials
internal import Membership
internal import Objects
internal import Wire

/// The loops of the nodes' shards: passes, effects, and the batches that effects wait for, as the
/// server has them.
extension Cluster {
    /// Hands an event to a shard's loop, which takes it in its next pass.
    func post(_ event: DataPlane.Event, to index: Int, shard: Int) {
        guard self[index].process != nil else { return }
        self[index].process?.shards[shard].inbox.append(event)
        planPass(index, shard)
    }

    func planPass(_ index: Int, _ shard: Int) {
        guard let process = self[index].process, process.shards[shard].passPlannedNs == nil
        else { return }
        process.shards[shard].passPlannedNs = timeNs
        let place = Place(node: index, life: self[index].life, shard: shard)
        let leastMs = self[index].passMsMin
        let delayNs = random.durationNs(upToMs: weather.passMs + leastMs)
        plan(.pass(place), inNs: UInt64(leastMs) * 1_000_000 + delayNs)
    }

    /// One pass of a loop: all that has come in, then one batch with all that was stored.
    func runPass(_ place: Place) {
        guard isAlive(place) else { return }
        let (index, shard) = (place.node, place.shard)
        let sinceNs = self[index].process?.shards[shard].passPlannedNs ?? timeNs
        self[index].process?.shards[shard].passPlannedNs = nil
        self[index].process?.shards[shard].plane.notePass(ns: timeNs - sinceNs, now: now(index))
        let events = self[index].process?.shards[shard].inbox ?? []
        self[index].process?.shards[shard].inbox = []
        for event in events {
            if case .durable(let number) = event {
                self[index].process?.shards[shard].durableBatch = number
            }
            apply(event, index, shard)
            if case .durable = event { releaseHeld(index, shard) }
        }
        closeBatch(index, shard)
        flushOutbox(index, shard)
        setTimer(place)
        checkAdoption(index)
        checkInspections(index)
    }

    /// Sets the shard's timer to when its data plane wants to be woken.
    private func setTimer(_ place: Place) {
        guard let state = self[place.node].process?.shards[place.shard] else { return }
        let wakeNs = state.plane.nextWakeNs
        guard wakeNs != state.wakeNs else { return }
        self[place.node].process?.shards[place.shard].wakeNs = wakeNs
        let nowNs = now(place.node).monotonicNs
        guard wakeNs < .max else { return }
        plan(.wake(place, atNs: wakeNs), inNs: max(wakeNs, nowNs + 1) - nowNs)
    }

    func wake(_ place: Place, _ timeNs: UInt64) {
        guard isAlive(place), self[place.node].process?.shards[place.shard].wakeNs == timeNs
        else { return }
        self[place.node].process?.shards[place.shard].wakeNs = .max
        post(.ticked, to: place.node, shard: place.shard)
    }

    /// Gives one event to the data plane and carries its effects out.
    private func apply(_ event: DataPlane.Event, _ index: Int, _ shard: Int) {
        var events = [event]
        while !events.isEmpty {
            var effects: [DataPlane.Effect] = []
            let next = events.removeFirst()
            let before = self[index].process?.shards[shard].plane.counters
            let now = now(index)
            let isFenced = isFenced(next, index, shard)
            if case .topologyAdopted(let topology) = next { follow(topology, index, shard) }
            self[index].process?.shards[shard].plane.apply(next, now: now, into: &effects)
            if isFenced, case .received(let message, _, _, _) = next {
                observer?(.fenced(node: index, message, effects))
            }
            if let before, let after = self[index].process?.shards[shard].plane.counters {
                let standIns = after.standInWrites - before.standInWrites
                let writes = after.writes - before.writes - standIns
                note(effects, at: index, writes: Int(writes))
            }
            for effect in effects {
                guard step(index) else { return }
                carryOut(effect, index, shard, loaded: &events)
            }
        }
    }

    /// - Parameter loaded: what can be read at once is an event of the same pass.
    private func carryOut(
        _ effect: DataPlane.Effect, _ index: Int, _ shard: Int, loaded: inout [DataPlane.Event]
    ) {
        switch effect {
        case .load(let key, let token):
            let slowness = self[index].diskSlowness
            let isSlow = slowness > 1
            if !isSlow, weather.loadMs == 0 || random.oneIn(2) {
                loaded.append(.loaded(key, token: token, read(key, index)))
            } else if isSlow, random.oneIn(8) {
                // As much as may wait for it does.
                loaded.append(.loaded(key, token: token, .overloaded))
            } else {
                let place = Place(node: index, life: self[index].life, shard: shard)
                let leastNs = isSlow ? UInt64(slowness) * 2_000_000 : 0
                let delayNs = random.durationNs(upToMs: weather.loadMs * slowness)
                plan(.loaded(place, key, token: token), inNs: leastNs + delayNs)
            }
        case .store(let key, let record):
            self[index].process?.shards[shard].changes.append(.put(key, record: record))
        case .dropAll:
            trace.note(.storage, self[index].name, "drop all")
            self[index].process?.shards[shard].changes.append(.dropAll(shard: shard))
        case .reply(_, _, let hold), .send(_, _, let hold), .answer(_, _, let hold):
            if self[index].process?.shards[shard].isReached(hold) == true {
                leave(effect, index, shard)
            } else {
                self[index].process?.shards[shard].held.append((hold, effect))
            }
        case .storeHint(let key, let value):
            self[index].process?.shards[shard].changes.append(.putHint(key: key, value: value))
        case .dropHint(let key):
            self[index].process?.shards[shard].changes.append(.dropHint(key: key))
        case .dropHints(let start, let end):
            self[index].process?.shards[shard].changes.append(.dropHints(from: start, to: end))
        case .loadHints(_, _, let hold), .scanHints(_, _, _, _, let hold):
            if self[index].process?.shards[shard].isReached(hold) == true {
                leave(effect, index, shard)
            } else {
                self[index].process?.shards[shard].held.append((hold, effect))
            }
        case .tellOfHints(let notice): note(notice, at: index)
        case .requestSync: self[index].process?.shards[shard].wantsSync = true
        case .describe(let token, let description): descriptions[token] = description
        case .peerTimedOut(let node): detect(.peerTimedOut(node), at: index)
        case .horizonMoved: break
        }
    }

    func read(_ key: ObjectKey, _ index: Int) -> DataPlane.LoadResult {
        self[index].disk.records[key].map { .record($0) } ?? .absent
    }

    /// An effect's time has come.
    private func leave(_ effect: DataPlane.Effect, _ index: Int, _ shard: Int) {
        switch effect {
        case .reply(let origin, let reply, _): answer(Clients.number(of: origin), reply)
        case .send(let node, let message, _):
            if !send(message, from: index, shard: shard, to: Int(node.rawValue)) {
                refuse(message, of: node, index, shard)
            }
        case .answer(let link, let message, _):
            sendAnswer(message, from: index, shard: shard, on: Connection(link))
        case .loadHints(let keys, let token, _):
            let values = keys.map { self[index].disk.hints[$0] }
            planHintEvent(.hintsLoaded(token: token, .values(values)), index, shard)
        case .scanHints(let start, let end, let limit, let token, _):
            let found = self[index].disk.scanHints(from: start, to: end, limit)
            planHintEvent(
                .hintsScanned(token: token, .chunk(found.records, next: found.next)), index, shard)
        case .load, .store, .requestSync, .dropAll, .describe, .horizonMoved, .peerTimedOut,
            .storeHint, .dropHint, .dropHints, .tellOfHints:
            break
        }
    }

    /// The connection has broken: the same as a refusal of whoever was asked.
    private func refuse(_ message: PeerMessage, of node: NodeNumber, _ index: Int, _ shard: Int) {
        guard let id = message.requestID, let plane = self[index].process?.shards[shard].plane
        else { return }
        let link = LinkID(rawValue: 0)
        let header = PeerFrameHeader(epoch: plane.epoch, fence: 0)
        let refusal = PeerMessage.refused(id: id, .overloaded)
        apply(.received(refusal, from: node, link: link, header), index, shard)
    }

    /// What a worker has read comes back in a later pass.
    private func planHintEvent(_ event: DataPlane.Event, _ index: Int, _ shard: Int) {
        let place = Place(node: index, life: self[index].life, shard: shard)
        let delayNs = random.durationNs(upToMs: weather.loadMs * self[index].diskSlowness)
        plan(.hintsRead(place, event), inNs: delayNs)
    }

    private func note(_ notice: HintNotice, at index: Int) {
        switch notice {
        case .delivered(let target, let records, let left):
            let target = Node.name(Int(target.rawValue))
            trace.note(.hints, self[index].name, "gave \(target) \(records) hints, \(left) left")
        case .dropped(let target, let partition, let records, let bound):
            let target = Node.name(Int(target.rawValue))
            trace.note(
                .hints, self[index].name, "dropped \(records) hints for \(target), \(bound)")
            observer?(.hintsEvicted(node: index, partition))
        }
    }

    // MARK: Batches

    private func closeBatch(_ index: Int, _ shard: Int) {
        guard let number = self[index].process?.shards[shard].plane.closeBatch() else { return }
        let changes = self[index].process?.shards[shard].changes ?? []
        self[index].process?.shards[shard].changes = []
        let batch = Disk.Batch(shard: shard, number: number, changes: changes)
        self[index].process?.unwritten.append(batch)
        if !self[index].isDiskHeld { writeBatches(index) }
    }

    /// Writes the batches that wait, as the server does at the end of a pass.
    func writeBatches(_ index: Int) {
        while self[index].process?.unwritten.isEmpty == false {
            guard step(index) else { return }
            if self[index].isDiskFailing { return crash(index, losesPower: false) }
            guard let batch = self[index].process?.unwritten.removeFirst() else { return }
            self[index].disk.write(batch)
            self[index].process?.shards[batch.shard].writtenBatch = batch.number
            apply(.written(batch.number), index, batch.shard)
            releaseHeld(index, batch.shard)
            let wantsSync = self[index].process?.shards[batch.shard].wantsSync ?? false
            self[index].process?.shards[batch.shard].wantsSync = false
            if (options.acknowledgesDurable || wantsSync) && !self[index].isDiskHeld { sync(index) }
        }
    }

    /// Starts an fsync for all that is written, unless one is under way.
    func sync(_ index: Int) {
        let batches = self[index].disk.unsynced.count
        guard self[index].process?.isSyncing == false, batches > 0 else { return }
        self[index].process?.isSyncing = true
        plan(
            .synced(node: index, life: self[index].life, batches: batches),
            inNs: random.durationNs(upToMs: weather.syncMs * self[index].diskSlowness))
    }

    func synced(_ index: Int, _ count: Int) {
        guard step(index) else { return }
        // What the page cache holds after a failed sync cannot be trusted.
        if self[index].isDiskFailing { return crash(index, losesPower: true) }
        self[index].process?.isSyncing = false
        for batch in self[index].disk.sync(count) {
            post(.durable(batch.number), to: index, shard: batch.shard)
        }
        if options.acknowledgesDurable, !self[index].isDiskHeld { sync(index) }
        checkAdoption(index)
    }

    private func releaseHeld(_ index: Int, _ shard: Int) {
        let effects = self[index].process?.shards[shard].takeReached() ?? []
        for effect in effects {
            guard step(index) else { return }
            leave(effect, index, shard)
        }
    }
}
