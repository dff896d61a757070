import Essentials
import Membership
import Testing

@Suite struct DetectorMessageTests {
    private static func node(_ number: UInt16) -> NodeNumber { NodeNumber(rawValue: number) }

    private static let rumours = [
        Rumour(node(2), .suspect, incarnation: 300, accuser: node(1)),
        Rumour(node(500), .dead, incarnation: 7),
        Rumour(node(1), .alive, incarnation: 8),
    ]
    /// The three rumours above.
    private static let rumourBytes: [UInt8] = [
        3,  // count
        2, 1, 0xAC, 0x02, 1,  // node 2, suspect, 300, says 1
        0xF4, 0x03, 2, 7,  // node 500, dead, 7
        1, 0, 8,  // node 1, alive, 8
    ]

    /// A message of each kind and its bytes. On the wire: these never change.
    private static let golden: [(DetectorMessage, [UInt8])] = [
        (
            DetectorMessage(.ping(200), incarnation: 5, isStalled: true, rumours: rumours),
            [1, 1, 1, 5, 0xC8, 0x01] + rumourBytes
        ),
        (DetectorMessage(.ack(1), incarnation: 5), [1, 2, 0, 5, 1, 0]),
        (
            DetectorMessage(.pingRequest(9, target: node(300)), incarnation: 5),
            [1, 3, 0, 5, 9, 0xAC, 0x02, 0]
        ),
        (DetectorMessage(.nack(1), incarnation: 5), [1, 4, 0, 5, 1, 0]),
        (DetectorMessage(.sync(rumours), incarnation: 5), [1, 5, 0, 5] + rumourBytes + [0]),
        (DetectorMessage(.synced(rumours), incarnation: 5), [1, 6, 0, 5] + rumourBytes + [0]),
        (DetectorMessage(.viewRequest(4), incarnation: 5), [1, 7, 0, 5, 4, 0]),
        (DetectorMessage(.view(4, rumours), incarnation: 5), [1, 8, 0, 5, 4] + rumourBytes + [0]),
        (DetectorMessage(.news, incarnation: 5, rumours: rumours), [1, 9, 0, 5] + rumourBytes),
    ]

    private func decode(_ bytes: [UInt8]) throws -> DetectorMessage {
        var reader = ByteReader(bytes)
        let message = try DetectorMessage(from: &reader)
        try reader.finish()
        return message
    }

    @Test(arguments: golden.indices) func `the format is fixed`(index: Int) throws {
        let (message, bytes) = Self.golden[index]
        var encoded: [UInt8] = []
        message.encode(into: &encoded)
        #expect(encoded == bytes)
        #expect(try decode(bytes) == message)
    }

    @Test(arguments: golden.indices) func `bytes cut short are refused`(index: Int) throws {
        let bytes = Self.golden[index].1
        for size in bytes.indices {
            #expect(throws: DecodingError.self) { try decode(Array(bytes.prefix(size))) }
        }
    }

    @Test func `what is not of this format is refused`() throws {
        #expect(throws: DecodingError.unknownVersion(2)) { try decode([2, 1, 0, 5, 1, 0]) }
        #expect(throws: DecodingError.self) { try decode([1, 10, 0, 5, 1, 0]) }
        // A liveness that nobody knows, a node number over 16 bits, an incarnation over 56.
        #expect(throws: DecodingError.self) { try decode([1, 2, 0, 5, 1, 1, 2, 3, 7]) }
        #expect(throws: DecodingError.self) {
            try decode([1, 2, 0, 5, 1, 1, 0xFF, 0xFF, 0x7F, 0, 7])
        }
        let huge = [UInt8](repeating: 0xFF, count: 8) + [1]
        #expect(throws: DecodingError.self) { try decode([1, 2, 0] + huge + [1, 0]) }
    }

    @Test func `a message is bounded`() throws {
        let many = (1...5000).map { Rumour(Self.node(UInt16($0)), .dead, incarnation: 1 << 50) }
        var bytes: [UInt8] = []
        DetectorMessage(.ping(1), incarnation: 5, rumours: many).encode(into: &bytes)
        #expect(bytes.count < 256)
        #expect(try decode(bytes).rumours.count == DetectorMessage.rumoursMax)
        bytes = []
        DetectorMessage(.sync(many), incarnation: 5).encode(into: &bytes)
        #expect(bytes.count < 64 << 10)
        // One more than fits is no message of ours.
        let excess = [1, 2, 0, 5, 1, 13] + [UInt8](repeating: 0, count: 3 * 13)
        #expect(throws: DecodingError.self) { try decode(excess) }
    }
}
