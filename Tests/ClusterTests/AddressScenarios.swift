import Testing
import Wire

extension ClusterScenarios {
    /// Who a node is, its identifier says, wherever it listens.
    @Suite struct AddressScenarios {}
}

extension ClusterScenarios.AddressScenarios {
    private func voters(_ count: Int) throws -> Cluster {
        let cluster = try Cluster(nodes: count, ["flush": "yes"])
        try wait(for: "\(count) voters") {
            try cluster.nodes.allSatisfy {
                try $0.get("/metrics").body.contains("\nmartlet_consensus_voters \(count)\n")
            }
        }
        #expect(try cluster[0].call("SET", "key", "1") == .ok)
        return cluster
    }

    /// Everybody reaches everybody, knows where they are, and decides with them.
    private func expectWhole(
        _ cluster: Cluster, sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        try cluster.waitUntilReady()
        for node in cluster.nodes where node.isRunning {
            try wait(for: "\(node.name) to know all addresses") {
                let nodes = try node.call("CLUSTER", "NODES").text ?? ""
                let lines = nodes.split(separator: "\n")
                return try cluster.nodes.filter(\.isRunning).allSatisfy { other in
                    let id = try other.info("node_id") ?? "?"
                    return lines.contains {
                        $0.hasPrefix(id) && $0.contains(":\(other.port)@\(other.peerPort)")
                    }
                }
            }
            #expect(try node.call("GET", "key") == .bulk("1"), sourceLocation: sourceLocation)
        }
        try wait(for: "a change that all follow") {
            try cluster[0].call("FLUSHALL") == .ok
        }
        #expect(
            try cluster[1].call("SET", "key", "1") == .ok, sourceLocation: sourceLocation)
    }

    /// The nodes stop, and each starts where the next one was.
    private func rotate(_ nodes: [Server]) throws {
        for node in nodes { try node.stop() }
        let places = nodes.map(\.place)
        for (index, node) in nodes.enumerated() {
            node.place = places[(index + 1) % nodes.count]
        }
        for node in nodes { try node.launch() }
        for node in nodes { try node.waitUntilServing() }
    }

    @Test func `two that exchange their addresses are found`() throws {
        let cluster = try voters(3)
        for pair in [[0, 1], [1, 2]] {
            try rotate(pair.map { cluster[$0] })
            try expectWhole(cluster)
        }
    }

    @Test(arguments: [2, 3])
    func `members that have all exchanged their addresses find each other`(count: Int) throws {
        let cluster = try voters(count)
        // Nobody is told where others may be, as founders are not.
        for node in cluster.nodes { node.seeds = [] }
        for _ in 0..<2 {
            try rotate(cluster.nodes)
            try expectWhole(cluster)
        }
    }

    @Test func `a member is found where another one was that is down`() throws {
        let cluster = try voters(3)
        try cluster[2].stop()
        let place = cluster[2].place
        try cluster[1].stop()
        cluster[1].place = place
        try cluster[1].start()
        try wait(for: "two that see each other") {
            try cluster.nodes[..<2].allSatisfy { try $0.info("members_connected") == "1" }
        }
        #expect(try cluster[1].call("SET", "key", "1") == .ok)
        // The other one comes back somewhere else.
        cluster[2].move()
        try cluster[2].start()
        try expectWhole(cluster)
    }

    @Test func `two that move at once find each other through a third`() throws {
        let cluster = try voters(3)
        for node in cluster.nodes { node.seeds = [] }
        try cluster[0].stop()
        try cluster[1].stop()
        cluster[0].move()
        cluster[1].move()
        try cluster[0].start()
        try cluster[1].start()
        try expectWhole(cluster)
    }

    @Test func `a port of each kind can be exchanged`() throws {
        let cluster = try voters(3)
        try cluster[0].stop()
        try cluster[1].stop()
        let places = [cluster[0].place, cluster[1].place]
        cluster[0].place.admin = places[1].admin
        cluster[1].place.admin = places[0].client
        cluster[1].place.client = places[0].admin
        cluster[0].place.client = places[1].client
        try cluster[0].start()
        try cluster[1].start()
        try expectWhole(cluster)
    }

    @Test func `without a majority those that are up find each other`() throws {
        let cluster = try voters(4)
        try cluster[2].stop()
        try cluster[3].stop()
        // One is where a member was that is down, the other where nobody ever was.
        try cluster[0].stop()
        try cluster[1].stop()
        cluster[0].place = cluster[3].place
        cluster[1].move()
        cluster[0].seeds = []
        cluster[1].seeds = []
        try cluster[0].start()
        // The first is where the second looks for another one.
        try cluster[1].start()
        try wait(for: "two that see each other") {
            try cluster.nodes[..<2].allSatisfy { try $0.info("members_connected") == "1" }
        }
        let client = try cluster[1].connect()
        #expect(try !client.call("CONSISTENCY", "R", "1", "W", "1").isError)
        #expect(try client.call("SET", "other", "2") == .ok)
        #expect(try client.call("GET", "other") == .bulk("2"))
        // Clients are told where they are, though it cannot be written down.
        for node in cluster.nodes[..<2] {
            let nodes = try node.call("CLUSTER", "NODES").text ?? ""
            for other in cluster.nodes[..<2] {
                #expect(nodes.contains(":\(other.port)@\(other.peerPort)"))
            }
        }
    }
}
