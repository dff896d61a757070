import Foundation
import Testing

@testable import Storage

/// What a database that was damaged, or left in a hurry, does when it is opened again.
@Suite struct RecoveryTests {
    @Test func `what was written is there after closing and opening`() throws {
        let scratch = try Scratch()
        let first = try scratch.open()
        _ = try first.write(Sample.batch(0..<1000), mayStall: true)
        try first.put("fact", "1", in: .meta)
        first.close()
        let second = try scratch.open()
        defer { second.close() }
        #expect(try second.countKeys() == 1000)
        #expect(try second.get("fact", in: .meta) == "1")
    }

    @Test func `kill -9 loses nothing, synced or not`() async throws {
        let scratch = try Scratch()
        let directory = scratch.path + "/db"
        await #expect(processExitsWith: .signal(SIGKILL)) { [directory = directory as String] in
            let storage = try RocksDBStorage(StorageOptions(directory: directory))
            for number in 0..<500 {
                _ = try storage.write(Sample.batch(number..<number + 1), mayStall: true)
            }
            kill(getpid(), SIGKILL)
        }
        let storage = try scratch.open()
        defer { storage.close() }
        #expect(try storage.countKeys() == 500)
    }

    @Test func `a torn WAL tail opens with everything before it`() throws {
        let scratch = try Scratch()
        let first = try scratch.open()
        for number in 0..<100 {
            _ = try first.write(Sample.batch(number..<number + 1), mayStall: true)
        }
        first.close()
        let wal = try #require(try scratch.files(".log").last)
        try Damage.truncate(wal, by: 10)
        let second = try scratch.open()
        defer { second.close() }
        #expect(try second.countKeys() == 99)
    }

    @Test func `a flipped bit in the middle of the WAL refuses to open`() throws {
        let scratch = try Scratch()
        let first = try scratch.open()
        for number in 0..<2000 {
            _ = try first.write(Sample.batch(number..<number + 1), mayStall: true)
        }
        try first.sync()
        first.close()
        let wal = try #require(try scratch.files(".log").last)
        try Damage.flipBit(wal, at: 0.5)
        let error = try failure { _ = try scratch.open() }
        #expect(error.name == "corrupt")
        #expect(error.mentions("rebuild the node from its replicas"))
    }

    /// 2,000 keys in tables, nothing in the WAL.
    func makeTables(_ scratch: Scratch) throws -> String {
        let storage = try scratch.open()
        _ = try storage.write(Sample.batch(0..<2000), mayStall: true)
        try storage.flush()
        storage.close()
        // The largest holds the objects, the other one the format version.
        let tables = try scratch.files(".sst").map { (try Damage.size($0), $0) }
        return try #require(tables.max { $0.0 < $1.0 }?.1)
    }

    @Test func `a flipped bit in a table makes scans and scrubs throw`() throws {
        let scratch = try Scratch()
        try Damage.flipBit(makeTables(scratch), at: 0.4)
        let storage = try scratch.open()
        defer { storage.close() }
        var visited = 0
        let error = try failure {
            _ = try storage.scan(.objects, from: [], to: nil, limits: .unlimited) { _, _ in
                visited += 1
                return true
            }
        }
        #expect(error.name == "corrupt")
        // The trap itself: the iterator ended early and looked as if it were at its end.
        #expect(visited > 0 && visited < 2000)
        #expect(throws: StorageError.self) { try storage.scrub { _ in true } }
        var corruptReads = 0
        for number in 0..<2000 {
            do {
                _ = try storage.read(Sample.key(number), from: .objects, mayBlock: true)
            } catch {
                corruptReads += 1
            }
        }
        #expect(corruptReads > 0 && corruptReads < 2000)
    }

    enum TableDamage: CaseIterable { case truncated, missing, footer }

    @Test(arguments: TableDamage.allCases)
    func `a table that is cut short or gone refuses to open`(_ damage: TableDamage) throws {
        let scratch = try Scratch()
        let table = try makeTables(scratch)
        switch damage {
        case .truncated: try Damage.truncate(table, by: 100)
        case .missing: try FileManager.default.removeItem(atPath: table)
        case .footer: try Damage.flipBit(table, at: 0.99999)
        }
        let error = try failure { _ = try scratch.open() }
        #expect(error.name == "corrupt")
    }

    @Test func `a flipped manifest refuses to open`() throws {
        let scratch = try Scratch()
        _ = try makeTables(scratch)
        let manifests = try FileManager.default.contentsOfDirectory(atPath: scratch.path + "/db")
            .filter { $0.hasPrefix("MANIFEST") }
        let manifest = try #require(manifests.first)
        try Damage.flipBit(scratch.path + "/db/" + manifest, at: 0.5)
        #expect(throws: StorageError.self) { try scratch.open() }
    }

    @Test func `reads of tables ask the disk once`() throws {
        let scratch = try Scratch()
        _ = try makeTables(scratch)
        let storage = try scratch.open()
        defer { storage.close() }
        let key = Sample.key(700)
        let value = ReadResult.found(Sample.value(700))
        #expect(try storage.read(key, from: .objects, mayBlock: false) == .notInMemory)
        #expect(try storage.read(key, from: .objects, mayBlock: true) == value)
        #expect(try storage.read(key, from: .objects, mayBlock: false) == value)
        #expect(storage.statistics.blockCacheBytes > 0)
        #expect(storage.statistics.tableFilesBytes > 100_000)
    }

    @Test func `a scan leaves the block cache to requests`() throws {
        let scratch = try Scratch()
        _ = try makeTables(scratch)
        let storage = try scratch.open()
        defer { storage.close() }
        #expect(try storage.countKeys() == 2000)
        // The index and filter are in, the 200 kB of data are not.
        #expect(storage.statistics.blockCacheBytes < 50_000)
    }
}
