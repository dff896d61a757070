import Essentials
import Placement
import Testing

@Suite struct PlacementFiguresTests {
    private static func member(_ number: Int, weight: Int, zone: String) -> Capacity {
        Capacity(node: NodeNumber(rawValue: UInt16(number)), weight: weight, zone: zone)
    }

    private static let members = [
        member(1, weight: 100, zone: "a"), member(2, weight: 100, zone: "b"),
        member(3, weight: 50, zone: "c"),
    ]

    @Test func `the figures print as a table`() {
        let table = PlacementTable.solve(partitions: 64, n: 2, members: Self.members)
        let joined = Self.members + [Self.member(4, weight: 100, zone: "")]
        let next = PlacementTable.solve(
            partitions: 64, n: 2, members: joined, previous: table)
        let figures = PlacementFigures(table: next, members: joined, previous: table)
        #expect(figures.describe() == Self.expected)
    }

    @Test func `a table that breaks the rules shows it`() {
        // Nodes 1 and 2 are in one zone and have everything; 3 has nothing.
        let members = [1, 2, 3].map {
            Self.member($0, weight: 100, zone: $0 == 3 ? "b" : "a")
        }
        let table = PlacementTable(
            partitioning: Partitioning(count: 64), replicaCount: 2,
            nodes: (0..<64).flatMap { _ in [members[0].node, members[1].node] })
        let figures = PlacementFigures(table: table, members: members, previous: nil)
        #expect(figures.zoneViolations == 64)
        // Zone b has only node 3 for its replica of every partition.
        #expect(figures.nodes.map(\.vnodesAsked) == [32, 32, 64])
        #expect(figures.vnodeDeviationMax == 64)
        #expect(figures.firstPlaceDeviationMax > 42)
        #expect(figures.moves == nil)
    }

    private static let expected = """
        node  zone  weight  vnodes  asked  first  asked  moves  peers  peer max
           1     a     100      37  36.57     18  18.29      0      3    43.2 %
           2     b     100      37  36.57     19  18.29      0      3    43.2 %
           3     c      50      18  18.29      9   9.14      0      3    33.3 %
           4     -     100      36  36.57     18  18.29     36      3    41.7 %

        partitions 64, replicas 2, nodes 4
        greatest deviation: vnodes 0.57, first places 0.71
        partitions that violate zones: 0
        moves: 36, at least 36

        """
}
