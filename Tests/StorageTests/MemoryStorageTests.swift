import Testing

@testable import Storage

@Suite struct MemoryStorageTests {
    @Test func `a power failure loses what was not synced and nothing else`() throws {
        let storage = MemoryStorage()
        try storage.put("a", "1")
        try storage.put("b", "1")
        try storage.sync()
        var batch = WriteBatch()
        batch.put(Array("a".utf8), Array("2".utf8), in: .objects)
        batch.deleteRange(from: Array("b".utf8), to: Array("c".utf8), in: .objects)
        _ = try storage.write(batch, mayStall: true)
        #expect(try storage.get("b") == nil)
        storage.losePower()
        #expect(try storage.get("a") == "1")
        #expect(try storage.get("b") == "1")
    }

    @Test func `a restart of the process loses nothing`() throws {
        let storage = MemoryStorage()
        try storage.put("a", "1")
        storage.close()
        storage.reopen()
        #expect(try storage.get("a") == "1")
    }

    @Test func `a failed sync makes nothing durable`() throws {
        let storage = MemoryStorage()
        try storage.put("a", "1")
        storage.faults.syncError = .syncFailed(reason: "told to")
        #expect(throws: StorageError.syncFailed(reason: "told to")) { try storage.sync() }
        storage.faults = .init()
        storage.losePower()
        #expect(try storage.get("a") == nil)
    }

    @Test func `a failed write changes nothing`() throws {
        let storage = MemoryStorage()
        storage.faults.writeError = .io(reason: "told to")
        #expect(throws: StorageError.io(reason: "told to")) { try storage.put("a", "1") }
        storage.faults = .init()
        #expect(try storage.get("a") == nil)
    }

    @Test func `a write that may not stall is put off whole`() throws {
        let storage = MemoryStorage()
        storage.faults.stallsWrites = true
        #expect(try storage.write(Sample.batch(0..<2), mayStall: false) == .wouldStall)
        #expect(try storage.countKeys() == 0)
        #expect(try storage.write(Sample.batch(0..<2), mayStall: true) == .written)
        #expect(try storage.countKeys() == 2)
    }

    @Test func `a forgotten key comes back with a read that may block`() throws {
        let storage = MemoryStorage()
        try storage.put("a", "1")
        storage.forgetCache()
        let key = Array("a".utf8)
        #expect(try storage.read(key, from: .objects, mayBlock: false) == .notInMemory)
        #expect(try storage.read(key, from: .objects, mayBlock: true) == .found(Array("1".utf8)))
        #expect(try storage.read(key, from: .objects, mayBlock: false) == .found(Array("1".utf8)))
        #expect(try storage.read([9], from: .objects, mayBlock: false) == .notInMemory)
        try storage.put("\u{9}", "2")
        #expect(try storage.read([9], from: .objects, mayBlock: false) != .notInMemory)
    }

    @Test func `a corrupt key stops a scan with an error`() throws {
        let storage = MemoryStorage()
        for key in ["a", "b", "c"] { try storage.put(key, key) }
        storage.faults.scanError = .corrupt(reason: "told to")
        storage.faults.scanErrorAt = Array("b".utf8)
        #expect(throws: StorageError.corrupt(reason: "told to")) { try storage.keys() }
        #expect(try storage.keys(to: "b") == ["a"])
    }

    @Test func `a full disk refuses writes from the next check on`() throws {
        let storage = MemoryStorage()
        storage.faults.space = .exhausted
        try storage.put("a", "1")
        #expect(try storage.checkSpace() == .exhausted)
        #expect(try storage.write(Sample.batch(0..<1), mayStall: true) == .diskFull)
        storage.faults.space = .low
        #expect(try storage.checkSpace() == .low)
        #expect(try storage.write(Sample.batch(0..<1), mayStall: true) == .written)
    }
}
