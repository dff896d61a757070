import Foundation
import Testing

@testable import Storage

/// Tables with flipped bits under a database that goes on.
@Suite struct DamageTests {
    /// 5,000 keys in one table, one bit of which is flipped in the middle.
    private func damaged(_ scratch: Scratch) throws {
        let storage = try scratch.open()
        for start in stride(from: 0, to: 5000, by: 100) {
            _ = try storage.write(Sample.batch(start..<start + 100), mayStall: true)
        }
        try storage.flush()
        storage.close()
        let table = try #require(
            try scratch.files(".sst").max { try Damage.size($0) < Damage.size($1) })
        try Damage.flipBit(table, at: 0.5)
    }

    @Test func `a scan goes on past a block that cannot be read`() throws {
        let scratch = try Scratch()
        try damaged(scratch)
        let storage = try scratch.open()
        defer { storage.close() }
        var found = 0
        var gaps = 0
        let end = try storage.scanReadable(
            .objects, from: [], to: nil, limits: .unlimited,
            skipped: { last, next, error in
                gaps += 1
                #expect(error.isDamage)
                #expect(next.map { last.lexicographicallyPrecedes($0) } ?? false)
            }
        ) { _, _ in
            found += 1
            return true
        }
        #expect(end == .finished)
        #expect(gaps == 1)
        // A block of 4 KiB holds some tens of them.
        #expect(4900..<5000 ~= found)
        #expect(throws: StorageError.self) {
            _ = try storage.scan(.objects, from: [], to: nil, limits: .unlimited) { _, _ in true }
        }
    }

    @Test func `a compaction that meets damage ends neither writes nor reads`() throws {
        let scratch = try Scratch()
        try damaged(scratch)
        let storage = try scratch.open()
        defer { storage.close() }
        _ = try storage.write(Sample.batch(0..<5000), mayStall: true)
        _ = try storage.reclaim(.objects, from: [], to: [0xFF])
        #expect(storage.statistics.damagedCompactions > 0)
        #expect(try storage.write(Sample.batch(5000..<5100), mayStall: true) == .written)
        try storage.sync()
        #expect(
            try storage.read(Sample.key(5050), from: .objects, mayBlock: true) != .absent)
    }

    @Test(arguments: [0, 1, 5, 1000, 1 << 40] as [UInt128])
    func `the end of what cannot be read is found`(width: UInt128) {
        let start = KeyNumber(1 << 70)
        let found = start.next(upTo: KeyNumber(.max)) { $0.value > start.value + width }
        #expect(found?.value == start.value + width + 1)
        #expect(start.next(upTo: KeyNumber(.max)) { _ in false } == nil)
    }
}
