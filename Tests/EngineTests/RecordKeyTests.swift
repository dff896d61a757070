import Essentials
import Placement
import Testing

@testable import Engine

@Suite struct RecordKeyTests {
    private func hex(_ bytes: [UInt8]) -> String {
        bytes.map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
    }

    /// Records on disks are found by these bytes.
    @Test func `the format does not change`() {
        #expect(
            hex(RecordKey.head(of: ObjectKey(Array("foo".utf8)))) == "be5aadb97d901df903666f6f00")
        #expect(hex(RecordKey.head(of: ObjectKey([]))) == "0000b41a0014e34e0000")
        let long = ObjectKey([UInt8](repeating: 0x61, count: 300))
        #expect(hex(Array(RecordKey.head(of: long)[8..<11])) == "ac0261")
    }

    @Test(arguments: 0..<100) func `a head's key is read back`(seed: Int) throws {
        var random = SeededRandom(seed: UInt64(seed))
        let size = Int.random(in: 0...300, using: &random)
        let key = ObjectKey((0..<size).map { _ in UInt8.random(in: 0...255, using: &random) })
        let record = RecordKey.head(of: key)
        #expect(try RecordKey.parseHead(record) == key)
        for end in record.indices {
            #expect(throws: DecodingError.self) { try RecordKey.parseHead(Array(record[..<end])) }
        }
        #expect(throws: DecodingError.self) { try RecordKey.parseHead(record + [0]) }
        var cell = record
        cell[cell.count - 1] = 1
        #expect(try RecordKey.parseHead(cell) == nil)
    }

    @Test(arguments: 0..<100) func `records sort along the ring`(seed: Int) {
        var random = SeededRandom(seed: UInt64(seed))
        let (one, other) = (
            ObjectKey(Array("\(random.next())".utf8)), ObjectKey(Array("\(random.next())".utf8))
        )
        let (left, right) = (RecordKey.head(of: one), RecordKey.head(of: other))
        #expect(left.lexicographicallyPrecedes(right) == (one.position < other.position))
        #expect(!left.lexicographicallyPrecedes(RecordKey.first(at: one.position)))
        #expect(left.lexicographicallyPrecedes(RecordKey.end(of: one.position)))
    }

    @Test func `the last position of the ring has an end as well`() {
        let last = ObjectKey(position: Position(rawValue: .max), bytes: [0xFF])
        #expect(
            RecordKey.head(of: last).lexicographicallyPrecedes(
                RecordKey.end(of: last.position)))
    }
}
