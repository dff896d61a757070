import Essentials
import Placement
import Testing

@Suite struct PlacementTableTests {
    private static func node(_ number: Int) -> NodeNumber { NodeNumber(rawValue: UInt16(number)) }

    private static func members(_ count: Int, zones: Int = 1) -> [Capacity] {
        (1...count).map { Capacity(node: node($0), weight: 100, zone: "z\($0 % zones)") }
    }

    /// Partition p of 64 is on the nodes p mod 7 + 1 and the next one.
    private static let chain = PlacementTable(
        partitioning: Partitioning(count: 64), replicaCount: 2,
        nodes: (0..<64).flatMap { [node($0 % 7 + 1), node(($0 + 1) % 7 + 1)] })

    // MARK: Lookups

    @Test func `places are those of the table`() {
        let partition = PartitionID(rawValue: 9)
        #expect(Array(Self.chain.replicas(of: partition)) == [Self.node(3), Self.node(4)])
        #expect(Self.chain.replica(partition, 1) == Self.node(4))
        #expect(Self.chain.place(of: Self.node(4), in: partition) == 1)
        #expect(Self.chain.place(of: Self.node(5), in: partition) == nil)
    }

    @Test func `fallbacks are met walking the ring clockwise`() {
        let fallbacks = Self.chain.fallbacks(of: PartitionID(rawValue: 9), count: 3)
        #expect(fallbacks == [5, 6, 7].map(Self.node))
    }

    @Test func `the walk goes on past the end of the ring`() {
        // Partition 63 is on nodes 1 and 2, partition 0 too, partition 1 on 2 and 3.
        let fallbacks = Self.chain.fallbacks(of: PartitionID(rawValue: 63), count: 2)
        #expect(fallbacks == [3, 4].map(Self.node))
    }

    @Test func `every other node is a fallback once`() {
        let fallbacks = Self.chain.fallbacks(of: PartitionID(rawValue: 0), count: 100)
        #expect(fallbacks.sorted() == (3...7).map(Self.node))
        #expect(Self.chain.fallbacks(of: PartitionID(rawValue: 0), count: 0) == [])
    }

    // MARK: Small and uneven clusters

    @Test func `fewer nodes than n hold everything`() {
        let table = PlacementTable.solve(partitions: 64, n: 3, members: Self.members(2))
        #expect(table.replicaCount == 2)
        let figures = PlacementFigures(table: table, members: Self.members(2), previous: nil)
        #expect(figures.nodes.map(\.vnodes) == [64, 64])
        #expect(figures.nodes.map(\.firstPlaces) == [32, 32])
    }

    @Test func `where all nodes hold everything, weights still share out first places`() {
        let members = [(1, 200), (2, 100), (3, 100)].map {
            Capacity(node: Self.node($0), weight: $1, zone: "")
        }
        let table = PlacementTable.solve(partitions: 64, n: 3, members: members)
        let figures = PlacementFigures(table: table, members: members, previous: nil)
        #expect(figures.nodes.map(\.firstPlaces) == [32, 16, 16])
    }

    @Test func `a weight of nothing gets nothing`() {
        let members = Self.members(3) + [Capacity(node: Self.node(4), weight: 0, zone: "")]
        let table = PlacementTable.solve(partitions: 64, n: 3, members: members)
        #expect(table.members == (1...3).map(Self.node))
    }

    @Test func `a replacement takes over what the dead node had`() {
        let table = PlacementTable.solve(partitions: 256, n: 3, members: Self.members(6, zones: 3))
        let successor = Capacity(node: Self.node(9), weight: 100, zone: "z1")
        let members = Self.members(6, zones: 3).dropFirst() + [successor]
        let next = PlacementTable.solve(
            partitions: 256, n: 3, members: Array(members), previous: table)
        for partition in table.partitioning.all {
            let replaced = table.replicas(of: partition).map {
                $0 == Self.node(1) ? successor.node : $0
            }
            #expect(Set(next.replicas(of: partition)) == Set(replaced))
        }
    }

    @Test func `doubling the partition count moves nothing`() {
        let table = PlacementTable.solve(partitions: 64, n: 3, members: Self.members(8))
        let doubled = PlacementTable.solve(
            partitions: 128, n: 3, members: Self.members(8), previous: table)
        let figures = PlacementFigures(table: doubled, members: Self.members(8), previous: table)
        #expect(figures.moves == 0)
    }

    @Test func `a dead node's load falls on many`() {
        let members = Self.members(30)
        let table = PlacementTable.solve(partitions: 1024, n: 3, members: members)
        let figures = PlacementFigures(table: table, members: members, previous: nil)
        // Each node has 102 vnodes, so 204 companions: 7 for each of 29 peers, if even.
        for node in figures.nodes {
            #expect(node.peers == 29)
            #expect(node.peerShareMax < 0.12)
        }
        // The second places behind a node's 34 first places.
        for member in members {
            let led = table.partitioning.all.filter { table.replica($0, 0) == member.node }
            let seconds = led.map { table.replica($0, 1) }
            #expect(Set(seconds).count >= 20)
        }
    }

    // MARK: The format

    @Test func `the format is fixed`() {
        let table = PlacementTable(
            partitioning: Partitioning(count: 64), replicaCount: 1,
            nodes: (0..<64).map { $0 == 63 ? Self.node(0x102) : Self.node(7) })
        var bytes: [UInt8] = []
        table.encode(into: &bytes)
        let zeros = [UInt8](repeating: 0, count: 63)
        #expect(bytes == [1, 6, 1, 2, 0, 7, 1, 2] + zeros + [1])
    }

    @Test(arguments: [1, 2, 5, 300])
    func `what was written is read`(count: Int) throws {
        let table = PlacementTable.solve(partitions: 256, n: 3, members: Self.members(count))
        var bytes: [UInt8] = []
        table.encode(into: &bytes)
        var reader = ByteReader(bytes)
        #expect(try PlacementTable(from: &reader) == table)
        #expect(reader.isAtEnd)
        for size in stride(from: 0, to: bytes.count, by: 13) {
            var short = ByteReader(Array(bytes[..<size]))
            #expect(throws: DecodingError.self) { try PlacementTable(from: &short) }
        }
    }

    @Test func `damaged bytes are refused or read as another valid table`() {
        var bytes: [UInt8] = []
        PlacementTable.solve(partitions: 64, n: 3, members: Self.members(5)).encode(into: &bytes)
        var random = SeededRandom(seed: 4)
        for _ in 0..<1000 {
            var damaged = bytes
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let offset = Int.random(in: 0..<damaged.count, using: &random)
                damaged[offset] = UInt8.random(in: .min ... .max, using: &random)
            }
            var reader = ByteReader(damaged)
            // The initialiser checks the invariants of what it makes.
            _ = try? PlacementTable(from: &reader)
        }
    }

    @Test func `a newer version is refused`() {
        var reader = ByteReader([2, 6, 1])
        #expect(throws: DecodingError.unknownVersion(2)) { try PlacementTable(from: &reader) }
    }
}
