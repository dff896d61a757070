import Histories
import Testing
import Wire

extension ClusterScenarios {
    /// Five nodes, n = 3, r = w = 2, clients that write all the while, and one thing that fails
    /// again and again. When it is over every acknowledged write is there and all replicas of a key
    /// are equal.
    @Suite struct FaultScenarios {}
}

extension ClusterScenarios.FaultScenarios {
    private static let settings = ["request-timeout-ms": "1000"]

    /// Answers that the clients get before the next thing happens: some tenths of a second.
    private static let stretch = 300

    private func cluster() throws -> (Cluster, any FaultyNetwork) {
        let network = try Network.make(nodes: 5)
        return (try Cluster(nodes: 5, Self.settings, on: network), network)
    }

    private func load(_ cluster: Cluster, seed: UInt64) throws -> Load {
        let load = Load(on: cluster.nodes, Load.Plan(seed: seed))
        try load.waitFor(more: Self.stretch)
        return load
    }

    @Test func `killing and restarting nodes in turn loses nothing`() throws {
        let (cluster, _) = try cluster()
        let load = try load(cluster, seed: 1)
        for node in cluster.nodes {
            node.kill()
            try load.waitFor(more: Self.stretch)
            try node.start()
            try load.waitFor(more: Self.stretch)
        }
        #expect(try cluster.defects(of: load, .eventual, after: .reads) == [])
    }

    @Test func `stopping and continuing processes in turn loses nothing`() throws {
        let (cluster, _) = try cluster()
        let load = try load(cluster, seed: 2)
        for node in cluster.nodes {
            node.pause()
            try load.waitFor(more: Self.stretch)
            node.resume()
            try load.waitFor(more: Self.stretch)
        }
        #expect(try cluster.defects(of: load, .eventual, after: .hints) == [])
    }

    @Test func `what others keep for a dead node outlives their own death`() throws {
        let (cluster, _) = try cluster()
        let dead = cluster[4]
        dead.kill()
        let load = try load(cluster, seed: 9)
        try load.waitFor(more: 2 * Self.stretch)
        let record = load.stop()
        let others = cluster.nodes.dropLast()
        // A client is answered before the last of the stand-ins has stored its copy.
        var before = -1.0
        try wait(for: "the hints to be stored", every: 200_000) {
            let kept = try others.reduce(0) { try $0 + $1.metric("martlet_hints") }
            defer { before = kept }
            return kept > 0 && kept == before
        }
        for node in others {
            node.kill()
            try node.start()
        }
        try dead.start()
        #expect(try cluster.defects(in: record, load.plan, .eventual, after: .hints) == [])
        try wait(for: "all hints to be handed over") {
            try cluster.nodes.allSatisfy { try $0.metric("martlet_hints") == 0 }
        }
    }

    @Test(arguments: [[0], [0, 1]])
    func `cutting nodes off from the others loses nothing`(minority: [Int]) throws {
        let (cluster, network) = try cluster()
        let load = try load(cluster, seed: 3 + UInt64(minority.count))
        try network.apply(.split(minority, cluster.others(minority)))
        try load.waitFor(more: 3 * Self.stretch)
        try network.heal()
        try load.waitFor(more: Self.stretch)
        #expect(try cluster.defects(of: load, .eventual, after: .hints) == [])
    }

    @Test func `a node that is heard and hears nothing, and one that hears and is not heard`()
        throws
    {
        let (cluster, network) = try cluster()
        let load = try load(cluster, seed: 6)
        try network.apply(.cut(from: cluster.others([1]), to: [1]))
        try load.waitFor(more: 2 * Self.stretch)
        try network.apply(.cut(from: [3], to: cluster.others([3])))
        try load.waitFor(more: 2 * Self.stretch)
        try network.heal()
        try load.waitFor(more: Self.stretch)
        #expect(try cluster.defects(of: load, .eventual, after: .hints) == [])
    }

    @Test func `a link that comes and goes, with resets and lost packets`() throws {
        let (cluster, network) = try cluster()
        let load = try load(cluster, seed: 7)
        for round in 0..<6 {
            let (one, rest) = ([round % 5], cluster.others([round % 5]))
            try network.apply(round % 2 == 0 ? .split(one, rest) : .reset(one, rest))
            try load.waitFor(more: Self.stretch / 3)
            try network.apply(.loss(percent: 5))
            try load.waitFor(more: Self.stretch / 3)
        }
        try network.heal()
        #expect(try cluster.defects(of: load, .eventual, after: .hints) == [])
    }
}

extension Cluster {
    /// The numbers of all nodes but these.
    func others(_ some: [Int]) -> [Int] { nodes.indices.filter { !some.contains($0) } }
}
