internal import Essentials
internal import Placement
internal import Platform

extension Command {
    static let placement = Command(
        name: "placement", synopsis: "placement NODE...",
        summary: "Work out a placement without a cluster.",
        details: """
            placement [--n N] [--partitions Q] WEIGHT[@ZONE]... [--then WEIGHT[@ZONE]...]

            Places the partitions on nodes of the given weights and zones, as a cluster would, and
            prints how even that is. Nodes are numbered from 1 in the order given. With --then the
            placement changes to the nodes after it, which keep their numbers (weight 0 is a node
            that leaves), and the moves are counted. Asks no server.

              martletctl placement 100@a 100@b 100@c
              martletctl placement 100 100 100 --then 100 100 100 200
            """,
        run: { invocation throws(Failure) in
            let request = try PlacementRequest(invocation.words)
            let figures = request.figures
            return invocation.wantsJSON
                ? PlacementText.json(figures).text + "\n" : figures.describe()
        })
}

/// The arguments of `placement`.
struct PlacementRequest {
    private(set) var n = 3
    private(set) var partitions = Partitioning.countDefault
    private var before: [Capacity] = []
    private var after: [Capacity]?

    init(_ words: [String]) throws(Failure) {
        var index = 0
        while index < words.count {
            let word = words[index]
            index += 1
            switch word {
            case "--n": n = try Self.number(word, words, &index, within: 1...9)
            case "--partitions":
                let range = Partitioning.countMin...Partitioning.countMax
                partitions = try Self.number(word, words, &index, within: range)
                guard Partitioning.isValid(count: partitions) else {
                    throw .usage("'--partitions' must be a power of two")
                }
            case "--then":
                guard after == nil else { throw .usage("'--then' is given twice") }
                after = []
            default:
                let count = (after ?? before).count
                let node = try Self.node(word, number: count + 1)
                if after == nil { before.append(node) } else { after?.append(node) }
            }
        }
        for nodes in [before, after ?? before] where !nodes.contains(where: { $0.weight > 0 }) {
            throw .usage("which nodes? For three of equal weight: martletctl placement 100 100 100")
        }
    }

    private static func number(
        _ option: String, _ words: [String], _ index: inout Int, within range: ClosedRange<Int>
    ) throws(Failure) -> Int {
        guard index < words.count, let number = Int(words[index]), range.contains(number) else {
            throw .usage("'\(option)' must be \(range.lowerBound) to \(range.upperBound)")
        }
        index += 1
        return number
    }

    private static func node(_ word: String, number: Int) throws(Failure) -> Capacity {
        let parts = word.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
        guard let weight = Int(parts[0]), 0...Capacity.weightMax ~= weight, number <= 1000 else {
            throw .usage("a node must be WEIGHT or WEIGHT@ZONE, not '\(word)'")
        }
        return Capacity(
            node: NodeNumber(rawValue: UInt16(number)), weight: weight,
            zone: parts.count > 1 ? String(parts[1]) : "")
    }

    var figures: PlacementFigures {
        let first = PlacementTable.solve(partitions: partitions, n: n, members: before)
        guard let after else {
            return PlacementFigures(table: first, members: before, previous: nil)
        }
        let second = PlacementTable.solve(
            partitions: partitions, n: n, members: after, previous: first)
        return PlacementFigures(table: second, members: after, previous: first)
    }
}

private enum PlacementText {
    static func json(_ figures: PlacementFigures) -> JSON {
        [
            "partitions": .integer(figures.partitions),
            "replicas": .integer(figures.replicas),
            "zone_violations": .integer(figures.zoneViolations),
            "moves": figures.moves.map(JSON.integer) ?? nil,
            "moves_min": figures.movesMin.map(JSON.integer) ?? nil,
            "vnode_deviation_max": .number(figures.vnodeDeviationMax),
            "first_place_deviation_max": .number(figures.firstPlaceDeviationMax),
            "nodes": .array(
                figures.nodes.map { node in
                    [
                        "number": .integer(Int(node.node.rawValue)),
                        "zone": .string(node.zone),
                        "weight": .integer(node.weight),
                        "vnodes": .integer(node.vnodes),
                        "vnodes_asked": .number(node.vnodesAsked),
                        "first_places": .integer(node.firstPlaces),
                        "first_places_asked": .number(node.firstPlacesAsked),
                        "moves": .integer(node.moves),
                        "peers": .integer(node.peers),
                        "peer_share_max": .number(node.peerShareMax),
                    ]
                }),
        ]
    }
}
