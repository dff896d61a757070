import Causality
import Essentials
import Objects
import Testing

/// Head records as bytes: they are on disks and travel between versions. If one of these fails, the
/// format has changed: give it a new version and keep reading this one.
@Suite struct ObjectGoldenTests {
    private static let actor = Actor(node: NodeNumber(rawValue: 3), epochMs: 0x0123_4567_89AB)

    private func dot(_ counter: UInt64) -> Dot { Dot(actor: Self.actor, counter: counter) }

    private func hex(_ bytes: [UInt8]) -> String {
        bytes.map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
    }

    private func bytes(_ hex: String) -> [UInt8] {
        let digits = Array(hex)
        return stride(from: 0, to: digits.count, by: 2).map { index in
            UInt8(String(digits[index...index + 1]), radix: 16) ?? 0
        }
    }

    private func check(_ object: Object, _ golden: String) throws {
        #expect(hex(object.encoded()) == golden)
        #expect(try Object(decoding: bytes(golden)) == object)
    }

    /// What every record here has in common: version, type and a context of one actor.
    private func head(_ counter: String) -> String {
        "01" + "01" + "01" + "ab89674523010300" + counter + "00"
    }

    @Test func `a string without a deadline`() throws {
        var object = Object()
        object.write(
            .assign(Array("value".utf8), deadline: .remove), dot: dot(1),
            stamp: Timestamp(rawValue: 0x0102_0304_0506_0708), nowMs: 0)
        try check(
            object,
            head("01") + "01" + "ab89674523010300" + "01" + "0807060504030201" + "21"
                + "0576616c7565" + "148f04c3")
    }

    @Test func `a string with a deadline, expired`() throws {
        var object = Object()
        object.write(
            .assign(Array("v".utf8), deadline: .set(1_700_000_000_000)), dot: dot(2),
            stamp: Timestamp(rawValue: 5), nowMs: 0)
        object.expire(nowMs: 1_700_000_000_000)
        try check(
            object,
            "01" + "81" + "0001" + "ab89674523010300" + "02"
                + "01" + "ab89674523010300" + "02" + "0500000000000000" + "14" + "80d095ffbc31"
                + "c4b791f9")
    }

    /// A counter of two actors, and its entries from the first dot to the end.
    private func counter() throws -> Object {
        var object = Object()
        object.write(.increment(-1), dot: dot(1), stamp: Timestamp(rawValue: 1), nowMs: 0)
        object.write(.increment(-2), dot: dot(2), stamp: Timestamp(rawValue: 1), nowMs: 0)
        object.write(
            .incrementDecimal(try FixedDecimal(parsing: Array("1.5".utf8))), dot: Self.otherDot,
            stamp: Timestamp(rawValue: 2), nowMs: 0)
        object.write(
            .setDeadline(.set(300)), dot: dot(3), stamp: Timestamp(rawValue: 3), nowMs: 0)
        return object
    }

    private static let otherDot = Dot(
        actor: Actor(node: NodeNumber(rawValue: 4), epochMs: 1), counter: 1)
    private static let context =
        "02" + "ab89674523010300" + "03" + "0100000000000400" + "01" + "00"

    @Test func `a counter with shares and a deadline of its own`() throws {
        try check(
            try counter(),
            "02" + "81" + Self.context + "03"
                + "ab89674523010300" + "02" + "0100000000000000" + "02" + "01" + "05"
                + "ab89674523010300" + "03" + "0300000000000000" + "10" + "ac02"
                + "0100000000000400" + "01" + "0200000000000000" + "03" + "01"
                + "00004f8c34e814020000000000000000" + "00" + "a15bbf55")
    }

    @Test func `a counter that has expired`() throws {
        var object = try counter()
        object.expire(nowMs: 300)
        try check(
            object,
            "02" + "81" + Self.context + "03"
                + "ab89674523010300" + "02" + "0100000000000000" + "05" + "01" + "05"
                + "ab89674523010300" + "03" + "0300000000000000" + "10" + "ac02"
                + "0100000000000400" + "01" + "0200000000000000" + "06" + "01"
                + "00004f8c34e814020000000000000000" + "00" + "6d20dd9a")
    }

    @Test func `a counter that was deleted`() throws {
        var object = try counter()
        object.write(.delete, dot: dot(4), stamp: Timestamp(rawValue: 4), nowMs: 0)
        try check(
            object,
            "02" + "01" + "02" + "ab89674523010300" + "04" + "0100000000000400" + "01" + "00"
                + "00" + "02" + "ab89674523010300" + "02" + "02" + "05"
                + "0100000000000400" + "01" + "03" + "00004f8c34e814020000000000000000"
                + "e5bcb94e")
    }

    /// Before version 2, shares had no start; each is a run of its own now.
    @Test func `a counter of version 1 is read`() throws {
        let old =
            "01" + "81" + "02" + "ab89674523010300" + "02" + "0100000000000400" + "01" + "00"
            + "03" + "ab89674523010300" + "01" + "0100000000000000" + "02" + "05"
            + "ab89674523010300" + "02" + "0300000000000000" + "10" + "ac02"
            + "0100000000000400" + "01" + "0200000000000000" + "03"
            + "00004f8c34e814020000000000000000" + "b6cedf4d"
        var object = try Object(decoding: bytes(old))
        #expect(object.visible(nowMs: 0)?.bytes == Array("-1.5".utf8))
        #expect(try Object(decoding: object.encoded()) == object)
        object.write(.increment(1), dot: dot(3), stamp: Timestamp(rawValue: 4), nowMs: 0)
        #expect(object.visible(nowMs: 0)?.bytes == Array("-0.5".utf8))
        #expect(object.entries.count == 3)
    }

    @Test func `siblings, and a context with a gap`() throws {
        var object = Object()
        object.write(
            Array("a".utf8), seen: Sighting(), dot: dot(1), stamp: Timestamp(rawValue: 1))
        object.write(
            Array("b".utf8), seen: Sighting(), dot: dot(3), stamp: Timestamp(rawValue: 2))
        try check(
            object,
            "03" + "01" + "01" + "ab89674523010300" + "01" + "01" + "ab89674523010300" + "03"
                + "02" + "ab89674523010300" + "01" + "0100000000000000" + "27" + "0161"
                + "ab89674523010300" + "03" + "0200000000000000" + "27" + "0162" + "00"
                + "f9278af1")
    }

    /// Before version 3, registers did not say whether they were written with a context.
    @Test func `siblings of version 1 are read`() throws {
        let golden =
            "01" + "01" + "01" + "ab89674523010300" + "01" + "01" + "ab89674523010300" + "03"
            + "02" + "ab89674523010300" + "01" + "0100000000000000" + "21" + "0161"
            + "ab89674523010300" + "03" + "0200000000000000" + "21" + "0162" + "4e49fec7"
        let object = try Object(decoding: bytes(golden))
        #expect(object.siblings(nowMs: 0) == [Array("b".utf8), Array("a".utf8)])
        #expect(object.entries.allSatisfy { !$0.isCausal })
        #expect(hex(object.encoded()) == golden)
    }

    @Test func `a tombstone`() throws {
        var object = Object()
        object.write(.delete, dot: dot(300), stamp: Timestamp(rawValue: 1), nowMs: 0)
        try check(
            object,
            "01" + "01" + "00" + "01" + "ab89674523010300" + "ac02" + "00" + "c046ab07")
    }

    @Test func `an empty object`() throws {
        try check(Object(), "01" + "01" + "00" + "00" + "00" + "02c37d13")
    }
}
