import Essentials
import Membership
import Placement
import Testing

@Suite struct KeyspaceTests {
    private func applied(
        _ changes: [TopologyChange], to topology: Topology
    ) throws(TopologyRefusal) -> Topology {
        var topology = topology
        for change in changes {
            topology = try topology.applying(change, clusterIsEmpty: false)
        }
        return topology
    }

    private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

    private func set(_ prefix: String, _ quorums: Quorums) -> TopologyChange {
        .setKeyspace(prefix: bytes(prefix), quorums)
    }

    // MARK: Changes

    @Test func `a keyspace needs no empty cluster, and raises the epoch`() throws {
        let before = try cluster(3)
        let topology = try applied([set("cache:", quorums(r: .one, w: .number(1)))], to: before)
        #expect(topology.epoch == before.epoch + 1)
        #expect(topology.placement == before.placement)
        #expect(topology.keyspaces[bytes("cache:")]?.quorums == quorums(r: .one, w: .number(1)))
        #expect(topology.keyspaces[bytes("cache")] == nil)
    }

    @Test func `what is not named stays, and default takes back`() throws {
        let topology = try applied(
            [
                set("a", quorums(r: .number(2), w: .all)), set("a", quorums(r: .number(1))),
                set("a", quorums(w: .default, pw: .quorum)),
            ], to: try cluster(3))
        #expect(topology.keyspaces.all.map(\.quorums) == [quorums(r: .number(1), pw: .quorum)])
    }

    @Test func `what is made already changes nothing`() throws {
        let topology = try applied([set("a", quorums(r: .one))], to: try cluster(2))
        #expect(try applied([set("a", quorums(r: .one))], to: topology) == topology)
        #expect(try applied([.unsetKeyspace(prefix: bytes("b"))], to: topology) == topology)
    }

    @Test func `a keyspace that is unset leaves its keys to the next shorter one`() throws {
        let changes = [set("a", quorums(r: .one)), set("ab", quorums()), set("abc", quorums())]
        let topology = try applied(changes, to: try cluster(3))
        #expect(topology.keyspaces.quorums(of: bytes("abc")) == quorums())
        let without = try applied(
            [.unsetKeyspace(prefix: bytes("ab")), .unsetKeyspace(prefix: bytes("abc"))],
            to: topology)
        #expect(without.keyspaces.quorums(of: bytes("abc")) == quorums(r: .one))
    }

    @Test(
        arguments: [
            ([], quorums(), "a keyspace's prefix has 1 to 255 bytes"),
            (
                [UInt8](repeating: 1, count: 256), quorums(),
                "a keyspace's prefix has 1 to 255 bytes"
            ),
            ([1], quorums(w: .number(4)), "'w' is 4, more than the 3 replicas of 'n'"),
            ([1], quorums(pr: .number(16)), "'pr' is 16, more than the 3 replicas of 'n'"),
            ([1], quorums(r: .number(0)), "'r' must be at least 1"),
        ] as [([UInt8], Quorums, String)])
    func `a keyspace that cannot be is refused`(
        prefix: [UInt8], quorums: Quorums, reason: String
    ) throws {
        let topology = try cluster(3)
        let refusal = #expect(throws: TopologyRefusal.self) {
            try topology.applying(
                .setKeyspace(prefix: prefix, quorums), clusterIsEmpty: true)
        }
        #expect(refusal?.description == reason)
    }

    @Test func `there is a bound on keyspaces, within which they change`() throws {
        let all = (0..<Keyspaces.countMax).map { set("k\($0)", quorums(dw: .number(0))) }
        let topology = try applied(all, to: try cluster(1))
        let refusal = #expect(throws: TopologyRefusal.self) {
            try applied([set("one more", quorums())], to: topology)
        }
        #expect(
            refusal?.description == "the cluster has 256 keyspaces, the most there can be")
        let changed = try applied([set("k7", quorums(r: .all))], to: topology)
        #expect(changed.keyspaces.count == 256)
    }

    // MARK: The longest prefix

    @Test(
        arguments: [
            ("a", "a"), ("ab", "a"), ("abc", "abc"), ("abcd", "abc"), ("abd", "a"), ("b", nil),
            ("", nil), ("bc", "bc"), ("zz", nil), ("ac", "a"),
        ] as [(String, String?)])
    func `the longest prefix decides`(key: String, prefix: String?) throws {
        let changes = ["bc", "a", "abc", "abx"].map { set($0, quorums()) }
        let keyspaces = try applied(changes, to: try cluster(1)).keyspaces
        #expect(keyspaces.keyspace(of: bytes(key))?.prefix == prefix.map(bytes))
    }

    @Test(arguments: 0..<20 as Range<UInt64>)
    func `keyspaces are found as by comparing all of them`(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        // Few letters and short words, so that prefixes nest.
        func draw(_ sizes: ClosedRange<Int>) -> [UInt8] {
            (0..<Int.random(in: sizes, using: &random)).map { _ in
                [0, 1, 0xFF].randomElement(using: &random) ?? 0
            }
        }
        var topology = try cluster(1)
        for _ in 0..<60 {
            let prefix = draw(1...5)
            let change: TopologyChange =
                random.next() % 4 == 0
                ? .unsetKeyspace(prefix: prefix)
                : .setKeyspace(
                    prefix: prefix,
                    quorums(r: .number(Int.random(in: 1...3, using: &random))))
            topology = try topology.applying(change, clusterIsEmpty: false)
            for _ in 0..<20 {
                let key = draw(0...7)
                let naive = topology.keyspaces.all.filter { key.starts(with: $0.prefix) }
                    .max { $0.prefix.count < $1.prefix.count }
                #expect(topology.keyspaces.keyspace(of: key) == naive)
                #expect(topology.keyspaces.quorums(of: key) == naive?.quorums)
            }
        }
    }
}
