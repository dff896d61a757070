internal import CRocksDB

extension RocksDBHandles {
    /// RocksDB's names of the figures we read.
    enum Property: String {
        case memtablesBytes = "rocksdb.size-all-mem-tables"
        case immutableMemtables = "rocksdb.num-immutable-mem-table"
        case cacheBytes = "rocksdb.block-cache-usage"
        case cachePinnedBytes = "rocksdb.block-cache-pinned-usage"
        case tableReadersBytes = "rocksdb.estimate-table-readers-mem"
        case liveDataBytes = "rocksdb.estimate-live-data-size"
        case totalTableFilesBytes = "rocksdb.total-sst-files-size"
        case pendingCompactionBytes = "rocksdb.estimate-pending-compaction-bytes"
        case runningFlushes = "rocksdb.num-running-flushes"
        case runningCompactions = "rocksdb.num-running-compactions"
        case level0Files = "rocksdb.num-files-at-level0"
        case backgroundErrors = "rocksdb.background-errors"
        case delayedWriteRate = "rocksdb.actual-delayed-write-rate"
        case isWriteStopped = "rocksdb.is-write-stopped"
        case estimatedKeys = "rocksdb.estimate-num-keys"
    }

    func property(_ property: Property, _ family: Family) -> UInt64 {
        var value: UInt64 = 0
        let result = unsafe rocksdb_property_int_cf(
            database, pointer(family), property.rawValue, &value)
        if result == 0 { return value }
        // Some figures have a text form only.
        guard
            let text = unsafe rocksdb_property_value_cf(
                database, pointer(family), property.rawValue)
        else { return 0 }
        defer { unsafe rocksdb_free(text) }
        return unsafe UInt64(String(cString: text)) ?? 0
    }

    /// The sum of a figure over all families.
    func total(_ property: Property) -> UInt64 {
        Family.allCases.reduce(0) { $0 + self.property(property, $1) }
    }

    func statistics() -> StorageStatistics {
        var all = StorageStatistics()
        all.memtableBytes = total(.memtablesBytes)
        all.immutableMemtables = total(.immutableMemtables)
        all.tableReadersBytes = total(.tableReadersBytes)
        all.liveDataBytes = total(.liveDataBytes)
        all.tableFilesBytes = total(.totalTableFilesBytes)
        all.pendingCompactionBytes = total(.pendingCompactionBytes)
        all.level0Files = total(.level0Files)
        // These are the database's, whichever family is asked.
        all.blockCacheBytes = property(.cacheBytes, .objects)
        all.blockCachePinnedBytes = property(.cachePinnedBytes, .objects)
        all.runningFlushes = property(.runningFlushes, .objects)
        all.runningCompactions = property(.runningCompactions, .objects)
        all.damagedCompactions = damagedCompactions
        all.backgroundErrors = property(.backgroundErrors, .objects)
        all.delayedWriteRate = property(.delayedWriteRate, .objects)
        all.isWriteStopped = property(.isWriteStopped, .objects) != 0
        return all
    }
}
