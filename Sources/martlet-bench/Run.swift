internal import Essentials
internal import Glibc
internal import Platform

/// A whole run: connects, loads, warms up, measures. Belongs to the main thread, which looks at the
/// drivers now and then; these are on loops of their own.
struct Run {
    /// How often it looks: what a run is longer than its end.
    private static let pollUs: UInt32 = 2000
    private static let progressNs: UInt64 = 1_000_000_000
    private static let discoveryNsMax: UInt64 = 10_000_000_000

    let options: Options
    private let status: DriverStatus
    private let progress: Progress
    private let loops: [EventLoop]
    private var drivers: [Confined<Driver>] = []
    private var finishedPhases = 0

    init(_ options: Options, status: DriverStatus, progress: Progress) throws(Failure) {
        self.options = options
        self.status = status
        self.progress = progress
        var loops: [EventLoop] = []
        do throws(PlatformError) {
            for index in 0..<options.threads {
                loops.append(try EventLoop(name: "bench-\(index)"))
            }
        } catch {
            throw .failed(error.description)
        }
        self.loops = loops
    }

    mutating func perform() throws(Failure) -> Report {
        // A server that does not exist is worth knowing before the run.
        for id in options.serverProcesses { _ = try ServerProcess.sample(id) }
        for loop in loops { loop.start() }
        defer { for loop in loops { loop.stop() } }
        try connect(slots: options.isCluster ? try discoverSlots() : nil)
        let options = options
        if options.workload.name == Workload.load.name { return try load() }
        if options.loadsFirst {
            let loaded = try load()
            progress.say(loaded.loadLine)
            useWorkload()
        }
        if options.warmUpSeconds > 0, !status.isStopRequested {
            _ = try measure(name: "warm-up") { _ in
                Phase(durationSeconds: options.warmUpSeconds, rate: options.ratePerThread)
            }
        }
        return try measure(name: options.workload.name) { share in
            Phase(
                operations: options.operations.map { share.part(of: $0).count },
                durationSeconds: options.operations == nil ? options.durationSeconds : nil,
                rate: options.ratePerThread)
        }
    }

    private mutating func load() throws(Failure) -> Report {
        let keyCount = options.keyCount
        return try measure(name: "load") { share in
            Phase(source: .loading(keyCount: keyCount, share: share))
        }
    }

    // MARK: Steps

    private func discoverSlots() throws(Failure) -> SlotMap {
        let outcome = SlotOutcome()
        let (options, loop) = (options, loops[0])
        loop.perform { SlotDiscovery.run(options, loop: loop) { outcome.set($0) } }
        let startNs = SystemClock.monotonicNs()
        while SystemClock.monotonicNs() - startNs < Self.discoveryNsMax {
            if let result = outcome.get() { return try result.get() }
            if status.isStopRequested { throw .failed("interrupted") }
            usleep(Self.pollUs)
        }
        throw .failed("\(options.servers[0]): no answer to CLUSTER SLOTS")
    }

    private mutating func connect(slots: SlotMap?) throws(Failure) {
        let (options, status) = (options, status)
        for (index, loop) in loops.enumerated() {
            let share = OperationSource.Share(index: index, count: loops.count)
            let driver = loop.perform {
                Confined(
                    Driver(
                        options: options, slots: slots, share: share, loop: loop, status: status),
                    to: loop)
            }
            drivers.append(driver)
        }
        while status.readyClients < options.connections {
            if let failure = status.failure { throw .failed(failure) }
            if status.isStopRequested { throw .failed("interrupted") }
            usleep(Self.pollUs)
        }
    }

    private func useWorkload() {
        for (index, driver) in drivers.enumerated() {
            loops[index].perform { driver.value.useWorkload() }
        }
    }

    /// Runs one phase on all drivers, and returns what it has measured.
    private mutating func measure(
        name: String, _ phase: (OperationSource.Share) -> Phase
    ) throws(Failure) -> Report {
        let before = try sampleServers()
        let cpuBefore = ProcessFacts.processorSeconds
        let startNs = SystemClock.monotonicNs()
        for (index, driver) in drivers.enumerated() {
            let own = phase(OperationSource.Share(index: index, count: drivers.count))
            loops[index].perform { driver.value.begin(own, nowNs: startNs) }
        }
        finishedPhases += drivers.count
        let intervals = try waitForDrivers(name: name, startNs: startNs)
        let after = try sampleServers()
        let cpuAfter = ProcessFacts.processorSeconds
        let (total, endNs) = collect()
        return Report(
            workload: name, seconds: Double(endNs - startNs) / 1e9, measurements: total,
            servers: zip(before, after).map { ($0.id, $0.usage.used(until: $1.usage)) },
            driverSeconds: cpuAfter.user + cpuAfter.system - cpuBefore.user - cpuBefore.system,
            threads: drivers.count, intervals: intervals)
    }

    /// Waits until the phase is over, and returns its seconds one by one if they are wanted.
    private func waitForDrivers(
        name: String, startNs: UInt64
    ) throws(Failure) -> [Interval] {
        var nextNs = startNs + Self.progressNs
        var last = Measurements()
        var intervals: [Interval] = []
        let isWatched = progress.isWanted || options.wantsSeconds
        while status.finishedPhases < finishedPhases {
            if let failure = status.failure { throw .failed(failure) }
            usleep(Self.pollUs)
            let nowNs = SystemClock.monotonicNs()
            guard isWatched, nowNs >= nextNs else { continue }
            let (current, _) = collect()
            if options.wantsSeconds {
                let endSeconds = Double(nowNs - startNs) / 1e9
                intervals.append(Interval(endSeconds: endSeconds, current, since: last))
            }
            progress.tick(
                name, seconds: Int((nextNs - startNs) / Self.progressNs), current, since: last)
            last = current
            nextNs += Self.progressNs
        }
        progress.endLine()
        return intervals
    }

    /// What all drivers have measured together, and when the last reply came.
    private func collect() -> (total: Measurements, lastAnswerNs: UInt64) {
        var total = Measurements()
        var lastNs: UInt64 = 0
        for (index, driver) in drivers.enumerated() {
            let (own, ownNs) = loops[index].perform {
                (driver.value.measurements, driver.value.lastAnswerNs)
            }
            total.merge(own)
            lastNs = max(lastNs, ownNs)
        }
        return (total, lastNs)
    }

    private func sampleServers() throws(Failure) -> [(id: Int32, usage: ServerProcess)] {
        var samples: [(id: Int32, usage: ServerProcess)] = []
        for id in options.serverProcesses { samples.append((id, try ServerProcess.sample(id))) }
        return samples
    }
}
