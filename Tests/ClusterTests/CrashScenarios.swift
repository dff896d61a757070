import Testing
import Wire

extension ClusterScenarios {
    /// kill -9 takes what the process has in memory, and leaves what the kernel was given.
    @Suite struct CrashScenarios {}
}

extension ClusterScenarios.CrashScenarios {
    /// A load that is running, the death of all nodes in its middle, and their return.
    private func killAll(of nodes: Int, walSync: String, seed: UInt64) throws {
        let cluster = try Cluster(nodes: nodes, ["wal-sync": walSync])
        for round in 0..<2 as Range<UInt64> {
            let load = WriteLoad(on: cluster.nodes, writers: 6, seed: seed + round)
            try load.waitFor(writes: 1000)
            for node in cluster.nodes { node.process?.signal(9) }
            let ledger = load.stop()
            for node in cluster.nodes { node.kill() }
            for node in cluster.nodes { try node.start() }
            try cluster.waitUntilReady()
            for node in cluster.nodes {
                #expect(node.log.contains("the last run did not end in order"))
                let connection = try node.connect()
                #expect(try load.defects(ledger, at: connection) == [])
                #expect(try !connection.call("CONSISTENCY", "R", "ALL").isError)
                #expect(try load.defects(ledger, at: connection) == [])
            }
        }
    }

    @Test func `killing all three nodes loses no acknowledged write with wal-sync always`() throws {
        try killAll(of: 3, walSync: "always", seed: 1)
    }

    @Test func `killing a lone node loses no acknowledged write with wal-sync always`() throws {
        try killAll(of: 1, walSync: "always", seed: 101)
    }

    @Test func `killing processes loses nothing with a wal-sync period either`() throws {
        try killAll(of: 1, walSync: "1000", seed: 201)
        try killAll(of: 3, walSync: "1000", seed: 301)
    }

    @Test func `a node killed again and again under load loses nothing`() throws {
        let cluster = try Cluster(nodes: 3)
        let load = WriteLoad(on: [cluster[0], cluster[1]], writers: 4, seed: 401)
        for _ in 0..<4 {
            cluster[2].kill()
            try load.waitFor(writes: load.count + 300)
            try cluster[2].start()
            try load.waitFor(writes: load.count + 300)
        }
        let ledger = load.stop()
        #expect(ledger.errors == [])
        try cluster.waitUntilReady()
        for node in cluster.nodes {
            #expect(try load.defects(ledger, at: try node.connect()) == [])
        }
    }

    @Test func `the check of a load notices what is lost, old or wrong`() throws {
        let node = try Server.alone()
        let load = WriteLoad(on: [node], writers: 1, seed: 601)
        try load.waitFor(writes: 200)
        let ledger = load.stop()
        let client = try node.connect()
        #expect(try load.defects(ledger, at: client) == [])
        #expect(try client.call("DEL", "writer:0:0") == .integer(1))
        #expect(try client.call("SET", "writer:0:1", "1 writer:0:1 ") == .ok)
        #expect(try client.call("APPEND", "writer:0:2", "x").isError == false)
        #expect(try load.defects(ledger, at: client).count == 3)
    }
}
