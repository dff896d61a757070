internal import Engine
internal import Essentials
internal import Membership
internal import Placement

/// A node's storage: what its process has written, and what a power failure leaves of it.
struct Disk {
    enum Change {
        case put(ObjectKey, record: [UInt8])
        /// Every record of the shard: a flush.
        case dropAll(shard: Int)
    }

    /// What one pass of one shard's loop has stored.
    struct Batch {
        var shard: Int
        var number: UInt64
        var changes: [Change]
    }

    /// What a node knows of itself. Always durable at once.
    struct Facts {
        var topology: Topology?
        /// As of the last clean stop.
        var trustHorizonMs: UInt64 = 0
        /// No actor epoch that was given out is greater.
        var epochCeilingMs: UInt64 = 0
        var wasStoppedCleanly = true
    }

    var facts = Facts()
    private let sharding: Sharding
    /// As the process sees it: RocksDB over the page cache.
    private(set) var records: [ObjectKey: [UInt8]] = [:]
    private var durable: [ObjectKey: [UInt8]] = [:]
    private(set) var unsynced: [Batch] = []

    init(sharding: Sharding) { self.sharding = sharding }

    var keys: [ObjectKey] { records.keys.sorted { $0.position < $1.position } }

    mutating func write(_ batch: Batch) {
        Self.apply(batch, to: &records, sharding)
        unsynced.append(batch)
    }

    /// Makes the first `count` unsynced batches durable and returns them.
    mutating func sync(_ count: Int) -> [Batch] {
        let synced = Array(unsynced.prefix(count))
        for batch in synced { Self.apply(batch, to: &durable, sharding) }
        unsynced.removeFirst(synced.count)
        return synced
    }

    /// Loses what was not synced, but for the first `survivors` batches of the log.
    mutating func losePower(survivors: Int) {
        _ = sync(survivors)
        records = durable
        unsynced = []
    }

    /// Changes a record behind everybody's back, in place and for ever.
    mutating func tamper(_ key: ObjectKey, _ change: (inout [UInt8]?) -> Void) {
        change(&records[key])
        durable[key] = records[key]
    }

    mutating func forgetAll() {
        records = [:]
        durable = [:]
        unsynced = []
    }

    private static func apply(
        _ batch: Batch, to records: inout [ObjectKey: [UInt8]], _ sharding: Sharding
    ) {
        for change in batch.changes {
            switch change {
            case .put(let key, let record): records[key] = record
            case .dropAll(let shard):
                records = records.filter { sharding.shard(of: $0.key.position) != shard }
            }
        }
    }
}

/// Which shard of a node a key belongs to.
struct Sharding {
    var shards: Int
    var partitioning: Partitioning

    func shard(of position: Position) -> Int {
        partitioning.partition(of: position).index % shards
    }
}
