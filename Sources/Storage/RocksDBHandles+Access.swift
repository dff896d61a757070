internal import CRocksDB

extension RocksDBHandles {
    func read(
        _ key: [UInt8], from family: Family, mayBlock: Bool
    ) throws(StorageError) -> ReadResult {
        Self.stopCounting()
        var status: StatusPointer = nil
        // Pinned: the value is copied once, from the block or memtable into the array.
        let slice = unsafe key.withUnsafeBytes { key in
            unsafe rocksdb_get_pinned_cf(
                database, mayBlock ? readFromAll : readFromMemory, pointer(family),
                key.baseAddress?.assumingMemoryBound(to: CChar.self), key.count, &status)
        }
        guard let slice = unsafe slice else {
            guard let status = unsafe RocksDBStatus(taking: status) else { return .absent }
            if status.kind == .incomplete, !mayBlock { return .notInMemory }
            throw status.error
        }
        defer { unsafe rocksdb_pinnableslice_destroy(slice) }
        var count = 0
        guard let start = unsafe rocksdb_pinnableslice_value(slice, &count), count > 0 else {
            return .found([])
        }
        return .found(unsafe [UInt8](UnsafeRawBufferPointer(start: start, count: count)))
    }

    func write(_ bytes: [UInt8], mayStall: Bool) throws(StorageError) -> WriteResult {
        Self.stopCounting()
        var status: StatusPointer = nil
        unsafe bytes.withUnsafeBytes { bytes in
            let batch = unsafe rocksdb_writebatch_create_from(
                bytes.baseAddress?.assumingMemoryBound(to: CChar.self), bytes.count)
            unsafe rocksdb_write(
                database, mayStall ? writeStalling : writeAtOnce, batch, &status)
            unsafe rocksdb_writebatch_destroy(batch)
        }
        guard let status = unsafe RocksDBStatus(taking: status) else { return .written }
        if status.kind == .incomplete, !mayStall { return .wouldStall }
        // A flush or compaction found no space. It is tried again, and until then no write is
        // begun.
        if status.kind == .noSpace, !status.isOfLog { return .diskFull }
        throw status.error
    }

    /// `rocksdb_flush_wal` with `sync`: the C API has no SyncWAL of its own, and with no buffer of
    /// RocksDB's to flush this is one.
    func sync() throws(StorageError) {
        var status: StatusPointer = nil
        unsafe rocksdb_flush_wal(database, 1, &status)
        if let status = unsafe RocksDBStatus(taking: status) {
            throw .syncFailed(reason: status.text)
        }
    }

    /// Turns off the counters that RocksDB keeps per thread, on by default: a fifth of the CPU of a
    /// put (2.9 µs instead of 3.5), since every comparison of keys counts itself. It is the
    /// thread's setting, costs nanoseconds, and we do not know our callers' threads; hence at every
    /// call.
    static func stopCounting() {
        rocksdb_set_perf_level(Int32(rocksdb_disable))
    }

    func flush() throws(StorageError) {
        let options: OpaquePointer = unsafe rocksdb_flushoptions_create()
        defer { unsafe rocksdb_flushoptions_destroy(options) }
        unsafe rocksdb_flushoptions_set_wait(options, 1)
        for family in Family.allCases {
            var status: StatusPointer = nil
            unsafe rocksdb_flush_cf(database, options, pointer(family), &status)
            if let status = unsafe RocksDBStatus(taking: status) { throw status.error }
        }
    }
}
