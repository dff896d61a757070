import Essentials
import Membership
import Placement
import Testing

@Suite struct KeyspaceCodingTests {
    private func bytes(of topology: Topology) -> [UInt8] {
        var bytes: [UInt8] = []
        topology.encode(into: &bytes)
        return bytes
    }

    /// What `clusterWithKeyspaces` has between its members and its placement.
    private static let keyspaces: [UInt8] = [
        2,  // keyspaces
        2, UInt8(ascii: "b"), UInt8(ascii: ":"),  // prefix
        2, 2, 0x82, 4, 0x81,  // two fields: w ALL, pw QUORUM
        1, 0xFF,  // prefix
        2, 1, 1, 2, 0x80,  // two fields: r 1, w ONE
    ]

    private func start(in bytes: [UInt8]) throws -> Int {
        try #require(bytes.indices.first { bytes[$0...].starts(with: Self.keyspaces) })
    }

    @Test func `the format is fixed, and that of the release before without keyspaces`() throws {
        let with = bytes(of: try clusterWithKeyspaces())
        #expect(with[0] == 3)
        let start = try start(in: with)
        var rest = with
        rest.removeSubrange(start..<start + Self.keyspaces.count)
        rest[0] = 2
        // The last byte of the epoch: two changes have made the keyspaces.
        rest[24] -= 2
        #expect(rest == bytes(of: try cluster(3)))
    }

    @Test func `a topology of a release without keyspaces is read, and has none`() throws {
        let old = bytes(of: try cluster(2))
        #expect(old[0] == 2)
        var reader = ByteReader(old)
        #expect(try Topology(from: &reader).keyspaces.isEmpty)
    }

    @Test func `what was written is read`() throws {
        let topology = try clusterWithKeyspaces()
        var reader = ByteReader(bytes(of: topology))
        let read = try Topology(from: &reader)
        #expect(read == topology)
        #expect(reader.isAtEnd)
        #expect(read.keyspaces.quorums(of: [0xFF, 1]) == quorums(r: .number(1), w: .one))
    }

    @Test(
        arguments: [
            (2, 0xFF, "keyspaces not ascending"), (5, 6, "policy"), (7, 2, "policy"),
            (6, 0x84, "quorum"), (6, 4, "'w' is 4, more than the 3 replicas of 'n'"),
            (6, 0, "'w' must be at least 1"), (0, 1, nil), (0, 3, nil), (4, 1, nil),
        ] as [(Int, UInt8, String?)])
    func `keyspaces that cannot be are refused`(
        offset: Int, byte: UInt8, defect: String?
    ) throws {
        var bytes = bytes(of: try clusterWithKeyspaces())
        bytes[try start(in: bytes) + offset] = byte
        var reader = ByteReader(bytes)
        let error = #expect(throws: DecodingError.self) {
            _ = try Topology(from: &reader)
            try reader.finish()
        }
        if let defect { #expect(error == .invalid(defect)) }
    }
}
