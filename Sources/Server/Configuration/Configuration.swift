public import Platform

/// The value of every setting at one moment: a plain value that each thread keeps a copy of.
///
/// The fields only hold: what a setting is called, how it is written, its bounds, its default and
/// its manual are in the table, `Setting.all`, and nowhere else.
public struct Configuration: Sendable, Equatable {
    // Addresses.
    public internal(set) var listen = SocketAddress(host: "", port: 0)
    public internal(set) var peerListen = SocketAddress(host: "", port: 0)
    public internal(set) var adminListen = SocketAddress(host: "", port: 0)
    public internal(set) var advertise: SocketAddress?
    public internal(set) var peerAdvertise: SocketAddress?
    public internal(set) var adminAdvertise: SocketAddress?

    // Security.
    public internal(set) var password = Secret("")
    public internal(set) var clusterSecret = Secret("")
    public internal(set) var isProtected = false
    public internal(set) var allowsFlush = false

    // Cluster.
    public internal(set) var join: [SocketAddress] = []
    public internal(set) var isFounding = false
    public internal(set) var zone = ""
    public internal(set) var weight = 0
    public internal(set) var partitions = 0
    public internal(set) var shards: Int?
    public internal(set) var rebalance = RebalanceMode.auto
    public internal(set) var isClusterMode = false
    public internal(set) var probePeriodMs = 0

    // Replication.
    public internal(set) var n = 0
    public internal(set) var r = 0
    public internal(set) var w = 0
    public internal(set) var pr = 0
    public internal(set) var pw = 0
    public internal(set) var dw = 0
    public internal(set) var requestTimeoutMs = 0
    public internal(set) var clockDriftMsMax = 0
    public internal(set) var contextActorsMax = 0
    public internal(set) var hintBytesMax = 0
    public internal(set) var hintAgeSecondsMax = 0

    // Storage.
    public internal(set) var dataDirectory = ""
    public internal(set) var walSync = SyncPolicy.always
    public internal(set) var memoryBytes = 0
    public internal(set) var objectCachePercent = 0
    public internal(set) var memtablePercent = 0
    public internal(set) var compression = Compression.lz4
    public internal(set) var backgroundThreads: Int?
    public internal(set) var diskFloorBytes = 0

    // Clients.
    public internal(set) var clientsMax = 0
    public internal(set) var idleTimeoutSeconds = 0
    public internal(set) var keepaliveSeconds = 0
    public internal(set) var valueBytesMax = 0
    public internal(set) var commandBytesMax = 0
    public internal(set) var clientOutputBytesMax = 0
    public internal(set) var clientMemoryBytesMax = 0

    // Overload.
    public internal(set) var overloadDelayMs = 0
    public internal(set) var peerQueueBytesMax = 0
    public internal(set) var backgroundRateMax = 0
    public internal(set) var backgroundRateMin = 0

    // Observation.
    public internal(set) var logLevel = LogLevel.info
    public internal(set) var logFormat = LogFormat.logfmt
    public internal(set) var slowlogThresholdUs = 0
    public internal(set) var slowlogEntriesMax = 0

    /// Every setting at its default.
    public init() {
        for setting in Setting.all { setting.reset(in: &self) }
    }
}

/// When a write is on disk: before it is acknowledged, or within a period of it.
public enum SyncPolicy: Sendable, Equatable {
    case always
    case every(ms: Int)
}

/// Whether partitions move by themselves when the members change.
public enum RebalanceMode: String, CaseIterable, Sendable { case auto, manual }

/// How the storage engine compresses blocks on disk.
public enum Compression: String, CaseIterable, Sendable { case none, lz4, zstd }

extension Configuration {
    /// How `memory` is divided, in bytes. Together they are `memory`.
    public struct MemorySplit: Sendable, Equatable {
        /// Decoded objects, over all shards.
        public let objectCache: Int
        /// Writes not yet in a table file.
        public let memtables: Int
        /// Blocks of table files, with their indexes and filters.
        public let blockCache: Int
    }

    public var memorySplit: MemorySplit {
        let objectCache = memoryBytes / 100 * objectCachePercent
        let memtables = memoryBytes / 100 * memtablePercent
        return MemorySplit(
            objectCache: objectCache, memtables: memtables,
            blockCache: memoryBytes - objectCache - memtables)
    }

    /// The number of shards on a machine of `cores` cores.
    ///
    /// `auto` leaves half of the cores to fsync, compaction and the kernel's network stack; more
    /// than 16 loops would divide the object cache too finely.
    public func shardCount(cores: Int) -> Int { shards ?? min(16, max(1, cores / 2)) }

    /// The number of RocksDB's background threads on a machine of `cores` cores.
    ///
    /// One flushes while another compacts, hence never fewer than two.
    public func backgroundThreadCount(cores: Int) -> Int {
        backgroundThreads ?? min(8, max(2, cores / 2))
    }
}
