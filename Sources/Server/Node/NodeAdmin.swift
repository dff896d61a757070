internal import Causality
internal import Commands
internal import Engine
internal import Essentials
internal import Membership
internal import Placement
internal import Platform
internal import Storage

/// What the admin port is told about this node. Any thread that may block.
final class NodeAdmin: AdminBackend {
    /// A loop answers within a pass; one that does not for so long hangs, or the node is stopping.
    static let loopTimeoutMs: UInt64 = 2000
    /// A member that is there answers within a few round trips.
    private static let viewTimeoutMs: UInt64 = 500
    /// An admin waits no longer for replicas, however patient requests are.
    private static let replicaTimeoutMsMax: UInt64 = 5000

    let services: NodeServices
    let number: NodeNumber

    init(_ services: NodeServices, number: NodeNumber) {
        self.services = services
        self.number = number
    }

    private var configuration: Configuration { services.configuration.current }

    var unreadiness: String? {
        services.reachability.current.unreadiness(
            configuration, nowNs: SystemClock.monotonicNs())
    }

    // MARK: Status

    func status() throws(AdminError) -> StatusReport {
        let readings = try services.collect(timeoutMs: Self.loopTimeoutMs) { ShardReading($0) }
        let state = services.currentState
        let topology = state.topology
        let nowNs = SystemClock.monotonicNs()
        let total = ShardFigures.sum(readings.map(\.figures))
        let partitions = topology.partitioning.count
        return StatusReport(
            clusterID: topology.clusterID.description, number: Int(number.rawValue),
            id: services.nodeID.description,
            uptimeSeconds: Int((nowNs - services.startedAt.monotonicNs) / 1_000_000_000),
            unreadiness: state.unreadiness(configuration, nowNs: nowNs), epoch: topology.epoch,
            consensus: StatusReport.Consensus(total.consensus), partitions: partitions,
            n: topology.n, r: configuration.r, w: configuration.w,
            keyspaces: topology.keyspaces.count, shards: services.shardCount,
            connectedClients: services.clients.count,
            keys: total.keys.estimate(partitions: heldPartitions(topology)).live,
            memoryBytes: ProcessFacts.residentBytes,
            diskFreeBytes: Int(clamping: services.storage.statistics.freeBytes),
            diskState: services.storage.spaceState.name,
            uncleanStarts: Int(clamping: services.uncleanStarts),
            members: members(state), views: views(topology), load: LoadReport(readings, services))
    }

    /// Asks all members, which takes a round trip when all are well.
    private func views(_ topology: Topology) -> [StatusReport.View] {
        let latch = Latch<[MemberView]>()
        services.mailboxes[0].send(
            .call { host in
                guard let detector = host.shard?.control?.detector else { return }
                detector.askForViews(timeoutMs: Self.viewTimeoutMs) { latch.open($0) }
            })
        let found = latch.wait(timeoutMs: Self.viewTimeoutMs + Self.loopTimeoutMs) ?? []
        return topology.members.map { member in
            let view = found.first { $0.by == member.number }
            return StatusReport.View(
                node: Int(member.number.rawValue),
                sees: view?.others.map { (Int($0.node.rawValue), $0.liveness.description) })
        }
    }

    private func heldPartitions(_ topology: Topology) -> Int {
        topology.partitioning.all.count { topology.placement.place(of: number, in: $0) != nil }
    }

    private func members(_ state: Reachability.State) -> [StatusReport.Member] {
        let topology = state.topology
        let reachable = state.reachable
        var vnodes = [Int](repeating: 0, count: topology.members.count)
        var firstPlaces = vnodes
        for partition in topology.partitioning.all {
            for (place, node) in topology.placement.replicas(of: partition).enumerated() {
                guard let index = topology.index(of: node) else { continue }
                vnodes[index] += 1
                if place == 0 { firstPlaces[index] += 1 }
            }
        }
        return topology.members.enumerated().map { index, member in
            StatusReport.Member(
                id: member.id.description, number: Int(member.number.rawValue),
                clientAddress: member.clientAddress, peerAddress: member.peerAddress,
                adminAddress: member.adminAddress, zone: member.zone, weight: member.weight,
                isReachable: member.number == number || reachable.contains(member.number),
                liveness: member.isLost
                    ? "lost" : state.liveness(of: member.number).description,
                vnodes: vnodes[index], firstPlaces: firstPlaces[index])
        }
    }

    // MARK: Ring

    func ring() throws(AdminError) -> RingReport {
        let topology = services.currentState.topology
        let capacities = topology.members.map {
            Capacity(node: $0.number, weight: $0.weight, zone: $0.zone)
        }
        let figures = PlacementFigures(
            table: topology.placement, members: capacities, previous: nil)
        let nodes = figures.nodes.map { figure in
            RingReport.Node(
                number: Int(figure.node.rawValue),
                clientAddress: topology.member(figure.node)?.clientAddress ?? "",
                zone: figure.zone, weight: figure.weight, vnodes: figure.vnodes,
                vnodesAsked: figure.vnodesAsked, firstPlaces: figure.firstPlaces,
                firstPlacesAsked: figure.firstPlacesAsked)
        }
        let table = topology.partitioning.all.map { partition in
            topology.placement.replicas(of: partition).map { Int($0.rawValue) }
        }
        return RingReport(
            epoch: topology.epoch, n: topology.n, zoneViolations: figures.zoneViolations,
            nodes: nodes, table: table)
    }

    // MARK: Explain

    func explain(key: [UInt8]) throws(AdminError) -> KeyReport {
        guard key.count <= KeyRequest.keySizeMax else {
            throw .refused("a key has at most \(KeyRequest.keySizeMax) bytes")
        }
        let key = ObjectKey(key)
        let description = try describe(key)
        let state = services.currentState
        let reachable = state.reachable
        let replicas = description.replicas.map { replica in
            let member = state.topology.member(replica.node)
            return KeyReport.Replica(
                number: Int(replica.node.rawValue), clientAddress: member?.clientAddress ?? "",
                zone: member?.zone ?? "",
                isReachable: replica.node == number || reachable.contains(replica.node),
                copy: KeyReport.Replica.Copy(replica.copy, nowMs: services.clock.nowMs()))
        }
        let placement = state.topology.placement
        let fallbacks = placement.fallbacks(
            of: description.partition, count: state.topology.members.count)
        let rules = ConsistencyRules(
            settings: configuration.consistency, topology: state.topology)
        let consistency = rules.resolve(ConsistencyOverride(), for: key.bytes)
        return KeyReport(
            key: key.bytes, slot: Int(key.position.slot), position: key.position.rawValue,
            partition: description.partition.index, replicas: replicas,
            fallbacks: fallbacks.map { Int($0.rawValue) },
            hints: description.hints.map { hint in
                KeyReport.Hint(
                    holder: Int(hint.holder.rawValue), target: Int(hint.target.rawValue),
                    object: KeyReport.Replica.Object(hint.object, nowMs: services.clock.nowMs()))
            },
            keyspace: state.topology.keyspaces.keyspace(of: key.bytes)?.prefix,
            quorums: QuorumReport(consistency.bounded(by: placement.replicaCount)))
    }

    /// Asks the shard of the key, which asks all replicas.
    private func describe(_ key: ObjectKey) throws(AdminError) -> KeyDescription {
        let partitioning = services.reachability.current.topology.partitioning
        let shard = services.shard(of: partitioning.partition(of: key.position))
        let timeoutMs = min(UInt64(configuration.requestTimeoutMs), Self.replicaTimeoutMsMax)
        let latch = Latch<KeyDescription>()
        services.mailboxes[shard].send(
            .call { host in
                guard let shard = host.shard else { return }
                shard.keyQuestions.ask(key, timeoutMs: timeoutMs, shard) { latch.open($0) }
            })
        guard let found = latch.wait(timeoutMs: timeoutMs + Self.loopTimeoutMs) else {
            throw NodeServices.silent
        }
        return found
    }

    // MARK: Metrics

    func metrics() throws(AdminError) -> [Metric] {
        let readings = try services.collect(timeoutMs: Self.loopTimeoutMs) { ShardReading($0) }
        return NodeMetrics(services, number: number, readings).all
    }
}

extension NodeServices {
    /// With the addresses where members say that they are now.
    var currentState: Reachability.State {
        var state = reachability.current
        state.topology = addresses.current(state.topology)
        return state
    }

    static let silent = AdminError.unavailable(
        "the node's loops do not answer: it is overloaded, or stopping")

    /// Runs `collect` on every shard's loop and waits for the results, in the order of shards. Not
    /// to be called on a loop.
    func collect<Result: Sendable>(
        timeoutMs: UInt64, _ collect: @escaping @Sendable (Shard) -> Result
    ) throws(AdminError) -> [Result] {
        let latch = Latch<[Result]>()
        gather(origin: 0, collect) { _, results in latch.open(results) }
        guard let results = latch.wait(timeoutMs: timeoutMs) else { throw Self.silent }
        return results
    }
}

extension SpaceState {
    /// As the status shows it.
    var name: String {
        switch self {
        case .ample: "ample"
        case .low: "low"
        case .exhausted: "exhausted"
        }
    }
}

extension StatusReport.Consensus {
    /// - Parameter status: nil while the control plane is not there.
    fileprivate init(_ status: ConsensusStatus?) {
        self.init(
            term: status?.term ?? 0, leader: status?.leader.map { Int($0.rawValue) },
            voters: status?.voters.map { Int($0.rawValue) } ?? [],
            learners: status?.learners.map { Int($0.rawValue) } ?? [],
            votersHeard: status?.votersHeard ?? 0, commitIndex: status?.commitIndex ?? 0,
            lastIndex: status?.lastIndex ?? 0, logBytes: status?.logBytes ?? 0)
    }
}
