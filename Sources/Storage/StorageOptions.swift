/// What an operator may say about a database; the rest is fixed, with reasons, in `RocksDBOptions`.
public struct StorageOptions: Sendable {
    public enum Compression: String, CaseIterable, Sendable {
        /// For values that are compressed already.
        case none
        case lz4
        /// LZ4 above, ZSTD for the last level, which holds about nine tenths of the data: it takes
        /// a quarter to a third less disk than LZ4 alone there, for more CPU in its compactions.
        case zstd
    }

    /// Created with its parents when missing.
    public var directory: String
    /// Memory for uncompressed blocks, indexes and filters. Too low: reads go to the disk.
    public var blockCacheBytes: Int
    /// Memory for what was written and not yet flushed. Too low: many small flushes, hence more
    /// compaction; too high: memtables outgrow the processor's cache, and recovery takes longer,
    /// since the WAL may be twice that. 64 MiB measured best, 32 to 128 MiB are close.
    public var memtableBytes: Int
    /// Threads for flushes and compactions together. Too low: writes stall under load; too high:
    /// compactions take the CPU of requests.
    public var backgroundThreads: Int
    public var compression: Compression
    /// Open table files; RocksDB lowers it to what the process may open. Too low: reads reopen
    /// files.
    public var openFilesMax: Int
    /// Free space below which `spaceState` turns `.low`, if memtables, WAL and compactions do not
    /// ask for more: see `SpaceFloor`.
    public var freeBytesMin: UInt64

    public init(
        directory: String, blockCacheBytes: Int = 128 << 20, memtableBytes: Int = 64 << 20,
        backgroundThreads: Int = 2, compression: Compression = .lz4, openFilesMax: Int = 1024,
        freeBytesMin: UInt64 = 64 << 20
    ) {
        self.directory = directory
        self.blockCacheBytes = blockCacheBytes
        self.memtableBytes = memtableBytes
        self.backgroundThreads = backgroundThreads
        self.compression = compression
        self.openFilesMax = openFilesMax
        self.freeBytesMin = freeBytesMin
    }
}
