internal import CRocksDB
internal import Essentials
internal import Synchronization

/// The storage of a running node: one RocksDB database.
///
/// RocksDB is thread-safe, so there is no lock here. What its Debian build does wrong, and where it
/// is dealt with: it aborts on a full disk (`SpaceFloor`, `RocksDBOptions`), its default recovery
/// drops fsynced writes (`RocksDBOptions`), its iterators end early at a corrupt block (`scan`),
/// and its own verifier passes damaged files (`scrub`).
public final class RocksDBStorage: StorageEngine {
    /// Free space is measured again after so many bytes were written: a sixteenth of the least
    /// floor, so that not even a burst between two ticks of the caller's timer passes it.
    static let spaceCheckBytes = 4 << 20
    /// What opening an existing directory may write besides its WAL: manifest, options, log.
    static let openBytes: UInt64 = 16 << 20

    public let options: StorageOptions

    /// Whether the directory is, as far as the file system tells, where this database's last run
    /// has left it; never so for a new one.
    public let isWitnessed: Bool

    let handles: RocksDBHandles
    private let mark: LogMark
    private let isClosed = Atomic(false)
    private let space: Mutex<SpaceFloor>
    private let spaceStateNow = Atomic<UInt8>(SpaceState.ample.rawValue)
    /// Whether a write was refused because a flush or compaction had found no space, and none was
    /// taken since. RocksDB tries again every five seconds.
    private let isFlushMissing = Atomic(false)
    private let freeBytesNow = Atomic<UInt64>(0)
    private let bytesSinceSpaceCheck = Atomic<Int>(0)

    /// Opens the database in `options.directory`, or creates it.
    public init(_ options: StorageOptions) throws(StorageError) {
        self.options = options
        // What may be written before anybody is asked again: memtables as tables, the WAL to its
        // bound, and the next WAL file, which RocksDB allocates a little larger than a memtable.
        let writeBuffers =
            RocksDBOptions.memtablesBytesMax(options) + RocksDBOptions.walBytesMax(options)
            + 2 * RocksDBOptions.memtableBytes(options, .objects)
        space = Mutex(
            SpaceFloor(
                freeBytesMin: options.freeBytesMin, writeBuffersBytes: UInt64(writeBuffers),
                compactionBytesMax: UInt64(RocksDBOptions.compactionBytesMax(options))))
        let identity = DirectoryWitness.look(options.directory)
        try Self.prepare(options.directory)
        guard let mark = try LogMark(options.directory) else {
            throw .busy(directory: options.directory, reason: "it is locked")
        }
        self.mark = mark
        try Self.check(mark, options)
        handles = try RocksDBHandles(options)
        let remembered = try handles.read(DirectoryWitness.key, from: .meta, mayBlock: true)
        isWitnessed = identity.map { remembered == .found($0) } ?? false
        try mark.note()
        try FormatVersion.check(self, directory: options.directory)
        _ = try checkSpace()
    }

    deinit { close() }

    /// Recovery writes what is in the WAL as tables, and would abort half-way on a full disk.
    private static func prepare(_ directory: String) throws(StorageError) {
        try DataDirectory.create(directory)
        let free = try DataDirectory.freeBytes(directory)
        let needed = DataDirectory.walBytes(directory) + openBytes
        guard free >= needed else {
            throw .full(
                reason: "\(directory) has \(free) bytes free, opening it takes up to \(needed)")
        }
    }

    /// From now on this is where the database lives. To be called once all that follows from
    /// `isWitnessed` is written down.
    public func renewWitness() throws(StorageError) {
        var batch = WriteBatch()
        batch.put(DirectoryWitness.key, try DirectoryWitness.renew(options.directory), in: .meta)
        try writeOrThrow(batch)
        try sync()
    }

    /// RocksDB itself takes a log with a hole for a shorter one.
    private static func check(
        _ mark: LogMark, _ options: StorageOptions
    ) throws(StorageError) {
        let defect = try mark.defect { () throws(StorageError) in
            try RocksDBHandles.oldestLogNeeded(options)
        }
        if let defect { throw .corrupt(reason: "\(options.directory): \(defect)") }
        try mark.begin()
    }

    public func close() {
        let wasClosed = isClosed.exchange(true, ordering: .acquiringAndReleasing)
        guard !wasClosed else { return }
        handles.close()
        mark.release()
    }

    /// For tests: what a sync does once a second.
    func noteLog() throws(StorageError) { try mark.note() }

    /// Closes after `ShutdownMarker.end`: the next opening finds the log exactly as it is now, or
    /// refuses it.
    public func closeInOrder() throws(StorageError) {
        try sync()
        let wasClosed = isClosed.exchange(true, ordering: .acquiringAndReleasing)
        guard !wasClosed else { return }
        handles.close()
        try mark.note(isInOrder: true)
        mark.release()
    }

    /// A use after `close` would be a use after free.
    func checkOpen() {
        invariant(!isClosed.load(ordering: .relaxed), "the storage is closed")
    }

    public func read(
        _ key: [UInt8], from family: Family, mayBlock: Bool
    ) throws(StorageError) -> ReadResult {
        checkOpen()
        return try handles.read(key, from: family, mayBlock: mayBlock)
    }

    public func write(
        _ batch: borrowing WriteBatch, mayStall: Bool
    ) throws(StorageError) -> WriteResult {
        checkOpen()
        let bytes = batch.byteCount
        if bytesSinceSpaceCheck.add(bytes, ordering: .relaxed).newValue >= Self.spaceCheckBytes {
            try checkSpace(pendingBytes: UInt64(bytes))
        }
        guard measuredSpace < .exhausted else { return .diskFull }
        let result = try handles.write(batch.bytes, mayStall: mayStall)
        // One that would have stalled tells nothing. Stored on a change only: the loops share it.
        if result != .wouldStall, isFlushMissing.load(ordering: .relaxed) != (result == .diskFull) {
            isFlushMissing.store(result == .diskFull, ordering: .relaxed)
        }
        return result
    }

    public func sync() throws(StorageError) {
        checkOpen()
        try handles.sync()
        try mark.noteIfDue()
    }

    /// Writes all memtables to tables, and waits for it.
    public func flush() throws(StorageError) {
        checkOpen()
        try handles.flush()
    }

    public var spaceState: SpaceState {
        isFlushMissing.load(ordering: .relaxed) ? .exhausted : measuredSpace
    }

    private var measuredSpace: SpaceState {
        // Only states are stored here.
        SpaceState(rawValue: spaceStateNow.load(ordering: .relaxed)) ?? .exhausted
    }

    public func checkSpace() throws(StorageError) -> SpaceState {
        try checkSpace(pendingBytes: 0)
        return spaceState
    }

    /// Measures as if `pendingBytes` were written already: one batch of large values may be larger
    /// than the room above the floor.
    private func checkSpace(pendingBytes: UInt64) throws(StorageError) {
        checkOpen()
        bytesSinceSpaceCheck.store(0, ordering: .relaxed)
        let free = try DataDirectory.freeBytes(options.directory)
        let tables = handles.total(.totalTableFilesBytes)
        let left = free - min(free, pendingBytes)
        let state = space.withLock { $0.update(freeBytes: left, tableFilesBytes: tables) }
        freeBytesNow.store(free, ordering: .relaxed)
        spaceStateNow.store(state.rawValue, ordering: .relaxed)
    }

    /// Sets the free space that is kept, from the next measurement on.
    public func setFreeBytesMin(_ bytes: UInt64) {
        space.withLock { $0.freeBytesMin = bytes }
    }

    public func estimatedKeyCount(_ family: Family) -> UInt64 {
        checkOpen()
        return handles.property(.estimatedKeys, family)
    }

    public var statistics: StorageStatistics {
        checkOpen()
        var all = handles.statistics()
        all.freeBytes = freeBytesNow.load(ordering: .relaxed)
        return all
    }
}
