internal import CRocksDB

/// The options of a database and of its families, with their reasons.
///
/// Owns the C objects; RocksDB copies what it needs while it opens, so this may go afterwards.
@safe struct RocksDBOptions: ~Copyable {
    /// One memtable of `.objects` is a tenth of the budget, so that with `memtablesMax` of them
    /// `memtableBytes` is a bound and not a wish: beyond, writes stall.
    ///
    /// Small, because an insertion follows pointers through the whole skip list: 100-byte values in
    /// batches of 16 cost 2.9 µs of CPU each in memtables of 64 MiB, and 1.7 µs in 8 MiB, which
    /// mostly stay in the processor's cache.
    static let memtablesMax = 10
    /// Memtables that are flushed together: values overwritten meanwhile never reach the disk, and
    /// level 0 gets a quarter of the tables. 2.7 µs a put with its flush and compaction became 2.2
    /// µs.
    static let memtablesPerFlush = 4
    static let memtableBytesMin = 256 << 10
    /// Facts are few: their memtables need no share of the budget.
    static let metaMemtableBytes = 256 << 10
    /// Level 0 tables at which it is compacted, and at which writes are slowed down and stopped:
    /// RocksDB's defaults.
    static let level0CompactionFiles = 4
    static let level0SlowdownFiles = 20
    static let level0StopFiles = 36

    let database: OpaquePointer
    /// One per family, in the order of `Family.allCases`.
    let families: [OpaquePointer]

    private let table: OpaquePointer

    init(_ options: StorageOptions, cache: OpaquePointer) {
        let table = unsafe Self.makeTableOptions(cache: cache)
        unsafe self.table = table
        unsafe database = Self.makeDatabaseOptions(options)
        unsafe families = Family.allCases.map { family in
            unsafe Self.makeFamilyOptions(options, family, table: table)
        }
    }

    deinit {
        unsafe families.forEach { unsafe rocksdb_options_destroy($0) }
        unsafe rocksdb_options_destroy(database)
        unsafe rocksdb_block_based_options_destroy(table)
    }

    static func memtableBytes(_ options: StorageOptions, _ family: Family) -> Int {
        switch family {
        case .objects: max(options.memtableBytes / memtablesMax, memtableBytesMin)
        case .meta: metaMemtableBytes
        // None are written as long as all nodes are up.
        case .hints: max(options.memtableBytes / memtablesMax / 4, memtableBytesMin)
        }
    }

    /// The most that all memtables take.
    static func memtablesBytesMax(_ options: StorageOptions) -> Int {
        Family.allCases.reduce(0) { $0 + memtablesMax * memtableBytes(options, $1) }
    }

    /// The WAL's bound: past it, RocksDB flushes the family that holds the oldest file.
    static func walBytesMax(_ options: StorageOptions) -> Int { 2 * memtablesBytesMax(options) }

    /// The largest table that a flush makes.
    static func level0FileBytes(_ options: StorageOptions) -> Int {
        memtablesPerFlush * memtableBytes(options, .objects)
    }

    /// The size of the level that level 0 is merged into: as large as the level 0 that goes there,
    /// so that a merge costs no more than it gains.
    static func levelBaseBytes(_ options: StorageOptions) -> Int {
        level0CompactionFiles * level0FileBytes(options)
    }

    /// The most that one compaction writes before its input goes: all of level 0 when it is about
    /// to slow down writes, and the level below.
    static func compactionBytesMax(_ options: StorageOptions) -> Int {
        level0SlowdownFiles * level0FileBytes(options) + levelBaseBytes(options)
    }

    private static func makeDatabaseOptions(_ options: StorageOptions) -> OpaquePointer {
        let all: OpaquePointer = unsafe rocksdb_options_create()
        unsafe rocksdb_options_set_create_if_missing(all, 1)
        unsafe rocksdb_options_set_create_missing_column_families(all, 1)

        // Safety. Mode 0 refuses to open when the WAL is damaged in its middle and opens when its
        // tail is torn, which a power failure does; the default drops fsynced writes after a
        // flipped bit, silently. Recycled files would weaken mode 0, so none are.
        unsafe rocksdb_options_set_wal_recovery_mode(
            all, Int32(rocksdb_tolerate_corrupted_tail_records_recovery))
        unsafe rocksdb_options_set_recycle_log_file_num(all, 0)
        unsafe rocksdb_options_set_paranoid_checks(all, 1)

        // Memory. The families' own bounds add up to the budget; this is for families to come.
        unsafe rocksdb_options_set_db_write_buffer_size(all, memtablesBytesMax(options))
        unsafe rocksdb_options_set_max_total_wal_size(all, UInt64(walBytesMax(options)))
        unsafe rocksdb_options_set_max_open_files(all, Int32(options.openFilesMax))

        // The write path. A loop writes one batch per pass. Append and memtable insertion by one
        // thread, one after the other, cost the least CPU: pipelining adds a hand-over, and waiting
        // writers that yield and spin burn time that other loops could use, so they sleep.
        unsafe rocksdb_options_set_enable_pipelined_write(all, 0)
        unsafe rocksdb_options_set_enable_write_thread_adaptive_yield(all, 0)
        // A batch is in the page cache when `write` returns, so that kill -9 loses nothing. A
        // buffer of our own would save no call: there is one batch, hence one append, per pass.
        unsafe rocksdb_options_set_manual_wal_flush(all, 0)
        unsafe rocksdb_options_set_wal_compression(all, Int32(rocksdb_no_compression))
        // Table files go to the disk a MiB at a time, so that an fsync does not wait behind a whole
        // flush. Not so the WAL: that would be done on the loop, and `sync` does it off the loop.
        unsafe rocksdb_options_set_bytes_per_sync(all, 1 << 20)
        unsafe rocksdb_options_set_wal_bytes_per_sync(all, 0)

        // Flushes and compactions share the threads; a fourth, and at least one, is for flushes.
        unsafe rocksdb_options_set_max_background_jobs(
            all, Int32(max(options.backgroundThreads, 2)))
        unsafe rocksdb_options_set_avoid_unnecessary_blocking_io(all, 1)

        // Of its own log only the head. A line that finds no space ends the process by an assertion
        // at the next line, and a flush that finds none writes two; its errors reach us as results.
        // No periodic dumps either, which wake threads for nothing.
        unsafe rocksdb_options_set_info_log_level(all, 4)
        unsafe rocksdb_options_set_max_log_file_size(all, 4 << 20)
        unsafe rocksdb_options_set_keep_log_file_num(all, 4)
        unsafe rocksdb_options_set_stats_dump_period_sec(all, 0)
        unsafe rocksdb_options_set_stats_persist_period_sec(all, 0)
        return unsafe all
    }

    private static func makeFamilyOptions(
        _ options: StorageOptions, _ family: Family, table: OpaquePointer
    ) -> OpaquePointer {
        let all: OpaquePointer = unsafe rocksdb_options_create()
        let memtable = memtableBytes(options, family)
        unsafe rocksdb_options_set_write_buffer_size(all, memtable)
        unsafe rocksdb_options_set_max_write_buffer_number(all, Int32(memtablesMax))
        unsafe rocksdb_options_set_min_write_buffer_number_to_merge(
            all, Int32(family == .objects ? memtablesPerFlush : 1))
        // Insertion hints (`memtable_insert_with_hint_prefix_extractor`) would save 0.3 µs more,
        // but fail an assertion of the skip list in this version: they stay off.
        // A filter of 2 % of each memtable costs a put 0.1 µs and saves reads 2.7 of 3 µs when the
        // key is not in it. A write reads its key first, and several memtables are asked.
        unsafe rocksdb_options_set_memtable_prefix_bloom_size_ratio(all, 0.02)
        unsafe rocksdb_options_set_memtable_whole_key_filtering(all, 1)
        unsafe rocksdb_options_set_block_based_table_factory(all, table)

        // Levels: the last holds nine tenths of the data whatever its size, so obsolete records
        // take about a tenth on top.
        unsafe rocksdb_options_set_compaction_style(all, Int32(rocksdb_level_compaction))
        unsafe rocksdb_options_set_level_compaction_dynamic_level_bytes(all, 1)
        unsafe rocksdb_options_set_max_bytes_for_level_base(all, UInt64(levelBaseBytes(options)))
        unsafe rocksdb_options_set_target_file_size_base(
            all, UInt64(max(level0FileBytes(options), 4 << 20)))
        unsafe rocksdb_options_set_max_compaction_bytes(all, UInt64(compactionBytesMax(options)))
        unsafe rocksdb_options_set_level0_file_num_compaction_trigger(
            all, Int32(level0CompactionFiles))
        unsafe rocksdb_options_set_level0_slowdown_writes_trigger(all, Int32(level0SlowdownFiles))
        unsafe rocksdb_options_set_level0_stop_writes_trigger(all, Int32(level0StopFiles))

        let (upper, last) =
            switch options.compression {
            case .none: (rocksdb_no_compression, rocksdb_no_compression)
            case .lz4: (rocksdb_lz4_compression, rocksdb_lz4_compression)
            case .zstd: (rocksdb_lz4_compression, rocksdb_zstd_compression)
            }
        unsafe rocksdb_options_set_compression(all, Int32(upper))
        unsafe rocksdb_options_set_bottommost_compression(all, Int32(last))
        return unsafe all
    }

    private static func makeTableOptions(cache: OpaquePointer) -> OpaquePointer {
        let table: OpaquePointer = unsafe rocksdb_block_based_options_create()
        unsafe rocksdb_block_based_options_set_block_cache(table, cache)
        // Indexes and filters count as cache, or memory would grow with the data without a bound.
        // They are evicted last, and those of level 0, which every read asks, never.
        unsafe rocksdb_block_based_options_set_cache_index_and_filter_blocks(table, 1)
        unsafe rocksdb_block_based_options_set_cache_index_and_filter_blocks_with_high_priority(
            table, 1)
        unsafe rocksdb_block_based_options_set_pin_l0_filter_and_index_blocks_in_cache(table, 1)
        // 10 bits a key: one read in a hundred of a key that is not there asks the disk in vain.
        // Every write reads its key first, so such reads are common. Ribbon filters would save 30 %
        // of their memory for three times the CPU of building them. The table takes over the
        // policy.
        unsafe rocksdb_block_based_options_set_filter_policy(
            table, rocksdb_filterpolicy_create_bloom_full(10))
        unsafe rocksdb_block_based_options_set_whole_key_filtering(table, 1)
        // XXH3 (4), the cheapest of the checksums.
        unsafe rocksdb_block_based_options_set_checksum(table, 4)
        unsafe rocksdb_block_based_options_set_block_size(table, 4 << 10)
        unsafe rocksdb_block_based_options_set_format_version(table, 5)
        return unsafe table
    }
}
