import Testing
import Wire

extension ClusterScenarios {
    /// Changes of the topology while members are away: decided by a majority, or not at all.
    @Suite struct AgreementScenarios {}
}

extension ClusterScenarios.AgreementScenarios {
    /// Three members that all vote: each needs a moment after it has joined.
    private func threeVoters() throws -> Cluster {
        let cluster = try Cluster(nodes: 3, ["flush": "yes"])
        try wait(for: "three voters") {
            try cluster.nodes.allSatisfy {
                try $0.get("/metrics").body.contains("\nmartlet_consensus_voters 3\n")
            }
        }
        return cluster
    }

    @Test func `when the leader is lost another decides, and the lost one catches up`() throws {
        let cluster = try threeVoters()
        // The founder leads at first.
        cluster[0].kill()
        try wait(for: "a flush that another leader decides") {
            // On a busy machine there may be no leader for longer than a change waits for one.
            let reply = try cluster[1].call("FLUSHALL").text ?? ""
            return reply.contains("flushed, but node 1 did not confirm")
        }
        try cluster[0].start()
        try cluster.waitUntilReady()
        for node in cluster.nodes {
            try wait(for: "a flush that all confirm") { try node.call("FLUSHALL") == .ok }
        }
    }

    @Test func `without a majority nothing changes, and data is served as before`() throws {
        let cluster = try threeVoters()
        #expect(try cluster[2].call("SET", "key", "1") == .ok)
        cluster[0].kill()
        cluster[1].kill()
        let node = cluster[2]
        let client = try node.connect()
        #expect(try !client.call("CONSISTENCY", "R", "1", "W", "1").isError)
        let refusal = try client.call("FLUSHALL").text
        #expect(refusal?.contains("no majority of the voters can be reached: 1 of 3") == true)
        #expect(try client.call("GET", "key") == .bulk("1"))
        #expect(try client.call("SET", "key", "2") == .ok)
        try cluster[0].start()
        try cluster[1].start()
        try cluster.waitUntilReady()
        #expect(try cluster[0].call("GET", "key") == .bulk("2"))
        try wait(for: "a leader") { try node.call("FLUSHALL") == .ok }
        #expect(try cluster[1].call("GET", "key") == .null)
    }

    @Test func `who asks to join while nobody can decide is let in once somebody can`() throws {
        let cluster = try threeVoters()
        cluster[0].pause()
        cluster[1].pause()
        let late = try Server("late")
        late.seeds = [cluster[2].peerAddress]
        try late.launch()
        try wait(for: "a first refusal") {
            late.log.contains("no majority of the voters can be reached")
        }
        cluster[0].resume()
        cluster[1].resume()
        try late.waitUntilServing()
        #expect(try late.info("members") == "4")
    }

    @Test func `members that all stop and start again elect a leader`() throws {
        let cluster = try threeVoters()
        for node in cluster.nodes { node.kill() }
        for node in cluster.nodes { try node.start() }
        try cluster.waitUntilReady()
        try wait(for: "a leader") { try cluster[1].call("FLUSHALL") == .ok }
    }
}
