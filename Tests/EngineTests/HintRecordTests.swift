import Essentials
import Placement
import Testing

@testable import Engine

@Suite struct HintRecordTests {
    private static let key = ObjectKey(
        position: Position(rawValue: 0x0102_0304_0506_0708), bytes: Array("key".utf8))
    private static let target = NodeNumber(rawValue: 0x0A0B)

    private func hex(_ bytes: [UInt8]) -> String {
        bytes.map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
    }

    /// On disk.
    @Test func `the format does not change`() throws {
        #expect(hex(HintRecord.key(Self.target, Self.key)) == "020a0b0102030405060708036b6579")
        #expect(hex(HintRecord.value(sinceMs: 300, record: [7, 8])) == "01ac020708")
        let partition = PartitionID(rawValue: 0x0102)
        #expect(hex(HintRecord.accountKey(Self.target, partition)) == "010a0b0102")
        let account = HintAccounts.Account(
            records: 2, bytes: 300, oldestMs: 5, dirtySinceMs: 6)
        let now = Now(monotonicNs: 8_000_000, wallMs: 99)
        #expect(hex(HintRecord.accountValue(account, now: now)) == "0202ac020306")
    }

    @Test func `records are read back as they were written`() throws {
        let key = HintRecord.key(Self.target, Self.key)
        #expect(try HintRecord.parseKey(key) == Self.key)
        let (sinceMs, record) = try HintRecord.parseValue(
            HintRecord.value(sinceMs: 300, record: [7, 8]))
        #expect(sinceMs == 300 && record == [7, 8])
        let partition = PartitionID(rawValue: 9)
        let (target, found) = try HintRecord.parseAccountKey(
            HintRecord.accountKey(Self.target, partition))
        #expect(target == Self.target && found == partition)
        var account = HintAccounts.Account(records: 2, bytes: 300, oldestMs: 5, dirtySinceMs: 6)
        // Two ms after it was kept; and found 3 ms after the start of a machine.
        let stored = HintRecord.accountValue(account, now: Now(monotonicNs: 7_000_000, wallMs: 0))
        account.oldestMs = 1
        account.storedMs = 3
        let now = Now(monotonicNs: 3_000_000, wallMs: 1)
        #expect(
            try HintRecord.parseAccountValue(stored, now: now, ageMsMax: 100) == account)
    }

    /// It said when hints were kept, by a clock that may have been wrong since.
    @Test(arguments: [
        (wallMs: 25 as UInt64, ageMs: 20 as Int64), (wallMs: 1_000_000, ageMs: 50),
        (wallMs: 1, ageMs: 0),
    ]) func `an account of the first version is read`(wallMs: UInt64, ageMs: Int64) throws {
        let now = Now(monotonicNs: 3_000_000, wallMs: wallMs)
        let account = try HintRecord.parseAccountValue(
            [1, 2, 0xAC, 2, 5, 6], now: now, ageMsMax: 50)
        #expect(account.records == 2 && account.bytes == 300 && account.dirtySinceMs == 6)
        #expect(now.monotonicMs - account.oldestMs == ageMs)
    }

    @Test func `a record of a later version is refused`() {
        #expect(throws: DecodingError.unknownVersion(2)) {
            try HintRecord.parseValue([2, 1, 1])
        }
        #expect(throws: DecodingError.unknownVersion(3)) {
            let now = Now(monotonicNs: 0, wallMs: 0)
            _ = try HintRecord.parseAccountValue([3, 1, 1, 1, 1], now: now, ageMsMax: 1)
        }
    }

    /// Also at the last position of the ring, and with the longest key.
    @Test(arguments: [1, 127, 128, 255, 65_536]) func `a partition's range has all its hints`(
        size: Int
    ) {
        let partitioning = Partitioning(count: 64)
        let bytes = [UInt8](repeating: 0xFF, count: size)
        for partition in partitioning.all {
            let positions = partitioning.positions(of: partition)
            let range = HintRecord.range(Self.target, positions)
            for position in [positions.lowerBound, positions.upperBound] {
                let key = HintRecord.key(
                    Self.target, ObjectKey(position: position, bytes: bytes))
                #expect(!key.lexicographicallyPrecedes(range.start))
                #expect(key.lexicographicallyPrecedes(range.end))
            }
            for other in partitioning.all where other != partition {
                let key = HintRecord.key(
                    Self.target,
                    ObjectKey(
                        position: partitioning.positions(of: other).lowerBound, bytes: bytes))
                #expect(
                    key.lexicographicallyPrecedes(range.start)
                        || !key.lexicographicallyPrecedes(range.end))
            }
        }
    }
}
