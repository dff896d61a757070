internal import Essentials

/// Completes a draft so that every rule about counts and zones holds, with as many preferred pairs
/// of (partition, member) as possible.
///
/// The rules make a flow problem, drawn here with the capacities of its arcs. Whole replicas
/// flow, so whatever can be met by fractions can be met (integrality): since every member holding
/// its share divided by Q of every partition would meet all rules, the flow always fills.
///
///     source --missing--> partition --least of the zone----> (partition, zone) --1--> member
///                             \--rest--> spare --0 or 1---->/
///     member --share, rounded down--> sink
///          \--1--> zone --zone's share, rounded down, less its members'--> sink
///                     \--1--> rest --what remains--> sink
///
/// So a member's count is its share rounded down or up, and the flow may choose which. Pairs that
/// are not preferred cost 1.
struct PlacementFlow {
    private let draft: PlacementDraft
    private let shares: Shares
    private let prefers: [Bool]
    private var network: FlowNetwork
    /// The arcs into members: which pair each one stands for.
    private var pairs: [(arc: Int, partition: Int, member: Int)] = []
    private var nodeCount = 2
    private let membersStart: Int

    private static let source = 0
    private static let sink = 1

    /// - Parameter vnodes: the counts that members must reach, when they are decided already.
    /// - Parameter prefers: for partition p and member m, element `p * memberCount + m`.
    static func complete(
        _ draft: PlacementDraft, vnodes: [Int]? = nil, preferring prefers: [Bool]
    ) -> PlacementDraft {
        var flow = PlacementFlow(draft, preferring: prefers)
        flow.addMembers(vnodes: vnodes)
        flow.addPartitions()
        return flow.solve()
    }

    private init(_ draft: PlacementDraft, preferring prefers: [Bool]) {
        let problem = draft.problem
        self.draft = draft
        self.shares = problem.shares
        self.prefers = prefers
        membersStart = 2
        nodeCount = 2 + problem.memberCount + problem.zoneCount + 1
        let nodesMax = nodeCount + problem.partitionCount * (2 + problem.zoneCount)
        network = FlowNetwork(nodeCount: nodesMax, source: Self.source, sink: Self.sink)
    }

    private mutating func addMembers(vnodes: [Int]?) {
        let problem = draft.problem
        let zonesStart = membersStart + problem.memberCount
        let rest = zonesStart + problem.zoneCount
        var zoneFloors = shares.zoneVnodes.map { Int($0.rounded(.down)) }
        let total = problem.partitionCount * problem.replicaCount
        let remaining = total - zoneFloors.reduce(0, +)
        for member in 0..<problem.memberCount {
            let share = shares.vnodes[member]
            let floor = Int(share.rounded(.down))
            let decided = (vnodes?[member] ?? floor) - draft.counts[member]
            network.addArc(from: membersStart + member, to: Self.sink, capacity: decided)
            zoneFloors[shares.zones[member]] -= floor
            if vnodes == nil, share > Double(floor) {
                network.addArc(
                    from: membersStart + member, to: zonesStart + shares.zones[member], capacity: 1)
            }
        }
        guard vnodes == nil else { return }
        for zone in 0..<problem.zoneCount {
            network.addArc(
                from: zonesStart + zone, to: Self.sink, capacity: max(0, zoneFloors[zone]))
            if shares.zoneVnodes[zone] > shares.zoneVnodes[zone].rounded(.down) {
                network.addArc(from: zonesStart + zone, to: rest, capacity: 1)
            }
        }
        network.addArc(from: rest, to: Self.sink, capacity: max(0, remaining))
    }

    /// Partitions are added in a mixed order. Their arcs are tried in this order, and replicas
    /// that have to go are taken from those that come last: not all from one stretch of the ring.
    private mutating func addPartitions() {
        var random = SeededRandom(seed: UInt64(draft.problem.partitionCount))
        for partition in (0..<draft.problem.partitionCount).shuffled(using: &random) {
            let missing = draft.problem.replicaCount - draft.replicas[partition].count
            guard missing > 0 else { continue }
            let node = newNode()
            network.addArc(from: Self.source, to: node, capacity: missing)
            if zonesMatter {
                addZones(of: partition, at: node)
            } else {
                for member in 0..<draft.problem.memberCount {
                    addPair(partition, member, from: node)
                }
            }
        }
    }

    /// One zone has nothing to bound, and zones of one member are bounded by it.
    private var zonesMatter: Bool {
        let areSingle = draft.problem.zoneCount == draft.problem.memberCount
        return draft.problem.zoneCount > 1 && !areSingle
    }

    private mutating func addZones(of partition: Int, at node: Int) {
        let spare = newNode()
        network.addArc(from: node, to: spare, capacity: draft.extrasLeft(partition))
        for zone in 0..<draft.problem.zoneCount {
            let bounds = shares.zoneBounds[zone]
            let count = draft.count(inZone: zone, partition)
            let inZone = newNode()
            let least = max(0, bounds.lowerBound - count)
            let most = bounds.upperBound - count
            if least > 0 { network.addArc(from: node, to: inZone, capacity: least) }
            if most > least { network.addArc(from: spare, to: inZone, capacity: most - least) }
            guard most > 0 else { continue }
            for member in 0..<draft.problem.memberCount where shares.zones[member] == zone {
                addPair(partition, member, from: inZone)
            }
        }
    }

    private mutating func addPair(_ partition: Int, _ member: Int, from node: Int) {
        guard !draft.holds(member, partition) else { return }
        let isPreferred = prefers[partition * draft.problem.memberCount + member]
        let arc = network.addArc(
            from: node, to: membersStart + member, capacity: 1, cost: isPreferred ? 0 : 1)
        pairs.append((arc, partition, member))
    }

    private mutating func newNode() -> Int {
        defer { nodeCount += 1 }
        return nodeCount
    }

    private mutating func solve() -> PlacementDraft {
        let missing = draft.replicas.reduce(0) { $0 + draft.problem.replicaCount - $1.count }
        let flow = network.maximize()
        invariant(flow == missing, "placement: \(flow) of \(missing) replicas found a node")
        var completed = draft
        for pair in pairs where network.flow(on: pair.arc) > 0 {
            completed.insert(pair.member, into: pair.partition)
        }
        return completed
    }
}
