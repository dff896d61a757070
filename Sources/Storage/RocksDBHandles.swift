internal import CRocksDB
internal import CRocksDBEvents
internal import Essentials
internal import Glibc

/// The open database and the option objects of its calls: with its extensions, the only code that
/// hands memory to RocksDB.
///
/// The pointers never change after `init`, and RocksDB may be called with them from any thread; the
/// owner sees to it that nothing is called during or after `close`.
@safe struct RocksDBHandles: @unchecked Sendable {
    let database: OpaquePointer
    /// One per family, in the order of `Family.allCases`.
    let families: [OpaquePointer]
    let cache: OpaquePointer
    let readFromAll: OpaquePointer
    let readFromMemory: OpaquePointer
    let writeStalling: OpaquePointer
    let writeAtOnce: OpaquePointer
    private let events: OpaquePointer

    init(_ options: StorageOptions) throws(StorageError) {
        try Self.checkFamilies(options.directory)
        unsafe cache = rocksdb_cache_create_lru(options.blockCacheBytes)
        let all = unsafe RocksDBOptions(options, cache: cache)
        unsafe events = martlet_events_create()
        unsafe martlet_events_survive_damage(events, UnsafeMutableRawPointer(all.database))
        do throws(StorageError) {
            unsafe (database, families) = try Self.open(options.directory, all)
        } catch {
            unsafe martlet_events_destroy(events)
            unsafe rocksdb_cache_destroy(cache)
            throw error
        }
        unsafe readFromAll = rocksdb_readoptions_create()
        unsafe readFromMemory = rocksdb_readoptions_create()
        // kBlockCacheTier: memtables and cached blocks; anything else is "Incomplete".
        unsafe rocksdb_readoptions_set_read_tier(readFromMemory, 1)
        // Neither kind syncs, and the WAL is always on.
        unsafe writeStalling = rocksdb_writeoptions_create()
        unsafe writeAtOnce = rocksdb_writeoptions_create()
        unsafe rocksdb_writeoptions_set_no_slowdown(writeAtOnce, 1)
    }

    func close() {
        unsafe families.forEach { unsafe rocksdb_column_family_handle_destroy($0) }
        unsafe rocksdb_close(database)
        unsafe martlet_events_destroy(events)
        unsafe rocksdb_readoptions_destroy(readFromAll)
        unsafe rocksdb_readoptions_destroy(readFromMemory)
        unsafe rocksdb_writeoptions_destroy(writeStalling)
        unsafe rocksdb_writeoptions_destroy(writeAtOnce)
        unsafe rocksdb_cache_destroy(cache)
    }

    /// Compactions that were given up since they met damaged data.
    var damagedCompactions: UInt64 { unsafe martlet_events_damaged_compactions(events) }

    func pointer(_ family: Family) -> OpaquePointer { unsafe families[family.index] }
}

// MARK: Opening

extension RocksDBHandles {
    /// Refuses a directory with families that this build does not know, before RocksDB does so with
    /// a message that names its own terms.
    private static func checkFamilies(_ directory: String) throws(StorageError) {
        guard DataDirectory.exists(directory + "/CURRENT") else { return }
        let options: OpaquePointer = unsafe rocksdb_options_create()
        defer { unsafe rocksdb_options_destroy(options) }
        var count = 0
        var status: StatusPointer = nil
        let names = unsafe rocksdb_list_column_families(options, directory, &count, &status)
        if let status = unsafe RocksDBStatus(taking: status) {
            throw status.openError(directory: directory)
        }
        guard let names = unsafe names else { return }
        defer { unsafe rocksdb_list_column_families_destroy(names, count) }
        let known = Family.allCases.map(\.name)
        let unknown = (0..<count)
            .compactMap { unsafe names[$0].map { unsafe String(cString: $0) } }
            .filter { !known.contains($0) }
        guard unknown.isEmpty else {
            throw .unknownFormat(
                directory: directory,
                reason: "it has families unknown here: \(unknown.joined(separator: ", "))")
        }
    }

    /// The oldest file of the log that the database has not written to tables. Reads the whole log;
    /// changes nothing.
    static func oldestLogNeeded(_ options: StorageOptions) throws(StorageError) -> UInt64 {
        let cache: OpaquePointer = unsafe rocksdb_cache_create_lru(options.blockCacheBytes)
        defer { unsafe rocksdb_cache_destroy(cache) }
        let all = unsafe RocksDBOptions(options, cache: cache)
        let (database, families) = unsafe try open(
            options.directory, all, isReadOnly: true)
        defer {
            unsafe families.forEach { unsafe rocksdb_column_family_handle_destroy($0) }
            unsafe rocksdb_close(database)
        }
        var number: UInt64 = 0
        let status = unsafe rocksdb_property_int(
            database, "rocksdb.min-log-number-to-keep", &number)
        guard status == 0 else {
            throw .refused(reason: "RocksDB does not tell which part of the log it needs")
        }
        return number
    }

    private static func open(
        _ directory: String, _ options: borrowing RocksDBOptions, isReadOnly: Bool = false
    ) throws(StorageError) -> (OpaquePointer, [OpaquePointer]) {
        let names = unsafe Family.allCases.map { unsafe UnsafePointer(strdup($0.name)) }
        defer { unsafe names.forEach { unsafe free(UnsafeMutablePointer(mutating: $0)) } }
        let familyOptions = unsafe options.families.map { unsafe Optional($0) }
        var families = unsafe [OpaquePointer?](repeating: nil, count: names.count)
        var status: StatusPointer = nil
        let opened =
            isReadOnly
            ? unsafe rocksdb_open_for_read_only_column_families(
                options.database, directory, Int32(names.count), names, familyOptions, &families,
                0, &status)
            : unsafe rocksdb_open_column_families(
                options.database, directory, Int32(names.count), names, familyOptions, &families,
                &status)
        if let status = unsafe RocksDBStatus(taking: status) {
            throw status.openError(directory: directory)
        }
        guard let database = unsafe opened else {
            throw .refused(reason: "RocksDB gave no database and no reason")
        }
        let handles = unsafe families.compactMap { unsafe $0 }
        // `WriteBatch` writes the raw value where RocksDB reads its id.
        for family in Family.allCases {
            let id = unsafe rocksdb_column_family_handle_get_id(handles[family.index])
            invariant(id == family.rawValue, "family \(family.name) has id \(id) in \(directory)")
        }
        return unsafe (database, handles)
    }
}
