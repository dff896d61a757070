/// A durable, ordered map from bytes to bytes in a few families, written by atomic batches.
///
/// There are two engines, `RocksDBStorage` and `MemoryStorage`, held to one conformance suite.
/// Every operation may be called from any thread at any time, except `close`, which must be the
/// last call.
///
/// Invariant: a read or scan that begins after a `write` has returned sees the batch, whole.
/// Invariant: what was written before `sync` began is on the disk when it returns.
/// Invariant: no operation ends early without an error. A scan that meets a corrupt block throws.
public protocol StorageEngine: AnyObject, Sendable {
    /// Returns the value of `key`.
    ///
    /// With `mayBlock: false` only memory is asked, so that a loop may call it; where the answer
    /// would need the disk, it is `.notInMemory`. A read with `mayBlock: true`, made off the loop,
    /// brings the block into memory, and the loop's next try succeeds.
    func read(
        _ key: [UInt8], from family: Family, mayBlock: Bool
    ) throws(StorageError) -> ReadResult

    /// Applies `batch`, whole or not at all. It survives the end of the process when this returns,
    /// and a power failure after the next `sync`.
    ///
    /// With `mayStall: false` it does not wait for flushes or compactions that lag behind: where it
    /// would have to, the answer is `.wouldStall` and nothing was written.
    ///
    /// An error is final: the engine may no longer be trusted to write, and the process should end.
    func write(_ batch: borrowing WriteBatch, mayStall: Bool) throws(StorageError) -> WriteResult

    /// Makes everything durable that was written before the call. Blocks for an fsync.
    ///
    /// One thread calls it for all batches that wait (group commit); writes go on meanwhile.
    /// After an error the page cache cannot be trusted: end the process, never try again.
    func sync() throws(StorageError)

    /// Visits the entries with `start <= key < end` in the order of their keys, as they were when
    /// the scan began; without an `end` to the last. Blocks: never on a loop.
    ///
    /// `visit` returns false to stop after the entry it was given. Spans are valid during the
    /// visit.
    func scan(
        _ family: Family, from start: [UInt8], to end: [UInt8]?, limits: ScanLimits,
        visit: (_ key: Span<UInt8>, _ value: Span<UInt8>) -> Bool
    ) throws(StorageError) -> ScanEnd

    /// Where a scan up to `end` can go on that damage has stopped behind `key`: a key that comes
    /// after `key`, and from which on there is something that can be read, or nothing at all. Nil
    /// when nothing before `end` can be read. Blocks: never on a loop.
    ///
    /// Tries again and again: it is for damage only.
    func readableStart(
        _ family: Family, after key: [UInt8], before end: [UInt8]?
    ) throws(StorageError) -> [UInt8]?

    /// Reads every entry of every family and verifies the checksums of their blocks.
    ///
    /// `progress` gets the running totals now and then; it may sleep to pace the scrub, and returns
    /// false to end it. Blocks: never on a loop.
    func scrub(progress: (ScrubProgress) -> Bool) throws(StorageError) -> ScrubProgress

    /// Rewrites what is stored from `start` up to `end`, so that replaced and deleted records give
    /// their space back. Returns false, and does nothing, when even that might fill the disk.
    /// Blocks, for as long as it takes to write the range: never on a loop.
    func reclaim(
        _ family: Family, from start: [UInt8], to end: [UInt8]
    ) throws(StorageError) -> Bool

    /// How many keys `family` holds, about: overwritten and deleted records not yet compacted away
    /// are guessed at.
    func estimatedKeyCount(_ family: Family) -> UInt64

    /// Figures for metrics and admission.
    var statistics: StorageStatistics { get }

    /// Measures the free space and says what may be written. A system call: for a timer, at least
    /// once a second, not for every request.
    func checkSpace() throws(StorageError) -> SpaceState

    /// What `checkSpace` or a write found last: costs one load.
    var spaceState: SpaceState { get }

    /// Frees everything. Nobody may be inside another operation, and none may follow.
    func close()
}

extension StorageEngine {
    /// Writes what cannot be put off: waits through stalls, and a full disk is an error.
    func writeOrThrow(_ batch: borrowing WriteBatch) throws(StorageError) {
        guard try write(batch, mayStall: true) == .written else {
            throw .full(reason: "a record of \(batch.byteCount) bytes was not written")
        }
    }
}

/// The answer to a read.
public enum ReadResult: Equatable, Sendable {
    case found([UInt8])
    case absent
    /// Only the disk knows, and the read was not allowed to block.
    case notInMemory
}

/// What became of a batch.
public enum WriteResult: Equatable, Sendable {
    case written
    /// Nothing was written: flushes or compactions lag behind, and the write was not allowed to
    /// wait.
    case wouldStall
    /// Nothing was written: so little space is left that even deletes could fill the disk. Heals by
    /// itself when space returns.
    case diskFull
}

/// How far one scan may go before it hands back to its caller.
public struct ScanLimits: Equatable, Sendable {
    public var entriesMax: Int
    /// Bytes of keys and values together; the entry that reaches it is still visited.
    public var bytesMax: Int

    public init(entriesMax: Int, bytesMax: Int) {
        self.entriesMax = entriesMax
        self.bytesMax = bytesMax
    }

    public static let unlimited = ScanLimits(entriesMax: .max, bytesMax: .max)
}

/// Where a scan ended.
public enum ScanEnd: Equatable, Sendable {
    /// Everything in the range was visited.
    case finished
    /// A limit was reached or the visitor stopped: `next` is the first key that was not visited.
    case more(next: [UInt8])
}

/// What a scrub has read.
public struct ScrubProgress: Equatable, Sendable {
    public var entries: UInt64 = 0
    public var bytes: UInt64 = 0
    /// False for a scrub that `progress` ended.
    public var isComplete = false

    public init() {}
}
