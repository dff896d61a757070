internal import Causality
internal import Commands
public import Essentials
public import Membership
internal import Objects
internal import Placement
internal import Replication
internal import Wire

/// All that happens to the keys of one shard: coordinating clients' commands, answering peers as a
/// replica, and the objects in memory.
///
/// Ordering contract: effects are carried out in order; a `reply`, `send` or `answer` leaves when
/// what it holds for has happened to its batch, and not before. After every pass of its loop the
/// server calls `closeBatch`, commits the stores as one RocksDB batch, and tells `written` and
/// later `durable`.
///
/// Messages of a write leave once it is written, before it is durable; the fsyncs of all replicas
/// then run side by side. A dot may therefore be known elsewhere and forgotten here by a power
/// failure, which is why the trust horizon moves at every unclean start.
///
/// Confined to its shard's loop.
public struct DataPlane: Sendable {
    /// How often `ticked` is due, in ms: the grain of time-outs.
    public static let tickMs: UInt64 = 10
    /// Bytes of the records of writes under way at once, with the same answer past it.
    static let writeBytesMax = 256 << 20
    /// Bytes of values among them: four of the largest.
    static let parkedBytesMax = 64 << 20

    public internal(set) var counters = Counters()
    public internal(set) var trustHorizonMs: UInt64
    /// By how much the keys with a value have become more or fewer since the start, or since the
    /// last flush, in each partition. Keys past their deadlines count until the sweeper comes.
    public internal(set) var keyCountChanges: [Int] = []

    var settings: Settings
    var routing: Routing
    var cache: ObjectCache
    var clock: HybridClock
    var reads = FlightTable<ReadFlight>(.read)
    var writes = FlightTable<WriteFlight>(.write)
    var forwards = FlightTable<ForwardFlight>(.forward)
    var lanes = ForwardLanes()
    /// Whether some lanes were begun under another placement.
    var areLanesOld = false
    var clockBounds = ClockBounds()
    var forwardsTaken = ForwardsTaken()
    /// Counts what was forwarded, and what of it was handed over and writes.
    var forwardsBegun: UInt64 = 0
    var lastForwardSequence: UInt64 = 0
    /// The last time from which on a command that was taken is too old to be begun: none is after.
    public internal(set) var latestBeginNs: UInt64 = 0
    /// Until when somebody may wait for what this node does in want of a primary.
    var standInsUntilNs: UInt64 = 0
    /// Counts the passes of the loop.
    private(set) var passes: UInt64 = 0
    /// Requests that reads under way serve or let wait.
    var readRequestCount = 0
    /// Reads whose requests are answered and that only wait for answers to count.
    var detachedCount = 0
    /// The reads that repair replicas after their answer, by key: one for a key at a time. Looked
    /// up and never iterated.
    var backgroundRepairs: [ObjectKey: UInt64] = [:]
    var hedging = HedgeBudget()
    /// By node number: how fast replicas compare, and how fast coordinators answer.
    var readPaces: [ReplicaPace] = []
    var forwardPaces: [ReplicaPace] = []
    var parked = ParkedEvents()
    /// Own stores whose batches are not yet as durable as their acknowledgement needs.
    var ownStores = OwnStores()
    var deadlines = DeadlineWheel(tickMs: Self.tickMs)
    /// When requests are to be looked at since those who were asked may be late: as finely as
    /// timers go.
    var late = DeadlineWheel(tickMs: 1)
    /// The number that this pass's stores will have.
    var batch: UInt64 = 1
    var batchHasStores = false
    var writtenBatch: UInt64 = 0
    var durableBatch: UInt64 = 0
    /// The batch with a flush's `dropAll`, until it is written; 0 for none.
    var dropBatch: UInt64 = 0
    /// Loads up to this token may have read what a flush was about to drop.
    var staleLoads: UInt64 = 0
    var lastEpochMs: UInt64 = 0
    /// What epochs must not exceed, since the disk promises it: a clock that jumps ahead of the
    /// next promise stands still for epochs.
    var epochCeilingMs: UInt64
    var standInDots: StandInDots
    var isSpaceLow = false
    /// What clients are told while there is nothing to serve them by.
    var suspension = "CLUSTERDOWN this node is not part of a cluster yet"
    private var isSuspended = false
    /// Whether this node's own clock can be trusted with coordinating.
    public internal(set) var clockJudgement = ClockJudgement.sound
    /// Whether clients' writes wait for a decision about the members.
    public internal(set) var areWritesHeld = false
    var inquiries = KeyInquiries()
    var rescues = Rescues()
    var standing: Standing
    /// What background work of this shard goes by. The server tells it how long foreground work
    /// took; without that it gives full speed.
    public var pacer = Pacer()
    public var admission = Admission()
    var timeouts = PeerTimeouts()
    var fallbackLists = FallbackLists()
    var hints = HintStore()
    var contests = Contests()
    /// Writes that their clients know of, and that some replica has not answered yet.
    var lingeringWrites = 0
    /// Bytes of the records of all writes under way.
    public internal(set) var writeBytes = 0

    public init(settings: Settings, topology: Topology?) {
        self.settings = settings
        routing = Routing(node: settings.node)
        cache = ObjectCache(bytesMax: settings.cacheBytesMax)
        clock = HybridClock(driftMsMax: settings.driftMsMax)
        trustHorizonMs = settings.trustHorizonMs
        epochCeilingMs = settings.epochCeilingMs
        standInDots = StandInDots(usedMs: settings.epochsUsedMs)
        standing = Standing(
            isNeeded: settings.confirmsEpoch && settings.bug != .servesUnconfirmed)
        if settings.waitsForClock { clockJudgement = .unknown }
        if let topology { routing.adopt(topology) }
        passFlushStamp()
    }

    /// The most actor epochs reach to: what a clean stop writes down as the next horizon's floor.
    public var epochReachedMs: UInt64 { max(lastEpochMs, trustHorizonMs) }

    /// The epoch that last changed who holds what: part of every frame's header.
    public var fence: UInt64 { routing.fence }

    /// The epoch of the topology that this shard serves by.
    public var epoch: UInt64 { routing.epoch }

    /// Whether requests are sent to the node.
    public func canReach(_ node: NodeNumber) -> Bool { routing.canReach(node) }

    /// Bytes of decoded objects held in memory.
    public var cacheBytes: Int { cache.bytes }
    public var inFlightCount: Int {
        readRequestCount + writes.count - lingeringWrites + forwards.count + contests.count
    }
    var isFull: Bool {
        inFlightCount >= settings.inFlightMax || writeBytes >= settings.writeBytesMax
    }
    public var parkedCount: Int { parked.count }

    /// Requests under way that write, or may. Looks at all of them.
    public var writesInFlightCount: Int {
        let arrivals =
            reads.ids.flatMap { reads[$0].map { $0.served + $0.waiting } ?? [] }
            + forwards.ids.compactMap { forwards[$0]?.arrival }
        return writes.count + contests.writesCount
            + arrivals.count { $0.request.operation.kind != .read }
    }

    /// What is kept for whom: for admins.
    public var hintFigures: [HintFigures] {
        hints.deliveries.map { delivery in
            let sum = hints.accounts.summary(of: delivery.target)
            return HintFigures(
                target: delivery.target, records: sum.records, bytes: sum.bytes,
                oldestMs: sum.oldestMs, isDelivering: delivery.isRunning, rate: delivery.rate,
                delivered: delivery.delivered,
                dirty: hints.accounts.dirty(of: delivery.target).map(\.partition))
        }
    }

    /// The sum of `keyCountChanges`.
    public var liveKeys: Int { keyCountChanges.reduce(0, +) }

    /// Whether stores wait for `closeBatch`.
    public var hasOpenBatch: Bool { batchHasStores }

    /// When `ticked` is due for the sake of a request whose replicas may be late, or of background
    /// work that may then go on; .max for never. To be asked at the end of a pass: requests that
    /// are answered in time cost no timer.
    public var nextWakeNs: UInt64 {
        let lateNs = reads.count == detachedCount && forwards.count == 0 ? .max : late.nextNs
        return min(lateNs, hints.wakeNs)
    }

    mutating func countPass() { passes += 1 }

    /// Ends a pass: returns the number of the batch that this pass's stores form, or nil without
    /// any.
    public mutating func closeBatch() -> UInt64? {
        guard batchHasStores else { return nil }
        batchHasStores = false
        defer { batch += 1 }
        return batch
    }

    /// Takes note of `event` and appends what is to be done to `effects`, in order.
    public mutating func apply(_ event: Event, now: Now, into effects: inout [Effect]) {
        switch event {
        case .requested(let request): admit(request, now: now, into: &effects)
        case .received(let message, let node, let link, let header):
            receive(message, from: node, link: link, header, now: now, into: &effects)
        case .loaded(let key, let token, let result):
            loaded(key, token: token, result, now: now, into: &effects)
        case .written(let batch):
            noteWritten(batch)
            settleOwnStores(now: now, into: &effects)
            answerStoredHints(now: now, into: &effects)
        case .durable(let batch):
            durableBatch = max(durableBatch, batch)
            settleOwnStores(now: now, into: &effects)
            answerStoredHints(now: now, into: &effects)
        case .clockHeard(let node, let remoteNs, let atNs):
            clockBounds.note(node, remoteNs: remoteNs, atNs: atNs)
        case .linkOpened(let node):
            routing.setReachable(node, true)
            clockBounds.forget(node)
            makePaces(for: node)
            hurryHints(to: node)
            askForEpoch(onLinkTo: node, now: now, into: &effects)
        case .linkClosed(let node):
            routing.setReachable(node, false)
            clockBounds.forget(node)
            giveUp(on: node, now: now, into: &effects)
        case .peerJudged(let node, let liveness):
            routing.judge(node, liveness)
            // A process that stands still closes no connection.
            if liveness == .dead { giveUp(on: node, now: now, into: &effects) }
            if liveness == .alive { hurryHints(to: node) }
        case .topologyAdopted(let topology): adopt(topology, now: now, into: &effects)
        case .suspended(let reason): suspend(reason, now: now, into: &effects)
        case .forgotten(let upToMs): moveHorizon(pastEpochMs: upToMs, now: now, into: &effects)
        case .writesHeld(let areHeld): areWritesHeld = areHeld
        case .epochCeilingRaised(let ceilingMs): epochCeilingMs = max(epochCeilingMs, ceilingMs)
        case .spaceChanged(let isLow): isSpaceLow = isLow
        case .clockJudged(let judgement): clockJudgement = judgement
        case .limitsChanged(let driftMsMax, let valueSizeMax):
            clock.driftMsMax = driftMsMax
            settings.driftMsMax = driftMsMax
            settings.valueSizeMax = valueSizeMax
        case .descriptionWanted(let key, let token, let timeoutMs):
            describe(key, token: token, timeoutMs: timeoutMs, now: now, into: &effects)
        case .expiryFound(let key): expire(key, now: now, into: &effects)
        case .hintsFound(let accounts): takeAccounts(accounts, now: now)
        case .hintsLoaded(let token, let result):
            hintsLoaded(token, result, now: now, into: &effects)
        case .hintsScanned(let token, let result):
            hintsScanned(token, result, now: now, into: &effects)
        case .hintLimitsChanged(let bytesMax, let ageMsMax):
            settings.hintBytesMax = bytesMax
            settings.hintAgeMsMax = ageMsMax
        case .ticked:
            tendStanding(now: now, into: &effects)
            pacer.tick(nowNs: now.monotonicNs)
            cache.settle(writtenBatch: writtenBatch)
            giveUpParked(now: now, into: &effects)
            tick(now: now, into: &effects)
            endDueInquiries(now: now, into: &effects)
            endDueRescues(now: now, into: &effects)
        }
    }

    /// Nobody waits for answers of a node that cannot be reached any more.
    private mutating func giveUp(
        on node: NodeNumber, now: Now, into effects: inout [Effect]
    ) {
        failRequests(on: node, now: now, into: &effects)
        failInquiries(on: node, into: &effects)
        failRescues(on: node, now: now, into: &effects)
    }

    /// What is under way is not acknowledged either.
    private mutating func suspend(
        _ reason: String, now: Now, into effects: inout [Effect]
    ) {
        isSuspended = true
        suspension = "CLUSTERDOWN \(reason)"
        let table = routing.table
        routing = Routing(node: settings.node)
        abandonRequests(under: table, now: now, into: &effects)
    }

    private mutating func adopt(_ topology: Topology, now: Now, into effects: inout [Effect]) {
        guard topology.epoch > routing.epoch, !isSuspended else { return }
        let isFlush = topology.flushStamp > routing.flushStamp.rawValue
        let (fence, table) = (routing.fence, routing.table)
        routing.adopt(topology)
        if routing.fence != fence {
            fallbackLists.forget()
            endStandIns()
            endAllPasses()
            refuseArrivals(into: &effects)
            abandonRescues(into: &effects)
            // Replicas are named by their places, which mean nothing in another placement.
            abandonRequests(under: isFlush ? nil : table, now: now, into: &effects)
            placementChanged()
        }
        defer { settleStanding(now: now, into: &effects) }
        guard isFlush else { return }
        passFlushStamp()
        if settings.bug != .flushKeepsMemory { cache.removeAll() }
        keyCountChanges = []
        // Past all epochs that were given out: a flush by a wrong clock does not move them.
        let usedMs = min(routing.flushStamp.wallMs, max(epochCeilingMs, 1) - 1)
        moveHorizon(pastEpochMs: usedMs, now: now, into: &effects)
        batchHasStores = true
        dropBatch = batch
        effects.append(.dropAll)
        dropAllHints(now: now, into: &effects)
    }

    /// Every stamp to come is later than the flush, wherever the wall clock stands: replicas drop
    /// what is not, and would take this node's writes for flushed ones.
    private mutating func passFlushStamp() {
        clock.pass(routing.flushStamp)
    }

    private mutating func noteWritten(_ batch: UInt64) {
        writtenBatch = max(writtenBatch, batch)
        guard dropBatch > 0, writtenBatch >= dropBatch else { return }
        dropBatch = 0
        staleLoads = parked.lastToken
    }
}
