/// Says whether the last run of this node ended in order.
///
/// After an order's end everything acknowledged is on the disk, so the node may go on numbering
/// dots where it stopped. After anything else, with a relaxed `wal-sync`, it may have forgotten
/// some and must move its trust horizon.
///
///     key "run-state" in `.meta` → 0 a run is under way | 1 closed in order     (1 byte)
///
/// On disk. Never reorder or reuse.
public enum ShutdownMarker {
    public enum LastRun: Equatable, Sendable {
        /// The database is new.
        case none
        case clean
        case unclean
    }

    private static let key = Array("run-state".utf8)
    private static let running: [UInt8] = [0]
    private static let closed: [UInt8] = [1]

    /// Returns how the last run ended, and takes the marker away, durably. Call it once, after
    /// opening and before the first write that depends on the answer.
    public static func begin(_ engine: some StorageEngine) throws(StorageError) -> LastRun {
        let found = try engine.read(key, from: .meta, mayBlock: true)
        try set(running, engine)
        return switch found {
        case .found(closed): .clean
        case .found: .unclean
        case .absent, .notInMemory: .none
        }
    }

    /// Sets the marker, durably, with all that was written before. Call it last, before `close`.
    public static func end(_ engine: some StorageEngine) throws(StorageError) {
        try engine.sync()
        try set(closed, engine)
    }

    private static func set(
        _ value: [UInt8], _ engine: some StorageEngine
    ) throws(StorageError) {
        var batch = WriteBatch()
        batch.put(key, value, in: .meta)
        try engine.writeOrThrow(batch)
        try engine.sync()
    }
}
