internal import CRocksDB

/// A walk over a range of one family, over the state of the moment it was made.
///
/// Invariant: `checkStatus` has been called before anybody concludes from `isValid == false` that
/// the range is at its end: at a corrupt block an iterator just stops.
@safe struct RocksDBIterator: ~Copyable {
    private let iterator: OpaquePointer
    private let options: OpaquePointer
    /// RocksDB keeps a pointer to the bound's bytes, not a copy.
    private let bound: UnsafeMutableRawBufferPointer

    /// Positions at the first key that is not before `start`.
    init(_ handles: RocksDBHandles, _ family: Family, from start: [UInt8], to end: [UInt8]?) {
        RocksDBHandles.stopCounting()
        let options: OpaquePointer = unsafe rocksdb_readoptions_create()
        // Checksums are verified by default; said here because a scrub is for nothing else.
        unsafe rocksdb_readoptions_set_verify_checksums(options, 1)
        // A scan reads everything once and would evict what requests need.
        unsafe rocksdb_readoptions_set_fill_cache(options, 0)
        // Files that only this iterator kept alive are deleted by a background thread.
        unsafe rocksdb_readoptions_set_background_purge_on_iterator_cleanup(options, 1)
        let bound = UnsafeMutableRawBufferPointer.allocate(byteCount: end?.count ?? 0, alignment: 1)
        if let end {
            unsafe bound.copyBytes(from: end)
            unsafe rocksdb_readoptions_set_iterate_upper_bound(
                options, bound.baseAddress?.assumingMemoryBound(to: CChar.self), bound.count)
        }
        unsafe iterator = rocksdb_create_iterator_cf(
            handles.database, options, handles.pointer(family))
        unsafe self.options = options
        unsafe self.bound = bound
        unsafe start.withUnsafeBytes { start in
            unsafe rocksdb_iter_seek(
                iterator, start.baseAddress?.assumingMemoryBound(to: CChar.self), start.count)
        }
    }

    deinit {
        unsafe rocksdb_iter_destroy(iterator)
        unsafe rocksdb_readoptions_destroy(options)
        unsafe bound.deallocate()
    }

    var isValid: Bool { unsafe rocksdb_iter_valid(iterator) != 0 }

    func next() { unsafe rocksdb_iter_next(iterator) }

    /// Throws what made the iterator stop, if it was not the end.
    func checkStatus() throws(StorageError) {
        var status: StatusPointer = nil
        unsafe rocksdb_iter_get_error(iterator, &status)
        if let status = unsafe RocksDBStatus(taking: status) { throw status.error }
    }

    /// The bytes of the current entry, valid until `next`.
    func withEntry<Result>(_ body: (_ key: Span<UInt8>, _ value: Span<UInt8>) -> Result) -> Result {
        var keyCount = 0
        var valueCount = 0
        let key = unsafe UnsafeRawBufferPointer(
            start: rocksdb_iter_key(iterator, &keyCount), count: keyCount)
        let value = unsafe UnsafeRawBufferPointer(
            start: rocksdb_iter_value(iterator, &valueCount), count: valueCount)
        return unsafe body(
            Span(_unsafeBytes: key), Span(_unsafeBytes: value))
    }

    var key: [UInt8] {
        var count = 0
        let start = unsafe rocksdb_iter_key(iterator, &count)
        return unsafe [UInt8](UnsafeRawBufferPointer(start: start, count: count))
    }
}
