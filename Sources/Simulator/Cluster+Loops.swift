internal import Engine
internal import Essentials
internal import Membership
internal import Objects
internal import Wire

/// The loops of the nodes' shards: their passes, in the server's order.
///
/// A pass takes in all that has come, one after the other, and carries out what follows from each
/// before the next; then it writes one batch, sends a frame a connection, and writes replies. It is
/// made of parts (`LoopWork`), between any two of which the process can end, or the loop stand
/// still while time goes on.
extension Cluster {
    /// Hands an event to a shard's loop, which takes it in its next pass.
    func post(_ event: DataPlane.Event, to index: Int, shard: Int) {
        post(.event(event), to: index, shard: shard)
    }

    func post(_ input: LoopInput, to index: Int, shard: Int) {
        guard let process = self[index].process else { return }
        process.shards[shard].inbox.append(input)
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

    /// One pass of a loop.
    func runPass(_ place: Place) {
        guard isAlive(place), let process = self[place.node].process else { return }
        let (index, shard) = (place.node, place.shard)
        let sinceNs = process.shards[shard].passPlannedNs ?? timeNs
        process.shards[shard].passPlannedNs = nil
        // One that stands still comes to it after its pass.
        guard process.shards[shard].passNow == nil else { return }
        let now = now(index)
        process.shards[shard].passNow = now
        process.shards[shard].plane.notePass(ns: timeNs - sinceNs, now: now)
        let inputs = process.shards[shard].inbox
        process.shards[shard].inbox = []
        for input in inputs { process.shards[shard].work.append(.take(input)) }
        process.shards[shard].work.append(contentsOf: LoopWork.passEnd)
        goOn(process, index, shard)
    }

    /// A loop that has stood still goes on.
    func endStall(_ place: Place) {
        guard isAlive(place), let process = self[place.node].process,
            process.shards[place.shard].isStalled
        else { return }
        process.shards[place.shard].isStalled = false
        observer?(.resumed(node: place.node))
        goOn(process, place.node, place.shard)
    }

    /// All of a node's loops go on, and none will stand still.
    func endStalls(_ index: Int) {
        self[index].stall = nil
        for shard in 0..<shardCount(index) {
            endStall(Place(node: index, life: self[index].life, shard: shard))
        }
    }

    /// Does what is left to do, up to a point where the process ends or the loop stands still.
    private func goOn(_ process: Process, _ index: Int, _ shard: Int) {
        while self[index].process === process, !process.shards[shard].isStalled {
            let isEffect = !process.shards[shard].effects.isEmpty
            guard isEffect || !process.shards[shard].work.isEmpty else { return }
            guard step(index), !stalls(process, index, shard) else { return }
            if let effect = process.shards[shard].effects.popFirst() {
                carryOut(effect, process, index, shard)
            } else if let part = process.shards[shard].work.popFirst() {
                perform(part, process, index, shard)
            }
        }
    }

    /// Whether the loop stands still from now on.
    private func stalls(_ process: Process, _ index: Int, _ shard: Int) -> Bool {
        guard self[index].stall != nil else { return false }
        self[index].stall?.steps -= 1
        guard let stall = self[index].stall, stall.steps < 0 else { return false }
        self[index].stall = nil
        process.shards[shard].isStalled = true
        let place = Place(node: index, life: self[index].life, shard: shard)
        if stall.isOfProcess {
            pause(index)
            plan(.resume(node: index), inNs: stall.ns)
        }
        plan(.stallEnd(place), inNs: stall.ns)
        return true
    }

    private func perform(
        _ part: LoopWork, _ process: Process, _ index: Int, _ shard: Int
    ) {
        switch part {
        case .take(let input): take(input, process, index, shard)
        case .commit:
            guard let number = process.shards[shard].plane.closeBatch() else { return }
            // What is stored while others hear of this batch is a batch of its own.
            process.shards[shard].work.prepend(.commit)
            let batch = Disk.Batch(
                shard: shard, number: number, changes: process.shards[shard].changes)
            process.shards[shard].changes = []
            process.unwritten.append(batch)
            if !self[index].isDiskHeld { writeNext(process, index) }
        case .release(let isDurable):
            let (durable, written) =
                (process.shards[shard].durableBatch, process.shards[shard].writtenBatch)
            let effect =
                isDurable
                ? process.shards[shard].heldForDurable.pop(upTo: durable)
                : process.shards[shard].heldForWritten.pop(upTo: written)
            guard let effect else { return }
            process.shards[shard].work.prepend(part)
            leave(effect, process, index, shard)
        case .giveUpReplies: giveUpReplies(process, index, shard)
        case .sendFrames: flushOutbox(index, shard)
        case .answerClients: answerClients(process, index, shard)
        case .end: endPass(process, index, shard)
        }
    }

    private func endPass(_ process: Process, _ index: Int, _ shard: Int) {
        process.shards[shard].passNow = nil
        setTimer(Place(node: index, life: self[index].life, shard: shard))
        if process.shards[shard].wantsSync {
            process.shards[shard].wantsSync = false
            if !self[index].isDiskHeld { sync(index) }
        }
        if process.shards[shard].hasMoreToDo { planPass(index, shard) }
        checkAdoption(index)
        checkInspections(index)
    }

    /// Sets the shard's timer to when its data plane wants to be woken.
    private func setTimer(_ place: Place) {
        guard let process = self[place.node].process else { return }
        let wakeNs = process.shards[place.shard].plane.nextWakeNs
        guard wakeNs != process.shards[place.shard].wakeNs else { return }
        process.shards[place.shard].wakeNs = wakeNs
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

    // MARK: Taking in

    private func take(_ input: LoopInput, _ process: Process, _ index: Int, _ shard: Int) {
        switch input {
        case .event(let event): take(event, process, index, shard)
        case .arrived(let message, let node, let connection, let header):
            route(message, from: node, connection, header, process, index, shard)
        case .routed(let message, let node, let connection, let header, let arrivedNs):
            let nowNs = loopNow(process, index, shard).monotonicNs
            let waitedMs = (nowNs - min(arrivedNs, nowNs)) / 1_000_000
            let event = DataPlane.Event.received(
                message.waited(ms: waitedMs), from: self[node].number, link: connection.link,
                header)
            apply(event, process, index, shard)
        case .answer(let connection, let message):
            sendAnswer(message, from: index, shard: shard, on: connection)
        case .commands(let connection): takeCommand(connection, process, index, shard)
        case .reply(let connection, let sequence, let reply):
            complete(connection, sequence, reply, process, shard)
        }
    }

    private func take(_ event: DataPlane.Event, _ process: Process, _ index: Int, _ shard: Int) {
        if case .durable(let number) = event {
            process.shards[shard].durableBatch = number
            process.shards[shard].work.prepend(.release(isDurable: true))
        }
        apply(event, process, index, shard)
        if case .ticked = event { process.shards[shard].work.prepend(.giveUpReplies) }
    }

    /// Brings a peer's message to the shard of its key.
    private func route(
        _ message: PeerMessage, from node: Int, _ connection: Connection,
        _ header: PeerFrameHeader, _ process: Process, _ index: Int, _ shard: Int
    ) {
        let target = self.shard(of: message, at: index)
        guard target != shard else {
            let event = DataPlane.Event.received(
                message, from: self[node].number, link: connection.link, header)
            return apply(event, process, index, shard)
        }
        guard process.shards[target].inbox.count < 2 * options.mailboxMax else {
            guard let id = message.requestID else { return }
            let refusal = PeerMessage.refused(id: id, .overloaded)
            return sendAnswer(refusal, from: index, shard: shard, on: connection)
        }
        let arrivedNs = loopNow(process, index, shard).monotonicNs
        post(
            .routed(message, from: node, connection, header, arrivedNs: arrivedNs), to: index,
            shard: target)
    }

    /// A pass reads the clocks once.
    func loopNow(_ process: Process, _ index: Int, _ shard: Int) -> Now {
        process.shards[shard].passNow ?? now(index)
    }

    /// Gives one event to the data plane; what follows is carried out after what is to be already.
    func apply(_ event: DataPlane.Event, _ process: Process, _ index: Int, _ shard: Int) {
        var effects: [DataPlane.Effect] = []
        let before = process.shards[shard].plane.counters
        let isFenced = isFenced(event, index, shard)
        if case .topologyAdopted(let topology) = event { follow(topology, index, shard) }
        // A command that was handed over goes by the time at which it is looked at.
        var isForward = false
        if case .received(.forward, _, _, _) = event { isForward = true }
        let latestBeginNs = process.shards[shard].plane.latestBeginNs
        if isForward || latestBeginNs > loopNow(process, index, shard).monotonicNs {
            process.shards[shard].passNow = self.now(index)
        }
        let now = loopNow(process, index, shard)
        process.shards[shard].plane.apply(event, now: now, into: &effects)
        if isFenced, case .received(let message, _, _, _) = event {
            observer?(.fenced(node: index, message, effects))
        }
        let after = process.shards[shard].plane.counters
        if after.standIns != before.standIns { noteStandIn(event) }
        let standIns = after.standInWrites - before.standInWrites
        // A key whose record tells too little gets a dot of its own, which is no write.
        let renewed = after.actorsRenewed - before.actorsRenewed
        let coverings = after.coverings - before.coverings
        let writes = after.writes - before.writes - standIns + renewed + coverings
        note(effects, at: index, writes: Int(writes))
        process.shards[shard].effects.append(contentsOf: effects)
    }

    // MARK: Batches

    /// Writes the batches that wait for the test, as a pass does at its end.
    func writeBatches(_ index: Int) {
        while let process = self[index].process, let batch = process.unwritten.first {
            writeNext(process, index)
            goOn(process, index, batch.shard)
        }
    }

    private func writeNext(_ process: Process, _ index: Int) {
        guard step(index) else { return }
        if self[index].isDiskFailing { return crash(index, losesPower: false) }
        let batch = process.unwritten.removeFirst()
        self[index].disk.write(batch)
        process.shards[batch.shard].writtenBatch = batch.number
        process.shards[batch.shard].work.prepend(.release(isDurable: false))
        apply(.written(batch.number), process, index, batch.shard)
        let wantsSync = options.acknowledgesDurable || process.shards[batch.shard].wantsSync
        if wantsSync, !self[index].isDiskHeld { sync(index) }
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
}
