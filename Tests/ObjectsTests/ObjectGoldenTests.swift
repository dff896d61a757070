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

    @Test func `a counter with shares and a deadline of its own`() throws {
        var object = Object()
        object.write(.increment(-3), dot: dot(1), stamp: Timestamp(rawValue: 1), nowMs: 0)
        let other = Dot(
            actor: Actor(node: NodeNumber(rawValue: 4), epochMs: 1), counter: 1)
        object.write(
            .incrementDecimal(try FixedDecimal(parsing: Array("1.5".utf8))), dot: other,
            stamp: Timestamp(rawValue: 2), nowMs: 0)
        object.write(
            .setDeadline(.set(300)), dot: dot(2), stamp: Timestamp(rawValue: 3), nowMs: 0)
        try check(
            object,
            "01" + "81" + "02" + "ab89674523010300" + "02" + "0100000000000400" + "01" + "00"
                + "03" + "ab89674523010300" + "01" + "0100000000000000" + "02" + "05"
                + "ab89674523010300" + "02" + "0300000000000000" + "10" + "ac02"
                + "0100000000000400" + "01" + "0200000000000000" + "03"
                + "00004f8c34e814020000000000000000" + "b6cedf4d")
    }

    @Test func `siblings, and a context with a gap`() throws {
        var object = Object()
        object.write(
            Array("a".utf8), seen: CausalContext(), dot: dot(1), stamp: Timestamp(rawValue: 1))
        object.write(
            Array("b".utf8), seen: CausalContext(), dot: dot(3), stamp: Timestamp(rawValue: 2))
        try check(
            object,
            "01" + "01" + "01" + "ab89674523010300" + "01" + "01" + "ab89674523010300" + "03"
                + "02" + "ab89674523010300" + "01" + "0100000000000000" + "21" + "0161"
                + "ab89674523010300" + "03" + "0200000000000000" + "21" + "0162" + "4e49fec7")
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
