internal import Commands
internal import Engine
internal import Essentials
internal import Membership
internal import Placement
internal import Platform
internal import Storage
internal import Wire

/// Drives one `DataPlane` on one loop: feeds it events, carries out its effects, commits one batch
/// a pass, and owns the sessions and peer connections that live on the loop.
///
/// The order of a pass: sockets are read and commands run, whose effects are carried out at once or
/// held; then the pass's stores are committed as one batch; then what was held for it, the peers'
/// frames and the clients' replies are written, one system call a connection.
///
/// Confined to its loop, inside its `ShardHost`.
final class Shard {
    let index: Int
    let loop: EventLoop
    let services: NodeServices
    private(set) var topology: Topology
    /// This node's number.
    let number: NodeNumber
    private(set) var dataPlane: DataPlane
    /// Only on the loop that has the control plane.
    var control: ControlShell?

    /// The settings as they stand now; a change arrives through the mailbox.
    private(set) var configuration: Configuration
    /// What requests run under, by the settings and the topology as they stand now.
    private(set) var rules: ConsistencyRules
    /// Whether those depend on the key.
    private(set) var hasKeyspaces = false
    /// Counts changes of the rules.
    private(set) var rulesGeneration = 0
    /// Commands that took as long go into the slow log; .max turns it off.
    private(set) var slowNs: UInt64 = .max
    /// Entries that the slow log still takes this second: when everything is slow, writing it all
    /// down makes it slower.
    var slowlogBudget = Shard.slowlogEntriesPerSecond
    private static let slowlogEntriesPerSecond = 100
    var latencies = LatencyHistogram()
    var statistics = ShardStatistics()
    let census = KeyCensus()
    let peerCalls = PeerCalls()
    let keyQuestions = KeyQuestions()
    let ownRequests = OwnRequests()

    var sessions = SessionTable()
    var peers: PeerTable
    /// Whether peers wait until the disk has caught up.
    var arePeersHeld = false
    private var effects: [DataPlane.Effect] = []
    /// An empty list with the memory for the next pass's effects.
    private var spareEffects: [DataPlane.Effect] = []
    private var isCarryingOut = false
    /// What has been stored since the last batch was closed.
    private var batch = WriteBatch()
    /// The batch that is being committed; empty otherwise.
    private var closed = WriteBatch()
    private var heldForWritten = HeldEffects()
    private var heldForDurable = HeldEffects()
    private var writtenBatch: UInt64 = 0
    private var durableBatch: UInt64 = 0
    private var undurableBatch: UInt64 = 0
    /// Writes of batches for which no fsync was asked yet.
    private var unsyncedWrites = 0
    private var isCommittingAlways: Bool
    private var timers: [Timer] = []
    /// Fires where the data plane wants to be woken before the next tick, and what it is set to.
    private var wakeTimer: Timer?
    private var wakeNs = UInt64.max
    private var damagedRecords: UInt64 = 0
    private var topologyWaiters: [(batch: UInt64, done: () -> Void)] = []

    init(
        index: Int, loop: EventLoop, services: NodeServices, number: NodeNumber,
        topology: Topology, settings: DataPlane.Settings, hints: [HintAccountRecord]
    ) {
        self.index = index
        self.loop = loop
        self.services = services
        self.number = number
        self.topology = topology
        configuration = services.configuration.current
        rules = ConsistencyRules(settings: configuration.consistency, topology: topology)
        dataPlane = DataPlane(settings: settings, topology: topology)
        isCommittingAlways = settings.acknowledgesDurable
        peers = PeerTable()
        loop.passEnded = { [unowned self] in endPass() }
        configure(configuration)
        apply(.hintsFound(hints))
        startTimers()
        peers.update(topology, shard: self)
        noteReachability()
    }

    func configure(_ configuration: Configuration) {
        self.configuration = configuration
        updateRules()
        let us = configuration.slowlogThresholdUs
        slowNs = us < 0 ? .max : UInt64(us) * 1000
        dataPlane.admission.waitNsMax = UInt64(configuration.overloadDelayMs) * 1_000_000
        dataPlane.pacer.settings = Pacer.Settings(
            rateMax: configuration.backgroundRateMax / services.shardCount,
            rateMin: configuration.backgroundRateMin / services.shardCount)
        peers.queueBytesMax = configuration.peerQueueBytesMax / services.shardCount
        for session in sessions.all { session.limitsChanged(configuration) }
        apply(
            .limitsChanged(
                driftMsMax: UInt64(configuration.clockDriftMsMax),
                valueSizeMax: configuration.valueBytesMax))
        control?.configure(configuration)
        apply(
            .hintLimitsChanged(
                bytesMax: configuration.hintBytesMax / services.shardCount,
                ageMsMax: UInt64(configuration.hintAgeSecondsMax) * 1000))
    }

    /// The loop's monotonic clock, and the members' common one.
    var now: Now {
        let monotonicNs = loop.now.monotonicNs
        return Now(monotonicNs: monotonicNs, wallMs: services.clock.ms(atNs: monotonicNs))
    }

    // MARK: Events

    /// Gives an event to the data plane and carries out what follows from it.
    func apply(_ event: DataPlane.Event) {
        // Commands of others wait here, who may have given them up while the process stood still.
        if dataPlane.latestBeginNs > loop.now.monotonicNs { loop.readClocks() }
        dataPlane.apply(event, now: now, into: &effects)
        carryOut()
    }

    /// Brings a command to the shard of its key.
    func submit(_ request: consuming Request) {
        let partition = topology.partitioning.partition(of: request.key.position)
        let target = services.shard(of: partition)
        if target == index {
            apply(.requested(request))
        } else {
            let isTaken = services.mailboxes[target].send(
                .request(request), unlessWaiting: Self.mailboxCommandsMax)
            if !isTaken { turnAway(request) }
        }
    }

    private func turnAway(_ request: Request) {
        guard case .client(let number) = request.origin else { return }
        statistics.mailboxRefusals += 1
        complete(number, .error("OVERLOADED too many requests wait for the shard's loop"))
    }

    /// Brings a reply to the session, or to whoever of this shard has made the request.
    private func complete(_ number: UInt64, _ reply: Reply) {
        let request = RequestNumber(rawValue: number)
        guard request.session == RequestNumber.ownSession else {
            return sessions.complete(number, reply)
        }
        ownRequests.complete(request, reply)
    }

    /// Whether this node holds the key: if not, its command travels in its own words.
    func isReplica(of key: ObjectKey) -> Bool {
        let partition = topology.partitioning.partition(of: key.position)
        return topology.placement.place(of: number, in: partition) != nil
    }

    /// Writes that clients have begun here and that are not stored yet.
    var unstoredWrites: Int {
        let isStoring = dataPlane.hasOpenBatch || services.lateWriters[index].isBusy
        return dataPlane.writesInFlightCount + (isStoring ? 1 : 0)
    }

    /// Takes note of a client's command that was answered so long after it came.
    func noteAnswered(ns: UInt64) {
        latencies.note(ns: ns)
        dataPlane.pacer.noteForeground(serviceNs: ns)
    }

    /// A pause of background work, longer when clients would notice it.
    func lengthened(pauseMs: UInt64) -> UInt64 { dataPlane.pacer.lengthened(pauseMs: pauseMs) }

    /// Whether clients should be read from: not while writes pile up for a disk that lags.
    var acceptsCommands: Bool { !services.lateWriters[index].isFull }

    func receive(_ messages: [ShardMessage], host: isolated ShardHost) {
        for message in messages {
            switch message {
            case .request(let request): apply(.requested(request))
            case .reply(let number, let reply): complete(number, reply)
            case .peer(let message, let node, let link, let header, let arrivedNs):
                if case .forward = message { loop.readClocks() }
                let nowNs = loop.now.monotonicNs
                let waitedMs = (nowNs - min(arrivedNs, nowNs)) / 1_000_000
                apply(.received(message.waited(ms: waitedMs), from: node, link: link, header))
            case .answer(let link, let message): peers.answer(link, message)
            case .loaded(let key, let token, let result):
                apply(.loaded(key, token: token, result))
            case .hintsLoaded(let token, let result):
                apply(.hintsLoaded(token: token, result))
            case .hintsScanned(let token, let result):
                apply(.hintsScanned(token: token, result))
            case .durable(let batch): noteDurable(batch)
            case .lateBatchWritten(let batch): noteWritten(batch)
            case .topology(let topology): adopt(topology) {}
            case .writesHeld(let areHeld): apply(.writesHeld(areHeld))
            case .clockJudged(let judgement): apply(.clockJudged(judgement))
            case .peerJudged(let node, let liveness): apply(.peerJudged(node, liveness))
            case .peerLinkClosed(let node): control?.detector.apply(.linkClosed(node))
            case .peerTimedOut(let node): control?.detector.apply(.peerTimedOut(node))
            case .space(let isLow): apply(.spaceChanged(isLow: isLow))
            case .expiryFound(let key): apply(.expiryFound(key))
            case .control(let node, let bytes): _ = peers.send(.control(bytes), to: node)
            case .controlReceived(let bytes, let node, let link):
                control?.receive(bytes, from: node, link: link)
            case .heard(let epoch, let node): control?.heard(epoch: epoch, from: node)
            case .call(let work): work(host)
            }
        }
    }

    /// Serves by `newer` from now on. `done` is called when everything that the change drops is
    /// gone from the disk, durably.
    func adopt(_ newer: Topology, done: @escaping () -> Void) {
        guard newer.epoch > topology.epoch else { return done() }
        topology = newer
        updateRules()
        apply(.topologyAdopted(newer))
        peers.update(newer, shard: self)
        noteReachability()
        endPass()
        guard writtenOrPendingBatch > durableBatch else { return done() }
        topologyWaiters.append((writtenOrPendingBatch, done))
        requestSync()
    }

    /// No client is served any more.
    func suspend(_ reason: String) { apply(.suspended(reason)) }

    /// This node's dots up to this epoch may be forgotten.
    func forget(upTo epochMs: UInt64) {
        apply(.forgotten(upToMs: epochMs))
        if index == 0 { control?.doubt() }
    }

    private var writtenOrPendingBatch: UInt64 { max(writtenBatch, undurableBatch) }

    private func updateRules() {
        rules = ConsistencyRules(settings: configuration.consistency, topology: topology)
        hasKeyspaces = rules.dependsOnKey
        rulesGeneration += 1
    }

    // MARK: Effects

    private func carryOut() {
        guard !isCarryingOut else { return }
        isCarryingOut = true
        // Moved out one by one: a copy counts references to all that an effect holds. What follows
        // from carrying them out comes after them.
        while !effects.isEmpty {
            var due = spareEffects
            spareEffects = []
            swap(&due, &effects)
            for index in due.indices {
                var effect = DataPlane.Effect.requestSync
                swap(&effect, &due[index])
                carryOut(effect)
            }
            due.removeAll(keepingCapacity: due.count < 4096)
            spareEffects = due
        }
        isCarryingOut = false
    }

    private func carryOut(_ effect: consuming DataPlane.Effect) {
        let hold = effect.hold
        guard hold.batch <= (hold.isDurable ? durableBatch : writtenBatch) else {
            let nowNs = loop.now.monotonicNs
            if hold.isDurable {
                heldForDurable.append(effect, batch: hold.batch, nowNs: nowNs)
            } else {
                heldForWritten.append(effect, batch: hold.batch, nowNs: nowNs)
            }
            return
        }
        switch effect {
        case .load(let key, let token): load(key, token: token)
        case .store(let key, let record):
            batch.put(RecordKey.head(of: key), record, in: .objects)
        case .storeHint(let key, let value): batch.put(key, value, in: .hints)
        case .dropHint(let key): batch.delete(key, in: .hints)
        case .dropHints(let start, let end): batch.deleteRange(from: start, to: end, in: .hints)
        case .reply, .send, .answer, .loadHints, .scanHints: deliver(effect)
        case .requestSync: isSyncWanted = true
        case .dropAll: dropAll()
        case .describe(let token, let description): keyQuestions.end(token, description)
        case .peerTimedOut(let node): services.mailboxes[0].send(.peerTimedOut(node))
        case .tellOfHints(let notice): tell(notice)
        case .horizonMoved(let horizonMs):
            services.epochCeiling.note(reachedMs: horizonMs)
            services.log.warn(
                "the node has forgotten some of its writes; it goes on under new actors",
                ["horizon_ms": .integer(Int(horizonMs))])
        }
    }

    /// Sends what no longer waits.
    private func deliver(_ effect: consuming DataPlane.Effect) {
        switch effect {
        case .reply(let number, let reply, _):
            let target = RequestNumber(rawValue: number).loop
            if target == index {
                complete(number, reply)
            } else {
                services.mailboxes[target].send(.reply(number, reply))
            }
        case .send(let node, let message, _):
            if !peers.send(message, to: node), let id = message.requestID {
                // The connection broke, or too much waits on it: the same as a refusal.
                let header = PeerFrameHeader(epoch: topology.epoch, fence: 0)
                let refusal = PeerMessage.refused(id: id, .overloaded)
                apply(.received(refusal, from: node, link: LinkID(rawValue: 0), header))
            }
        case .answer(let link, let message, _):
            let target = link.loop
            if target == index {
                peers.answer(link, message)
            } else {
                services.mailboxes[target].send(.answer(link, message))
            }
        case .loadHints(let keys, let token, _): loadHints(keys, token: token)
        case .scanHints(let start, let end, let limit, let token, _):
            scanHints(from: start, to: end, limit, token: token)
        case .load, .store, .requestSync, .dropAll, .describe, .horizonMoved, .peerTimedOut,
            .storeHint, .dropHint, .dropHints, .tellOfHints:
            break
        }
    }

    private func load(_ key: ObjectKey, token: UInt64) {
        let recordKey = RecordKey.head(of: key)
        switch result(of: recordKey, mayBlock: false) {
        case .some(let result): apply(.loaded(key, token: token, result))
        case .none:
            let services = services
            let mailbox = services.mailboxes[index]
            let isAccepted = services.workers.submit {
                let found = Self.result(of: recordKey, mayBlock: true, services)
                mailbox.send(.loaded(key, token: token, found ?? .unreadable))
            }
            if !isAccepted { apply(.loaded(key, token: token, .overloaded)) }
        }
    }

    private func result(of key: [UInt8], mayBlock: Bool) -> DataPlane.LoadResult? {
        Self.result(of: key, mayBlock: mayBlock, services)
    }

    /// Nil when only the disk knows and the read may not block.
    private static func result(
        of key: [UInt8], mayBlock: Bool, _ services: NodeServices
    ) -> DataPlane.LoadResult? {
        do throws(StorageError) {
            switch try services.storage.read(key, from: .objects, mayBlock: mayBlock) {
            case .found(let record): return .record(record)
            case .absent: return .absent
            case .notInMemory: return nil
            }
        } catch {
            services.noteDamage("a record cannot be read", error)
            return .unreadable
        }
    }

    /// Deletes this shard's partitions in this pass's batch, after what the batch holds already.
    private func dropAll() {
        for partition in topology.partitioning.all
        where services.shard(of: partition) == index {
            let positions = topology.partitioning.positions(of: partition)
            let start = RecordKey.first(at: positions.lowerBound)
            let end = RecordKey.end(of: positions.upperBound)
            batch.deleteRange(from: start, to: end, in: .objects)
        }
    }

    // MARK: The end of a pass

    private var isSyncWanted = false
    private var syncWish = SyncWish()

    /// Commits the pass's stores and writes what waited for that.
    private func endPass() {
        commit()
        let clocks = PeerClocks(
            monotonicNs: loop.now.monotonicNs, wallMs: loop.now.wallMs,
            commonMs: services.clock.isShared ? now.wallMs : 0)
        peers.flush(
            PeerFrameHeader(epoch: topology.epoch, fence: dataPlane.fence, clocks: clocks))
        sessions.flush()
        // A client that had room again has gone on: its stores need a batch of their own.
        if dataPlane.hasOpenBatch { loop.requestPass() }
        setWakeTimer()
        if isSyncWanted {
            syncWish.want(writtenOrPendingBatch)
            isSyncWanted = false
            requestSync()
        }
        notePass()
    }

    /// Reads the clock once more a pass: how long it took is how long others have waited.
    private func notePass() {
        let startedNs = loop.now.monotonicNs
        let endedNs = SystemClock.monotonicNs()
        dataPlane.notePass(ns: endedNs - min(startedNs, endedNs), now: now)
    }

    /// Commits what the pass has stored, and what is stored while others hear of that: each is a
    /// batch of its own, since the one that is told of must not change any more.
    private func commit() {
        while let number = dataPlane.closeBatch() {
            swap(&batch, &closed)
            write(number)
        }
    }

    private func write(_ number: UInt64) {
        let late = services.lateWriters[index]
        if late.isBusy { return writeLate(number, late) }
        do throws(StorageError) {
            switch try services.storage.write(closed, mayStall: false) {
            case .written:
                unsyncedWrites += closed.count
                closed.clear()
                noteWritten(number)
            case .wouldStall, .diskFull: writeLate(number, late)
            }
        } catch {
            services.fail(error.description)
        }
    }

    private func writeLate(_ number: UInt64, _ late: LateWriter) {
        let mailbox = services.mailboxes[index]
        undurableBatch = number
        late.write(closed) { mailbox.send(.lateBatchWritten(number)) }
        closed.clear()
    }

    private func noteWritten(_ number: UInt64) {
        writtenBatch = max(writtenBatch, number)
        undurableBatch = max(undurableBatch, number)
        apply(.written(number))
        while let effect = heldForWritten.popUpTo(writtenBatch) { deliver(effect) }
        let isWanted = isSyncWanted || syncWish.isOpen || !topologyWaiters.isEmpty
        if isCommittingAlways || isWanted { requestSync() }
    }

    private func requestSync() {
        guard writtenBatch > durableBatch else { return }
        syncWish.ask(writtenBatch)
        services.committer.request(shard: index, batch: writtenBatch, writes: unsyncedWrites)
        unsyncedWrites = 0
    }

    private func noteDurable(_ number: UInt64) {
        durableBatch = max(durableBatch, number)
        apply(.durable(number))
        while let effect = heldForDurable.popUpTo(durableBatch) { deliver(effect) }
        for waiter in topologyWaiters where waiter.batch <= durableBatch { waiter.done() }
        topologyWaiters.removeAll { $0.batch <= durableBatch }
        if !topologyWaiters.isEmpty { requestSync() }
    }

    // MARK: Time

    private func startTimers() {
        let tick = Timer(loop: loop) { [unowned self] in ticked() }
        tick.set(afterMs: DataPlane.tickMs, repeatingEveryMs: DataPlane.tickMs)
        let second = Timer(loop: loop) { [unowned self] in secondPassed() }
        second.set(afterMs: 1000, repeatingEveryMs: 1000)
        let wake = Timer(loop: loop) { [unowned self] in woken() }
        wakeTimer = wake
        timers = [tick, second, wake]
        if case .every(let periodMs) = configuration.walSync {
            let sync = Timer(loop: loop) { [unowned self] in requestSync() }
            sync.set(afterMs: UInt64(periodMs), repeatingEveryMs: UInt64(periodMs))
            timers.append(sync)
        }
    }

    /// Sets the timer to when the data plane wants to be woken. A request that is answered in the
    /// time in which it usually is unsets it again before the loop sleeps: no system call for it.
    private func setWakeTimer() {
        let wantedNs = dataPlane.nextWakeNs
        guard wantedNs != wakeNs else { return }
        wakeNs = wantedNs
        guard wantedNs < .max else {
            wakeTimer?.cancel()
            return
        }
        let nowNs = loop.now.monotonicNs
        wakeTimer?.set(afterMs: max(1, (max(wantedNs, nowNs) - nowNs + 999_999) / 1_000_000))
    }

    private func woken() {
        wakeNs = .max
        apply(.ticked)
    }

    /// Runs `work` on the loop after a while, if the loop still runs then.
    func after(ms: UInt64, _ work: @escaping () -> Void) {
        let once = OneShot(work)
        let timer = Timer(loop: loop) { once.fire() }
        once.timer = timer
        timer.set(afterMs: ms)
    }

    /// No client waits longer for the disk than it would for replicas.
    private func giveUpHeldReplies() {
        let patienceNs = UInt64(configuration.requestTimeoutMs) * 1_000_000
        let nowNs = loop.now.monotonicNs
        guard nowNs > patienceNs else { return }
        let sinceNs = nowNs - patienceNs
        let numbers =
            heldForWritten.giveUpReplies(since: sinceNs)
            + heldForDurable.giveUpReplies(since: sinceNs)
        guard !numbers.isEmpty else { return }
        let isFull = services.storage.spaceState != .ample
        let reason = isFull ? "DISKFULL the disk is full" : "OVERLOADED the disk lags"
        let reply = Reply.error("\(reason): the answer could not be stored in time")
        for number in numbers { deliver(.reply(number, reply, after: .none)) }
    }

    private func ticked() {
        peers.ticked()
        apply(.ticked)
        giveUpHeldReplies()
        guard arePeersHeld, services.acceptsPeerWrites else { return }
        arePeersHeld = false
        peers.resumeHeld()
    }

    private func secondPassed() {
        slowlogBudget = Self.slowlogEntriesPerSecond
        sessions.secondPassed(shard: self)
        peers.secondPassed(shard: self)
        statistics.secondPassed(commands: latencies.count)
        services.epochCeiling.note(reachedMs: dataPlane.epochReachedMs)
        noteDamagedRecords()
        apply(.epochCeilingRaised(services.epochCeiling.currentMs))
        noteReachability()
    }

    /// Records whose checksums are wrong, which only the data plane sees.
    private func noteDamagedRecords() {
        let count = dataPlane.counters.corruptRecords
        if count > damagedRecords { services.reachability.noteDamage(nowNs: loop.now.monotonicNs) }
        damagedRecords = count
    }

    func stop() {
        loop.passEnded = nil
        control?.stop()
        for timer in timers { timer.close() }
        sessions.closeAll()
        peers.closeAll()
        commit()
    }
}

extension DataPlane.Effect {
    /// What it waits for before it is carried out.
    fileprivate var hold: Hold {
        switch self {
        case .reply(_, _, let hold), .send(_, _, let hold), .answer(_, _, let hold),
            .loadHints(_, _, let hold), .scanHints(_, _, _, _, let hold):
            hold
        default: .none
        }
    }
}

/// A timer that closes itself after its work.
private final class OneShot {
    var timer: Timer?
    private let work: () -> Void

    init(_ work: @escaping () -> Void) { self.work = work }

    func fire() {
        timer?.close()
        timer = nil
        work()
    }
}
