internal import CRocksDB

extension RocksDBStorage {
    /// Rewrites a range by a manual compaction.
    ///
    /// Records that were replaced by smaller ones keep their space until a compaction merges both,
    /// and on a disk that takes no new values none may come for hours. Files of the last level that
    /// nothing above overlaps hold no garbage and are left alone, so a range without news costs
    /// nothing.
    public func reclaim(
        _ family: Family, from start: [UInt8], to end: [UInt8]
    ) throws(StorageError) -> Bool {
        checkOpen()
        let free = try DataDirectory.freeBytes(options.directory)
        guard free > reclaimBytes else { return false }
        handles.compact(family, from: start, to: end)
        _ = try checkSpace()
        return true
    }

    /// What it may write before it gives anything back: the memtables as tables, and the output of
    /// one compaction.
    private var reclaimBytes: UInt64 {
        let output = UInt64(RocksDBOptions.compactionBytesMax(options))
        return handles.total(.memtablesBytes) + min(handles.total(.totalTableFilesBytes), output)
    }
}

extension RocksDBHandles {
    /// Waits until the memtables with keys of the range are flushed, and the range is compacted
    /// down to the last level. A failure is a background error, as that of any compaction.
    func compact(_ family: Family, from start: [UInt8], to end: [UInt8]) {
        let options: OpaquePointer = unsafe rocksdb_compactoptions_create()
        defer { unsafe rocksdb_compactoptions_destroy(options) }
        // The others go on beside it, or writes would stall.
        unsafe rocksdb_compactoptions_set_exclusive_manual_compaction(options, 0)
        unsafe start.withUnsafeBytes { start in
            unsafe end.withUnsafeBytes { end in
                unsafe rocksdb_compact_range_cf_opt(
                    database, pointer(family), options,
                    start.baseAddress?.assumingMemoryBound(to: CChar.self), start.count,
                    end.baseAddress?.assumingMemoryBound(to: CChar.self), end.count)
            }
        }
    }
}
