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

    var isBusy: Bool { waitingBytes.load(ordering: .acquiring) > 0 }
    var isFull: Bool { waitingBytes.load(ordering: .relaxed) > Self.waitingBytesMax }

    func write(_ batch: WriteBatch, written: @escaping @Sendable () -> Void) {
        let size = batch.byteCount
        waitingBytes.wrappingAdd(size, ordering: .acquiringAndReleasing)
        let isAccepted = worker.submit { [self] in
            do throws(StorageError) {
                while try storage.write(batch, mayStall: true) != .written {
                    // The disk is full to the last reserve; space may return.
                    Pause.milliseconds(50)
                }
            } catch {
                return failed(error)
            }
            waitingBytes.wrappingSubtract(size, ordering: .acquiringAndReleasing)
            written()
        }
        if !isAccepted {
            failed(.full(reason: "too many batches wait for the disk"))
        }
    }

    func shutdown() { worker.shutdown() }
}
