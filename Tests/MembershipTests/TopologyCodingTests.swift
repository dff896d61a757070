import Essentials
import Membership
import Placement
import Testing

@Suite struct TopologyCodingTests {
    private func bytes(of topology: Topology) -> [UInt8] {
        var bytes: [UInt8] = []
        topology.encode(into: &bytes)
        return bytes
    }

    @Test func `the format is fixed`() throws {
        let member = MemberDescription(
            id: UniqueID(high: 0x0102, low: 0x0304),
            addresses: MemberAddresses(peer: "h:1", client: "h:2", admin: "h:3"), zone: "z",
            weight: 300)
        let topology = try Topology.founded(
            by: member, clusterID: UniqueID(high: 0xAABB, low: 0xCCDD), n: 3, partitions: 64
        ).applying(.flush(stamp: 0x0506), clusterIsEmpty: false)
        let head: [UInt8] = [
            2,  // version
            0, 0, 0, 0, 0, 0, 0xAA, 0xBB, 0, 0, 0, 0, 0, 0, 0xCC, 0xDD,  // cluster id
            0, 0, 0, 0, 0, 0, 0, 2,  // epoch
            3,  // n
            0, 2,  // next number
            0, 0, 0, 0, 0, 0, 5, 6,  // flush stamp
            1,  // members
            0, 1,  // number
            0, 0, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 0, 0, 3, 4,  // id
        ]
        let addresses = [3] + Array("h:1".utf8) + [3] + Array("h:2".utf8) + [3] + Array("h:3".utf8)
        let tail: [UInt8] = [
            1, UInt8(ascii: "z"), 0xAC, 0x02,  // zone, weight
            1, 6, 1, 1, 0, 1,  // placement: version, 2^6 partitions, 1 replica, 1 node: 1
        ]
        let expected = head + addresses + tail + [UInt8](repeating: 0, count: 64)
        #expect(bytes(of: topology) == expected)
    }

    @Test(arguments: [1, 2, 5, 20])
    func `what was written is read`(count: Int) throws {
        let topology = try cluster(count).applying(.flush(stamp: 7), clusterIsEmpty: true)
        var reader = ByteReader(bytes(of: topology))
        #expect(try Topology(from: &reader) == topology)
        #expect(reader.isAtEnd)
    }

    @Test func `the first release's format is read, and who decided then is known`() throws {
        let topology = try cluster(3)
        var old = bytes(of: topology)
        old[0] = 1
        old.insert(contentsOf: [0, 2], at: 26)
        var reader = ByteReader(old)
        #expect(try Topology(from: &reader) == topology)
        #expect(reader.isAtEnd)
        #expect(try Topology.soleAuthority(in: old) == node(2))
        #expect(try Topology.soleAuthority(in: bytes(of: topology)) == nil)
    }

    @Test func `a newer version is refused`() throws {
        var bytes = bytes(of: try cluster(2))
        bytes[0] = 5
        var reader = ByteReader(bytes)
        #expect(throws: DecodingError.unknownVersion(5)) { try Topology(from: &reader) }
    }

    @Test func `who is lost is written down, with keyspaces and without`() throws {
        for topology in [try cluster(3), try clusterWithKeyspaces()] {
            let recovered = topology.recovered(without: [node(2), node(3)], epoch: 1 << 32)
            let bytes = bytes(of: recovered)
            #expect(bytes[0] == 4)
            var reader = ByteReader(bytes)
            let decoded = try Topology(from: &reader)
            #expect(decoded == recovered)
            #expect(
                (1...4).map { decoded.standing(of: node($0)) } == [.member, .lost, .lost, .unknown])
        }
    }

    @Test func `bytes cut short are refused`() throws {
        let bytes = bytes(of: try clusterWithKeyspaces())
        for size in bytes.indices {
            var reader = ByteReader(bytes, in: 0..<size)
            #expect(throws: DecodingError.self) { try Topology(from: &reader) }
        }
    }

    @Test(arguments: [
        (17, "epoch"), (25, "n"), (27, "next number"),
    ])
    func `a broken invariant is refused`(offset: Int, defect: String) throws {
        var bytes = bytes(of: try cluster(3))
        let end = offset == 17 ? 25 : offset + 1
        for index in offset..<end { bytes[index] = 0 }
        var reader = ByteReader(bytes)
        #expect(throws: DecodingError.invalid(defect)) { try Topology(from: &reader) }
    }

    @Test func `damaged bytes never crash`() throws {
        let bytes = bytes(of: try clusterWithKeyspaces())
        var random = SeededRandom(seed: 3)
        for _ in 0..<2000 {
            var damaged = bytes
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let offset = Int.random(in: 0..<damaged.count, using: &random)
                damaged[offset] = UInt8.random(in: .min ... .max, using: &random)
            }
            var reader = ByteReader(damaged)
            guard let topology = try? Topology(from: &reader) else { continue }
            // What was taken can be changed and written again.
            _ = try topology.applying(.flush(stamp: .max), clusterIsEmpty: false)
            _ = self.bytes(of: topology)
        }
    }

    @Test(
        arguments: [
            .join(description(3, zone: "a", weight: 10)), .updateAddresses(clusterID, addresses(4)),
            .flush(stamp: 1 << 60), .leave(clusterID), .forget([clusterID, description(2).id]),
            .forget([]),
            .weigh(clusterID, weight: 400),
            .setKeyspace(prefix: [0, 0xFF], quorums(r: .number(1), pw: .default)),
            .setKeyspace(prefix: [1], quorums(w: .all, dw: .quorum)),
            .unsetKeyspace(prefix: Array("cache:".utf8)),
        ] as [TopologyChange])
    func `a change that was written is read`(change: TopologyChange) throws {
        var bytes: [UInt8] = []
        change.encode(into: &bytes)
        var reader = ByteReader(bytes)
        #expect(try TopologyChange(from: &reader) == change)
        #expect(reader.isAtEnd)
        for size in bytes.indices {
            var short = ByteReader(bytes, in: 0..<size)
            #expect(throws: DecodingError.self) { try TopologyChange(from: &short) }
        }
    }
}
