internal import Essentials
internal import Platform
internal import Simulator
internal import Synchronization

/// Runs many seeds, some at once, and gathers what came of them.
final class Soak: Sendable {
    struct Totals: Sendable {
        var seeds = 0
        var virtualMs: UInt64 = 0
        var exercise = Exercise()
        /// Runs that broke a rule, in the order in which they ended.
        var failed: [SimulationResult] = []
        /// Why runs could not be made at all.
        var troubles: [String] = []
    }

    private struct State {
        var next: UInt64
        /// Seeds that may still be begun; nil for any number.
        var left: Int?
        var running: Int
        var totals = Totals()
    }

    /// More failing seeds than this need no further one.
    private static let failedMax = 10

    /// Only seeds of this kind are run.
    private let kind: RunKind?
    private let deadlineNs: UInt64
    private let state: Mutex<State>

    init(_ options: Options, firstSeed: UInt64) {
        kind = options.kind
        deadlineNs =
            options.seconds.map { SystemClock.monotonicNs() + UInt64($0) * 1_000_000_000 } ?? .max
        state = Mutex(State(next: firstSeed, left: options.seeds, running: options.jobs))
    }

    /// Runs everything; tells `progress` now and then.
    func run(jobs: Int, progress: (Totals) -> Void) -> Totals {
        let pool = WorkerPool(name: "sim", threads: jobs, queueMax: jobs)
        for _ in 0..<jobs { _ = pool.submit { self.work() } }
        while state.withLock({ $0.running > 0 }) {
            SystemClock.sleep(ms: 100)
            progress(state.withLock { $0.totals })
        }
        pool.shutdown()
        return state.withLock { $0.totals }
    }

    private func work() {
        while let seed = take() {
            do {
                let result = try SimulationResult(running: seed)
                state.withLock { $0.totals.add(result) }
            } catch {
                state.withLock { $0.totals.troubles.append("seed \(seed): \(error)") }
            }
        }
        state.withLock { $0.running -= 1 }
    }

    private func isWanted(_ kind: RunKind) -> Bool { self.kind.map { $0 == kind } ?? kind.isUsual }

    private func take() -> UInt64? {
        state.withLock { state in
            guard state.left != 0, state.totals.failed.count < Self.failedMax,
                state.totals.troubles.isEmpty, SystemClock.monotonicNs() < deadlineNs
            else { return nil }
            while !isWanted(RunKind(of: state.next)) { state.next &+= 1 }
            if let left = state.left { state.left = left - 1 }
            defer { state.next &+= 1 }
            return state.next
        }
    }
}

extension Soak.Totals {
    mutating func add(_ result: SimulationResult) {
        seeds += 1
        virtualMs += result.virtualMs
        exercise.add(result.exercise)
        if !result.findings.isEmpty { failed.append(result) }
    }
}
