internal import Essentials
internal import Platform

/// One of the users that a driver simulates, with its connections. Confined to its loop.
protocol Client: AnyObject {
    /// Whether the driver will call when there is something to send: its to set.
    var isWaiting: Bool { get set }
    func connect()
    /// Sends what there is to send, as far as the pipeline has room.
    func pump(nowNs: UInt64)
    /// Gives connections up that have not answered since `deadlineNs`.
    func expire(unansweredSince deadlineNs: UInt64)
}

/// A stretch of a run: loading, warming up, or what is measured.
struct Phase: Sendable {
    /// Nil: the operations of the workload, on from where they were.
    var source: OperationSource?
    var operations: Int?
    var durationSeconds: Double?
    /// Operations a second of this driver; nil in the closed loop.
    var rate: Double?
}

/// Hands operations out to the clients of one loop, and measures them. Confined to its loop.
final class Driver {
    /// How long the open loop may go on after the last arrival, to work off its backlog.
    static let backlogNsMax: UInt64 = 10_000_000_000
    /// How often connections are looked after, and the end of a phase noticed without a reply.
    static let housekeepingMs: UInt64 = 100
    /// The open loop is woken no more often than this: it would cost the CPU that servers need.
    private static let wakeGapNsMin: UInt64 = 50_000
    /// A server that has answered nothing for so long will not any more.
    static let silenceNsMax: UInt64 = 30_000_000_000

    let options: Options
    let loop: EventLoop
    let writer: CommandWriter
    let status: DriverStatus
    /// Which server has which slot, when keys are sent there.
    var slots: SlotMap?
    private(set) var measurements = Measurements()
    private(set) var lastAnswerNs: UInt64 = 0
    private let share: OperationSource.Share
    private var source = OperationSource.loading(keyCount: 0)
    private var clients: [any Client] = []
    private var isRunning = false
    /// Nothing is taken any more; what was taken is still answered.
    private var isDraining = false
    private var deadlineNs = UInt64.max
    private var inFlight = 0
    private var schedule: ArrivalSchedule?
    /// Clients of the open loop that nothing was due for.
    private var waiting: [any Client] = []
    /// Set for when there is something for them.
    private var arrival: PreciseTimer?
    private var wokenNs: UInt64 = 0
    private var housekeeping: Timer?

    init(
        options: Options, slots: SlotMap?, share: OperationSource.Share, loop: EventLoop,
        status: DriverStatus
    ) {
        self.options = options
        self.slots = slots
        self.share = share
        self.loop = loop
        self.status = status
        writer = options.commands
        useWorkload()
        for index in stride(from: share.index, to: options.connections, by: share.count) {
            clients.append(
                options.wire == .etcd
                    ? EtcdClient(self, index: index) : RedisClient(self, index: index))
        }
        do throws(PlatformError) {
            arrival = try PreciseTimer(loop: loop) { [unowned self] in arrivalsDue() }
        } catch {
            status.fail(error.description)
        }
        housekeeping = Timer(loop: loop) { [unowned self] in keepHouse() }
        housekeeping?.set(
            afterMs: Self.housekeepingMs, repeatingEveryMs: Self.housekeepingMs)
        for client in clients { client.connect() }
    }

    var isOpenLoop: Bool { schedule != nil }

    // MARK: Phases

    /// Begins a phase; the one before must have finished.
    func begin(_ phase: Phase, nowNs: UInt64) {
        invariant(inFlight == 0, "a phase began before the last one had ended")
        measurements = Measurements()
        lastAnswerNs = nowNs
        if let own = phase.source {
            source = own
        } else {
            source.remaining = phase.operations ?? .max
        }
        deadlineNs = phase.durationSeconds.map { nowNs + UInt64($0 * 1e9) } ?? .max
        schedule = phase.rate.map {
            ArrivalSchedule(
                ratePerSecond: $0, spacing: options.spacing, startNs: nowNs,
                // Arrivals of several threads must not fall together.
                seed: options.seed &+ UInt64(share.index))
        }
        for client in waiting { client.isWaiting = false }
        waiting = []
        isRunning = true
        isDraining = false
        for client in clients { client.pump(nowNs: nowNs) }
    }

    /// Makes the operations those of the workload, from its first one.
    func useWorkload() {
        source = OperationSource(
            options.workload, distribution: options.keys, keyCount: options.keyCount,
            seed: options.seed, share: share)
    }

    private func drain() {
        isDraining = true
        finishIfDrained()
    }

    private func finishIfDrained() {
        guard isRunning, isDraining, inFlight == 0 else { return }
        isRunning = false
        status.phaseFinished()
    }

    // MARK: Operations

    /// The next operation for a client that has room; nil when there is none now. In the open loop
    /// the client is then called when there is one.
    func take(for client: any Client, nowNs: UInt64) -> Operation? {
        guard isRunning, !isDraining else { return nil }
        var startNs = nowNs
        if let due = schedule?.nextNs {
            guard due < deadlineNs else {
                drain()
                return nil
            }
            guard due <= nowNs else {
                wait(client)
                return nil
            }
            startNs = due
            schedule?.advance()
        } else if nowNs >= deadlineNs {
            drain()
            return nil
        }
        guard var operation = source.next() else {
            drain()
            return nil
        }
        operation.startNs = startNs
        inFlight += 1
        return operation
    }

    /// Time has come for operations of the open loop, or for its end.
    private func arrivalsDue() {
        let nowNs = SystemClock.monotonicNs()
        wokenNs = nowNs
        while let dueNs, dueNs <= nowNs, !waiting.isEmpty {
            let client = waiting.removeFirst()
            client.isWaiting = false
            client.pump(nowNs: nowNs)
        }
        awaitArrival()
    }

    /// When something is to be done for those who wait; nil in the closed loop.
    private var dueNs: UInt64? { schedule.map { min($0.nextNs, deadlineNs) } }

    private func awaitArrival() {
        guard let dueNs, let arrival, !waiting.isEmpty, !arrival.isSet else { return }
        arrival.set(atNs: max(dueNs, wokenNs + Self.wakeGapNsMin))
    }

    private func wait(_ client: any Client) {
        guard !client.isWaiting else { return }
        client.isWaiting = true
        waiting.append(client)
        awaitArrival()
    }

    func succeeded(_ operation: Operation, nowNs: UInt64) {
        if operation.kind == .insert { source.acknowledgeInsert() }
        measurements.succeed(operation.kind, latencyNs: nowNs &- operation.startNs)
        settle(nowNs)
    }

    func failed(_ operation: Operation, code: String, nowNs: UInt64) {
        measurements.fail(code)
        settle(nowNs)
    }

    func readNothing() { measurements.countAbsent() }

    func readWrongValue() { measurements.countWrong() }

    private func settle(_ nowNs: UInt64) {
        lastAnswerNs = nowNs
        inFlight -= 1
        if isDraining { finishIfDrained() }
    }

    // MARK: Housekeeping

    private func keepHouse() {
        let nowNs = SystemClock.monotonicNs()
        let patienceNs = UInt64(options.timeoutSeconds * 1e9)
        for client in clients { client.expire(unansweredSince: nowNs &- min(nowNs, patienceNs)) }
        guard isRunning else { return }
        if status.isStopRequested { return drain() }
        if isOpenLoop {
            if deadlineNs < .max, nowNs > deadlineNs + Self.backlogNsMax { abandonBacklog() }
        } else if nowNs >= deadlineNs {
            drain()
        }
        if nowNs &- lastAnswerNs > Self.silenceNsMax + patienceNs, inFlight == 0, !isDraining {
            if !isOpenLoop || waiting.isEmpty { status.fail("no server answers any more") }
        }
    }

    /// Counts what was due and never sent as errors: leaving it out would hide the overload.
    private func abandonBacklog() {
        var unsent: UInt64 = 0
        while let due = schedule?.nextNs, due < deadlineNs {
            schedule?.advance()
            unsent += 1
        }
        if unsent > 0 { measurements.fail("UNSENT", count: unsent) }
        drain()
    }
}
