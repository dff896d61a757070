/// Figures of an engine at one moment, all of them gauges; bytes unless the name says otherwise.
public struct StorageStatistics: Equatable, Sendable {
    /// Memtables, those being flushed included.
    public var memtableBytes: UInt64 = 0
    public var blockCacheBytes: UInt64 = 0
    /// Cache blocks that cannot be evicted now: indexes and filters of level 0, open iterators.
    public var blockCachePinnedBytes: UInt64 = 0
    /// Memory of open tables outside the block cache.
    public var tableReadersBytes: UInt64 = 0
    /// What the data would take if it were compacted now.
    public var liveDataBytes: UInt64 = 0
    /// What table files take on disk.
    public var tableFilesBytes: UInt64 = 0
    /// How much compaction must rewrite to catch up.
    public var pendingCompactionBytes: UInt64 = 0
    public var runningFlushes: UInt64 = 0
    public var runningCompactions: UInt64 = 0
    public var immutableMemtables: UInt64 = 0
    /// Tables in level 0: reads and stalls grow with it.
    public var level0Files: UInt64 = 0
    /// Background work that failed since the start; not 0 means that writes fail too.
    public var backgroundErrors: UInt64 = 0
    /// Compactions among them that met damaged data: they are tried again and again, and what they
    /// were to merge stays as it is.
    public var damagedCompactions: UInt64 = 0
    /// Bytes per second that stalled writes are held to; 0 when they are not delayed.
    public var delayedWriteRate: UInt64 = 0
    /// Writes wait until flushes or compactions catch up.
    public var isWriteStopped = false
    /// Free space of the file system at the last check.
    public var freeBytes: UInt64 = 0

    public init() {}
}
