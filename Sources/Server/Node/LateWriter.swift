internal import Platform
internal import Storage
internal import Synchronization

/// Writes the batches that RocksDB would have stalled, in their order, on a thread that may wait.
///
/// While one batch of a shard is here, its later ones must come here too; `isBusy` says so. The
/// shard stops reading from clients when too much waits.
final class LateWriter: Sendable {
    private let worker: WorkerPool
    private let storage: any StorageEngine
    private let failed: @Sendable (StorageError) -> Void
    private let waitingBytes = Atomic<Int>(0)
    private let written = Atomic<UInt64>(0)
    private let isStopping = Atomic<Bool>(false)

    /// A shard that has this much waiting takes no more commands: two memtables' worth.
    static let waitingBytesMax = 32 << 20

    init(
        storage: any StorageEngine, name: String,
        failed: @escaping @Sendable (StorageError) -> Void
    ) {
        self.storage = storage
        self.failed = failed
        worker = WorkerPool(name: name, threads: 1, queueMax: 65_536)
    }

    /// Batches written so far.
    var count: UInt64 { written.load(ordering: .relaxed) }
    /// Bytes that wait now.
    var queuedBytes: Int { waitingBytes.load(ordering: .relaxed) }
    var isBusy: Bool { waitingBytes.load(ordering: .acquiring) > 0 }
    var isFull: Bool { waitingBytes.load(ordering: .relaxed) > Self.waitingBytesMax }

    /// Writes `batch` after all before it. `done` is called when it is written; never, when the
    /// node stops while the disk has no room: nobody has been told of the batch then.
    func write(_ batch: WriteBatch, done: @escaping @Sendable () -> Void) {
        let size = batch.byteCount
        waitingBytes.wrappingAdd(size, ordering: .acquiringAndReleasing)
        let isAccepted = worker.submit { [self] in
            do throws(StorageError) {
                while try storage.write(batch, mayStall: true) != .written {
                    // The disk is full to the last reserve; space may return.
                    if isStopping.load(ordering: .relaxed) { return }
                    Pause.milliseconds(50)
                }
            } catch {
                return failed(error)
            }
            waitingBytes.wrappingSubtract(size, ordering: .acquiringAndReleasing)
            written.wrappingAdd(1, ordering: .relaxed)
            done()
        }
        if !isAccepted {
            failed(.full(reason: "too many batches wait for the disk"))
        }
    }

    /// Writes what waits, if there is room for it, and ends.
    func shutdown() {
        isStopping.store(true, ordering: .relaxed)
        worker.shutdown()
    }
}
