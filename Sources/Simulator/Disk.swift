internal import Causality
internal import Consensus
internal import Engine
internal import Essentials
internal import Membership
internal import Objects
internal import Placement

/// A node's storage: what its process has written, and what a power failure leaves of it.
struct Disk {
    enum Change {
        case put(ObjectKey, record: [UInt8])
        /// Every record of the shard: a flush.
        case dropAll(shard: Int, of: Sharding)
        case putHint(key: [UInt8], value: [UInt8])
        case dropHint(key: [UInt8])
        case dropHints(from: [UInt8], to: [UInt8])

        /// What it adds to, be it as a replica or as a hint.
        var key: ObjectKey? {
            switch self {
            case .put(let key, _): key
            case .putHint(let key, _): try? HintRecord.parseKey(key)
            case .dropAll, .dropHint, .dropHints: nil
            }
        }
    }

    /// The two families that shards write.
    private struct Tables {
        var records: [ObjectKey: [UInt8]] = [:]
        var hints: [[UInt8]: [UInt8]] = [:]
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
        /// What the node has agreed to with the others.
        var consensus = RaftStored.empty
        /// As of the last clean stop.
        var trustHorizonMs: UInt64 = 0
        /// No actor epoch that was given out is greater.
        var epochCeilingMs: UInt64 = 0
        var wasStoppedCleanly = true
        /// It was put back to an earlier state, or is a copy: the next start is told so by the
        /// file system.
        var isRestored = false
    }

    var facts = Facts()
    /// As the process sees it: RocksDB over the page cache.
    private var written = Tables()
    private var durable = Tables()
    private(set) var unsynced: [Batch] = []

    var records: [ObjectKey: [UInt8]] { written.records }
    /// Hints and their accounts.
    var hints: [[UInt8]: [UInt8]] { written.hints }

    var keys: [ObjectKey] { records.keys.sorted { $0.position < $1.position } }

    mutating func write(_ batch: Batch) {
        Self.apply(batch, to: &written)
        unsynced.append(batch)
    }

    /// Makes the first `count` unsynced batches durable and returns them.
    mutating func sync(_ count: Int) -> [Batch] {
        let synced = Array(unsynced.prefix(count))
        for batch in synced { Self.apply(batch, to: &durable) }
        unsynced.removeFirst(synced.count)
        return synced
    }

    /// Loses what was not synced, but for the first `survivors` batches of the log; returns the
    /// keys whose newest state is gone.
    mutating func losePower(survivors: Int) -> [ObjectKey] {
        _ = sync(survivors)
        var lost: [ObjectKey] = []
        for batch in unsynced {
            for change in batch.changes {
                if let key = change.key, !lost.contains(key) { lost.append(key) }
            }
        }
        written = durable
        unsynced = []
        return lost
    }

    /// Keys of which this disk has another state than `earlier`, ascending by position.
    func keysThatDiffer(from earlier: Disk) -> [ObjectKey] {
        var keys = keys.filter { written.records[$0] != earlier.written.records[$0] }
        for key in hints.keys.sorted(by: { $0.lexicographicallyPrecedes($1) })
        where hints[key] != earlier.hints[key] {
            if let object = try? HintRecord.parseKey(key), !keys.contains(object) {
                keys.append(object)
            }
        }
        return keys
    }

    var hasDurableRecords: Bool { !durable.records.isEmpty }

    var durableKeys: [ObjectKey] { durable.records.keys.sorted { $0.position < $1.position } }

    /// Changes a record behind everybody's back, in place and for ever.
    mutating func tamper(_ key: ObjectKey, _ change: (inout [UInt8]?) -> Void) {
        change(&written.records[key])
        durable.records[key] = written.records[key]
    }

    /// Whether the event is known here, as the process sees the disk: from the key's record, or
    /// from a hint that is kept for one of `targets`.
    func isWritten(_ dot: Dot, of key: ObjectKey, orFor targets: [NodeNumber]) -> Bool {
        Self.knows(written, dot, key, targets)
    }

    /// The same, of what a power failure leaves.
    func isDurable(_ dot: Dot, of key: ObjectKey, orFor targets: [NodeNumber]) -> Bool {
        Self.knows(durable, dot, key, targets)
    }

    private static func knows(
        _ tables: Tables, _ dot: Dot, _ key: ObjectKey, _ targets: [NodeNumber]
    ) -> Bool {
        var records = [tables.records[key]].compactMap(\.self)
        for target in targets {
            guard let value = tables.hints[HintRecord.key(target, key)],
                let hint = try? HintRecord.parseValue(value)
            else { continue }
            records.append(hint.record)
        }
        return records.contains { record in
            (try? Object(decoding: record))?.context.contains(dot) ?? false
        }
    }

    /// Changes every hint behind everybody's back. Accounts stay as they are.
    mutating func tamperHints(_ change: (inout [UInt8]) -> Void) {
        let accounts = HintRecord.accountsEnd
        for key in written.hints.keys.sorted(by: { $0.lexicographicallyPrecedes($1) })
        where !key.lexicographicallyPrecedes(accounts) {
            guard var value = written.hints[key] else { continue }
            change(&value)
            written.hints[key] = value
            durable.hints[key] = value
        }
    }

    mutating func forgetAll() {
        written = Tables()
        durable = Tables()
        unsynced = []
    }

    /// The hints with `start <= key < end`, up to a limit, and the key after them.
    func scanHints(
        from start: [UInt8], to end: [UInt8], _ limit: HintScanLimit
    ) -> (records: [HintScanRecord], next: [UInt8]?) {
        let found = written.hints
            .filter {
                !$0.key.lexicographicallyPrecedes(start) && $0.key.lexicographicallyPrecedes(end)
            }
            .sorted { $0.key.lexicographicallyPrecedes($1.key) }
        var records: [HintScanRecord] = []
        var bytes = 0
        for (key, value) in found {
            guard records.count < limit.records, bytes < limit.bytes else { return (records, key) }
            records.append(HintScanRecord(key: key, value: value))
            bytes += key.count + value.count
        }
        return (records, nil)
    }

    /// Whether anything is kept for others.
    var hasHints: Bool {
        written.hints.keys.contains { (try? HintRecord.parseKey($0)) != nil }
    }

    /// The accounts of hints that a shard has.
    func hintAccounts(shard: Int, of sharding: Sharding) -> [HintAccountRecord] {
        let all = scanHints(
            from: HintRecord.accountsStart, to: HintRecord.accountsEnd,
            HintScanLimit(records: .max, bytes: .max)
        ).records
        return all.compactMap { record in
            guard let (target, partition) = try? HintRecord.parseAccountKey(record.key),
                partition.index % sharding.shards == shard
            else { return nil }
            return HintAccountRecord(target: target, partition: partition, value: record.value)
        }
    }

    private static func apply(_ batch: Batch, to tables: inout Tables) {
        for change in batch.changes {
            switch change {
            case .put(let key, let record): tables.records[key] = record
            case .dropAll(let shard, let sharding):
                tables.records = tables.records.filter {
                    sharding.shard(of: $0.key.position) != shard
                }
            case .putHint(let key, let value): tables.hints[key] = value
            case .dropHint(let key): tables.hints[key] = nil
            case .dropHints(let start, let end):
                for key in tables.hints.keys.sorted(by: { $0.lexicographicallyPrecedes($1) })
                where !key.lexicographicallyPrecedes(start) && key.lexicographicallyPrecedes(end) {
                    tables.hints[key] = nil
                }
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
