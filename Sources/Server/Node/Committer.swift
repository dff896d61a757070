internal import Engine
internal import Platform
internal import Storage
internal import Synchronization

/// Group commit: one fsync of the log for all batches of all shards that wait for it.
///
/// While one fsync runs, the batches written meanwhile gather for the next, and where many write, a
/// little longer (`SyncPace`). It runs on a thread of its own, so no loop waits for a disk. A
/// failed fsync ends the process: what the page cache holds after it cannot be trusted, and neither
/// can a second try.
final class Committer: Sendable {
    private struct State {
        /// The latest written batch of each shard that somebody wants durable; 0 for none.
        var wanted: [UInt64]
        /// How many writes these are; a batch that is asked for again adds none.
        var writes = 0
        var pace = SyncPace()
        var isRunning = false
    }

    private let state: Mutex<State>
    private let storage: any StorageEngine
    private let worker = WorkerPool(name: "wal-sync", threads: 1, queueMax: 4)
    private let durable: @Sendable (_ shard: Int, _ batch: UInt64) -> Void
    private let failed: @Sendable (StorageError) -> Void
    private let syncCount = Atomic<UInt64>(0)
    private let syncNs = Atomic<UInt64>(0)

    init(
        storage: any StorageEngine, shards: Int,
        durable: @escaping @Sendable (_ shard: Int, _ batch: UInt64) -> Void,
        failed: @escaping @Sendable (StorageError) -> Void
    ) {
        self.storage = storage
        self.durable = durable
        self.failed = failed
        state = Mutex(State(wanted: [UInt64](repeating: 0, count: shards)))
    }

    /// How many fsyncs there were: for metrics.
    var count: UInt64 { syncCount.load(ordering: .relaxed) }
    /// How long they took together.
    var durationNs: UInt64 { syncNs.load(ordering: .relaxed) }

    /// Makes every batch of `shard` up to `batch` durable, which must be written already, and
    /// tells.
    ///
    /// - Parameter writes: how many have come since it was asked the last time.
    func request(shard: Int, batch: UInt64, writes: Int) {
        let mustStart = state.withLock { state in
            state.wanted[shard] = max(state.wanted[shard], batch)
            state.writes += writes
            defer { state.isRunning = true }
            return !state.isRunning
        }
        if mustStart { _ = worker.submit { self.run() } }
    }

    func shutdown() { worker.shutdown() }

    private func run() {
        while true {
            let pauseNs = state.withLock {
                $0.pace.pauseNs(waiting: $0.writes, nowNs: SystemClock.monotonicNs())
            }
            if pauseNs > 0 { SystemClock.sleep(us: UInt32(pauseNs / 1000)) }
            let startedNs = SystemClock.monotonicNs()
            guard let batches = take(nowNs: startedNs) else { return }
            do throws(StorageError) {
                try storage.sync()
            } catch {
                return failed(error)
            }
            syncNs.wrappingAdd(SystemClock.monotonicNs() - startedNs, ordering: .relaxed)
            syncCount.wrappingAdd(1, ordering: .relaxed)
            for shard in batches.indices where batches[shard] > 0 { durable(shard, batches[shard]) }
        }
    }

    private func take(nowNs: UInt64) -> [UInt64]? {
        state.withLock { state in
            guard state.wanted.contains(where: { $0 > 0 }) else {
                state.isRunning = false
                return nil
            }
            let batches = state.wanted
            state.pace.noteStart(writes: state.writes, nowNs: nowNs)
            state.writes = 0
            for shard in state.wanted.indices { state.wanted[shard] = 0 }
            return batches
        }
    }
}
