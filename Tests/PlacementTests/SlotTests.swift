import Essentials
import Placement
import Testing

@Suite struct SlotTests {
    /// From the Redis Cluster specification, and answers of `CLUSTER KEYSLOT`.
    @Test(
        arguments: [
            ("123456789", 0x31C3), ("", 0), ("foo", 12182), ("bar", 5061), ("somekey", 11058),
            ("foo{hash_tag}", 2515), ("hash_tag", 2515), ("foo{{bar}}zap", 4015),
            ("foo{}{bar}", 8363), ("{}", 15257), ("}{a}", 15495), ("{user1000}.following", 3443),
        ] as [(String, UInt16)])
    func `slots are Redis Cluster's`(key: String, expected: UInt16) {
        #expect(slot(of: Array(key.utf8)) == expected)
    }

    @Test(arguments: [
        ("foo{bar}", "bar"), ("{user1000}.following", "user1000"),
        ("{user1000}.followers", "user1000"), ("foo{bar}{zap}", "bar"), ("foo{{bar}}zap", "{bar"),
        ("}{a}", "a"), ("{a", "{a"), ("a}", "a}"),
    ])
    func `a hash tag stands for its key`(key: String, tag: String) {
        #expect(slot(of: Array(key.utf8)) == plainSlot(tag))
    }

    @Test(arguments: ["foo{}{bar}", "{}", "{}a", "a{", "}a{", "{", "}"])
    func `an empty or unclosed hash tag is none`(key: String) {
        #expect(slot(of: Array(key.utf8)) == plainSlot(key))
    }

    @Test func `any bytes have the slot of the definition`() {
        var random = SeededRandom(seed: 1)
        for _ in 0..<2000 {
            let size = Int.random(in: 0...40, using: &random)
            let key = (0..<size).map { _ in UInt8.random(in: .min ... .max, using: &random) }
            if key.contains(UInt8(ascii: "{")) { continue }
            #expect(slot(of: key) == bitwiseCRC16(key) % 16384)
        }
    }

    private func plainSlot(_ key: String) -> UInt16 { bitwiseCRC16(Array(key.utf8)) % 16384 }

    /// CRC16-XMODEM as it is defined, bit by bit.
    private func bitwiseCRC16(_ bytes: [UInt8]) -> UInt16 {
        var checksum: UInt16 = 0
        for byte in bytes {
            checksum ^= UInt16(byte) << 8
            for _ in 0..<8 {
                let carry = checksum & 0x8000 != 0
                checksum <<= 1
                if carry { checksum ^= 0x1021 }
            }
        }
        return checksum
    }
}
