import CRocksDB
import Foundation
import Testing

@testable import Storage

/// Directories that may not be opened, each with a message that says why.
@Suite struct OpeningTests {
    @Test func `a directory is made with its parents`() throws {
        let scratch = try Scratch()
        let deep = scratch.path + "/a/b/c"
        try RocksDBStorage(StorageOptions(directory: deep)).close()
        try RocksDBStorage(StorageOptions(directory: deep + "/")).close()
        #expect(FileManager.default.fileExists(atPath: deep + "/CURRENT"))
    }

    @Test func `a path below a file is an I/O error that names it`() throws {
        let scratch = try Scratch()
        try Data().write(to: URL(fileURLWithPath: scratch.path + "/file"))
        let error = try failure {
            _ = try RocksDBStorage(StorageOptions(directory: scratch.path + "/file/db"))
        }
        #expect(error.mentions("/file"))
    }

    @Test func `a directory that this process has open is busy`() throws {
        let scratch = try Scratch()
        let storage = try scratch.open()
        defer { storage.close() }
        let error = try failure { _ = try scratch.open() }
        #expect(error.name == "busy")
    }

    @Test func `a directory that another process has open is busy`() async throws {
        let scratch = try Scratch()
        let storage = try scratch.open()
        defer { storage.close() }
        let directory = scratch.options.directory
        await #expect(processExitsWith: .exitCode(42)) { [directory = directory as String] in
            do throws(StorageError) {
                _ = try RocksDBStorage(StorageOptions(directory: directory))
                exit(0)
            } catch {
                guard case .busy(directory, _) = error else { exit(1) }
                exit(42)
            }
        }
    }

    @Test func `a newer format is refused`() throws {
        let scratch = try Scratch()
        let storage = try scratch.open()
        var batch = WriteBatch()
        batch.put(FormatVersion.key, [0, 0, 0, 200], in: .meta)
        _ = try storage.write(batch, mayStall: true)
        storage.close()
        let error = try failure { _ = try scratch.open() }
        #expect(error.name == "unknownFormat")
        #expect(error.mentions("200"))
    }

    @Test func `an unreadable format version is corruption`() throws {
        let scratch = try Scratch()
        let storage = try scratch.open()
        var batch = WriteBatch()
        batch.put(FormatVersion.key, [1], in: .meta)
        _ = try storage.write(batch, mayStall: true)
        storage.close()
        let error = try failure { _ = try scratch.open() }
        #expect(error.name == "corrupt")
    }

    /// Opens the database with exactly these families, as other builds would.
    func openOtherwise(_ directory: String, families names: [String]) {
        let options = unsafe rocksdb_options_create()
        unsafe rocksdb_options_set_create_if_missing(options, 1)
        unsafe rocksdb_options_set_create_missing_column_families(options, 1)
        let cNames = unsafe names.map { unsafe UnsafePointer(strdup($0)) }
        let allOptions = unsafe [OpaquePointer?](repeating: options, count: names.count)
        var handles = unsafe [OpaquePointer?](repeating: nil, count: names.count)
        var status: UnsafeMutablePointer<CChar>? = nil
        let database = unsafe rocksdb_open_column_families(
            options, directory, Int32(names.count), cNames, allOptions, &handles, &status)
        #expect(unsafe status == nil)
        unsafe handles.forEach { unsafe rocksdb_column_family_handle_destroy($0) }
        unsafe rocksdb_close(database)
        unsafe rocksdb_options_destroy(options)
        unsafe cNames.forEach { unsafe free(UnsafeMutablePointer(mutating: $0)) }
    }

    @Test func `a family of a later version is refused by name`() throws {
        let scratch = try Scratch()
        try scratch.open().close()
        let names = Family.allCases.map(\.name) + ["from-the-future"]
        openOtherwise(scratch.options.directory, families: names)
        let error = try failure { _ = try scratch.open() }
        #expect(error.name == "unknownFormat")
        #expect(error.mentions("from-the-future"))
    }

    @Test func `a family that is missing is created`() throws {
        let scratch = try Scratch()
        openOtherwise(scratch.options.directory, families: ["default"])
        let storage = try scratch.open()
        defer { storage.close() }
        try storage.put("fact", "1", in: .meta)
        #expect(try storage.get("fact", in: .meta) == "1")
    }

    @Test(arguments: StorageOptions.Compression.allCases)
    func `every compression is compiled in`(_ compression: StorageOptions.Compression) throws {
        let scratch = try Scratch()
        var options = scratch.options
        options.compression = compression
        let storage = try RocksDBStorage(options)
        defer { storage.close() }
        _ = try storage.write(Sample.batch(0..<1000), mayStall: true)
        try storage.flush()
        #expect(try storage.countKeys() == 1000)
    }
}
