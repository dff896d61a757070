import Essentials
import Placement
import Testing

@Suite struct SlotTests {
    @Test(
        arguments: [
            ("123456789", 0x31C3), ("foo", 12182), ("bar", 5061), ("", 0), ("somekey", 11058),
        ] as [(String, UInt16)])
    func `slots are Redis Cluster's`(key: String, expected: UInt16) {
        #expect(slot(of: Array(key.utf8)) == expected)
    }
}
