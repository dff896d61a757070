internal import Essentials
internal import Storage
internal import Synchronization

/// What the storage engine and its log measure.
struct StorageMetrics {
    private let services: NodeServices

    init(_ services: NodeServices) { self.services = services }

    var all: [Metric] { log + engine }

    private var log: [Metric] {
        let committer = services.committer
        return [
            .total("martlet_wal_syncs_total", "Fsyncs of the write-ahead log.", committer.count),
            Metric(
                "martlet_wal_sync_seconds_total", .counter,
                "Time spent in fsyncs of the write-ahead log.",
                [MetricSample(Double(committer.durationNs) / 1e9)]),
        ]
    }

    private var engine: [Metric] {
        let statistics = services.storage.statistics
        let numbers = Self.gauges.map { name, figure, help in
            Metric.gauge("martlet_storage_" + name, help, Double(statistics[keyPath: figure]))
        }
        return numbers + [
            .total(
                "martlet_storage_background_errors_total",
                "Flushes and compactions that have failed.", statistics.backgroundErrors),
            .total(
                "martlet_storage_damaged_compactions_total",
                "Compactions given up since they met damaged data.",
                statistics.damagedCompactions),
            .gauge(
                "martlet_storage_damaged",
                "1 while the disk is known to give damaged data, else 0.",
                services.reachability.current.damageNs == nil ? 0 : 1),
            .total(
                "martlet_space_reclaims_total",
                "Partitions whose files were rewritten because the disk was nearly full.",
                services.reclaims.load(ordering: .relaxed)),
            .gauge(
                "martlet_storage_writes_stopped",
                "1 while writes wait for flushes or compactions, else 0.",
                statistics.isWriteStopped ? 1 : 0),
            .gauge(
                "martlet_disk_free_bytes", "Free space of the file system of 'data-dir'.",
                Double(statistics.freeBytes)),
            .gauge(
                "martlet_disk_state",
                "0 with ample space; 1 when it is low, and new values are refused; 2 when it is "
                    + "exhausted, and nothing is written.",
                Double(services.storage.spaceState.rawValue)),
        ]
    }

    private static var gauges: [(String, KeyPath<StorageStatistics, UInt64>, String)] {
        [
            ("memtable_bytes", \.memtableBytes, "Writes that no table file holds yet."),
            ("block_cache_bytes", \.blockCacheBytes, "Blocks of table files held in memory."),
            (
                "block_cache_pinned_bytes", \.blockCachePinnedBytes,
                "Blocks that cannot be dropped now."
            ),
            (
                "table_reader_bytes", \.tableReadersBytes,
                "Memory of open table files outside the block cache."
            ),
            (
                "live_data_bytes", \.liveDataBytes,
                "What the data would take on disk if it were compacted now, about."
            ),
            ("table_file_bytes", \.tableFilesBytes, "What table files take on disk."),
            (
                "pending_compaction_bytes", \.pendingCompactionBytes,
                "What compaction has to rewrite to catch up, about."
            ),
            ("running_flushes", \.runningFlushes, "Memtables being written to table files."),
            ("running_compactions", \.runningCompactions, "Compactions that are running."),
            (
                "immutable_memtables", \.immutableMemtables,
                "Full memtables that wait for their flush."
            ),
            ("level0_files", \.level0Files, "Table files that are not sorted into levels yet."),
            (
                "delayed_write_bytes_per_second", \.delayedWriteRate,
                "What writes are held to until compaction has caught up; 0 when they are not."
            ),
        ]
    }
}
