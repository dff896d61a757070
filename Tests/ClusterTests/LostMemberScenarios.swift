import Testing
import Wire

extension ClusterScenarios {
    /// Members that are lost for good, with and without a majority of those who decide.
    @Suite struct LostMemberScenarios {}
}

extension ClusterScenarios.LostMemberScenarios {
    private func voters(
        _ count: Int, _ settings: [String: String] = [:]
    ) throws -> Cluster {
        let cluster = try Cluster(nodes: count, settings)
        try waitForVoters(count, cluster.nodes)
        return cluster
    }

    private func waitForVoters(_ count: Int, _ nodes: [Server]) throws {
        try wait(for: "\(count) voters") {
            try nodes.allSatisfy {
                try $0.get("/metrics").body.contains("\nmartlet_consensus_voters \(count)\n")
            }
        }
    }

    private func waitForMembers(_ count: Int, _ nodes: [Server]) throws {
        try wait(for: "\(count) members") {
            try nodes.allSatisfy { try $0.info("members") == "\(count)" }
        }
    }

    /// It starts, hears that it is no member any more, says so and ends; and never starts again.
    private func expectRefused(
        _ node: Server, saying words: String, sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        for _ in 0..<2 {
            try node.launch()
            #expect(try node.process?.wait() == .exited(1), sourceLocation: sourceLocation)
            let lines = node.log.split(separator: "\n").filter { $0.hasPrefix("martlet: ") }
            #expect(lines.count == 1, sourceLocation: sourceLocation)
            #expect(
                lines.first?.contains(words) == true, "\(node.log)",
                sourceLocation: sourceLocation)
        }
    }

    // MARK: Forgetting

    @Test func `an empty cluster forgets a member that is lost, and grows again`() throws {
        let cluster = try voters(3)
        let lost = cluster[2]
        lost.kill()
        let plan = try cluster[0].martletctl("forget", "--plan", "3")
        #expect(plan.isSuccess, "\(plan)")
        #expect(plan.output.contains("node 3"))
        #expect(plan.output.contains("w = 1"))
        #expect(try cluster[0].info("members") == "3")
        let done = try cluster[0].martletctl("forget", "3")
        #expect(done.isSuccess, "\(done)")
        try waitForMembers(2, Array(cluster.nodes[..<2]))
        try waitForVoters(2, Array(cluster.nodes[..<2]))
        let again = try cluster[1].martletctl("forget", "3")
        #expect(again.ending == .exited(1))
        #expect(again.errors.contains("node 3 is no member any more"))
        try expectRefused(lost, saying: "was removed from its cluster")
        let added = try cluster.add()
        try waitForMembers(3, [cluster[0], cluster[1], added])
        #expect(try added.call("SET", "key", "1") == .ok)
        #expect(try cluster[0].call("GET", "key") == .bulk("1"))
    }

    @Test func `the leader and others can be forgotten at once`() throws {
        let cluster = try voters(5)
        // The founder leads.
        cluster[0].kill()
        cluster[3].kill()
        let alone = try cluster[1].martletctl("forget", "1")
        #expect(alone.ending == .exited(1))
        #expect(alone.errors.contains("node 4 did not answer"), "\(alone)")
        let done = try cluster[1].martletctl("forget", "4", "1")
        #expect(done.isSuccess, "\(done)")
        let left = [cluster[1], cluster[2], cluster[4]]
        try waitForMembers(3, left)
        try waitForVoters(3, left)
        #expect(try left[0].call("SET", "key", "1") == .ok)
        for node in [cluster[0], cluster[3]] {
            try expectRefused(node, saying: "was removed from its cluster")
        }
    }

    @Test func `who is up, who asks and who holds data is not forgotten`() throws {
        let cluster = try voters(3)
        let up = try cluster[0].martletctl("forget", "2")
        #expect(up.ending == .exited(1))
        #expect(up.errors.contains("can be reached: stop it first"))
        let own = try cluster[0].martletctl("forget", "1")
        #expect(own.ending == .exited(1))
        #expect(own.errors.contains("the one that is asked"))
        let unknown = try cluster[0].martletctl("forget", "9")
        #expect(unknown.ending == .exited(1))
        #expect(unknown.errors.contains("node 9 is no member"))
        #expect(try cluster[0].martletctl("forget").ending == .exited(2))
        // One that the asked node cannot reach, and the one that leads can.
        #expect(try cluster[0].call("SET", "key", "1") == .ok)
        cluster[2].kill()
        let held = try cluster[0].martletctl("forget", "3")
        #expect(held.ending == .exited(1))
        #expect(held.errors.contains("would have to be moved"), "\(held)")
        #expect(held.errors.contains("empty"))
        #expect(try cluster[0].info("members") == "3")
        try cluster[2].start()
        try cluster.waitUntilReady()
        #expect(try cluster[2].call("GET", "key") == .bulk("1"))
    }

    @Test func `a cluster is not empty while somebody keeps hints`() throws {
        let cluster = try voters(4, ["n": "1", "w": "1", "r": "1"])
        // A key of a node that is down goes to a stand-in, and nowhere else.
        cluster[3].kill()
        var reply = Reply.null
        for index in 0..<64 where reply != .ok {
            let explained = try cluster[0].martletctl("explain", "key:\(index)")
            guard explained.output.contains("\n4 ") || explained.output.contains(" 4 ") else {
                continue
            }
            reply = try cluster[0].call("SET", "key:\(index)", "1")
        }
        let run = try cluster[0].martletctl("forget", "4")
        #expect(run.ending == .exited(1), "\(run)")
        #expect(run.errors.contains("holds data"))
    }

    @Test func `two admins forget one member, and one of them does`() throws {
        let cluster = try voters(4)
        cluster[3].kill()
        let others = Array(cluster.nodes[..<3])
        let runs = try others.map { node in
            try node.launchMartletctl("forget", "4")
        }
        for run in runs { _ = try run.wait() }
        try waitForMembers(3, others)
        try waitForVoters(3, others)
        let epochs = try others.map { try $0.info("epoch") }
        #expect(Set(epochs).count == 1)
    }

    // MARK: Without a majority

    @Test func `what is left of a cluster goes on without the majority that is lost`() throws {
        let cluster = try voters(5, ["flush": "yes"])
        let keys = (0..<64).map { "key:\($0)" }
        for key in keys { #expect(try cluster[0].call("SET", key, "1") == .ok) }
        for node in cluster.nodes[2...] { node.kill() }
        let left = Array(cluster.nodes[..<2])
        let minority = try left[0].martletctl("forget", "3", "4", "5")
        #expect(minority.ending == .exited(1))
        #expect(minority.errors.contains("no majority of the voters can be reached: 2 of 5"))
        #expect(minority.errors.contains("martletctl help recover"))
        // Whoever is left out must be named, and whoever is named must be gone.
        let tooFew = try left[0].martletctl("recover", "3", "4")
        #expect(tooFew.ending == .exited(1))
        #expect(tooFew.errors.contains("a majority of the voters is left without them"))
        let notLost = try left[0].martletctl("recover", "2", "3", "4", "5")
        #expect(notLost.ending == .exited(1))
        #expect(notLost.errors.contains("node 2 can be reached"))
        let plan = try left[0].martletctl("recover", "--plan", "3", "4", "5")
        #expect(plan.isSuccess, "\(plan)")
        #expect(plan.output.contains("off"))
        try wait(for: "the recovery") {
            try left[0].martletctl("recover", "3", "4", "5").isSuccess
        }
        try waitForVoters(2, left)
        let status = try left[1].martletctl("status")
        #expect(status.output.contains("lost"))
        // Members decide again, and what is left of the data is there.
        let set = try left[1].martletctl("keyspace", "set", "key:", "r=1", "w=1")
        #expect(set.isSuccess, "\(set)")
        try wait(for: "the keyspace to be known") {
            try left.allSatisfy { try $0.get("/v1/keyspaces").body.contains("key:") }
        }
        #expect(try left[0].call("SET", "key:new", "2") == .ok)
        // With those that are back, one by one or all at once, nothing is decided or served.
        try expectRefused(cluster[2], saying: "was given up when its cluster was recovered")
        for node in cluster.nodes[3...] { try node.launch() }
        for node in cluster.nodes[3...] {
            #expect(try node.process?.wait() == .exited(1))
            #expect(node.log.contains("was given up"))
        }
        for node in left { #expect(try node.info("members") == "5") }
        try waitForVoters(2, left)
        // Emptied, it forgets them, and grows.
        try wait(for: "a flush") { try left[0].call("FLUSHALL") == .ok }
        let forgotten = try left[0].martletctl("forget", "3", "4", "5")
        #expect(forgotten.isSuccess, "\(forgotten)")
        try waitForMembers(2, left)
        let added = try Server("added")
        added.seeds = [left[1].peerAddress]
        try added.start()
        try waitForMembers(3, left + [added])
        #expect(try added.call("SET", "key", "3") == .ok)
        #expect(try left[0].call("GET", "key") == .bulk("3"))
    }

    @Test func `one of two is enough to go on, and stays so over restarts`() throws {
        let cluster = try voters(2)
        #expect(try cluster[0].call("SET", "key", "1") == .ok)
        cluster[0].kill()
        try wait(for: "the recovery") {
            try cluster[1].martletctl("recover", "1").isSuccess
        }
        cluster[1].kill()
        try cluster[1].start()
        try wait(for: "a leader") {
            try cluster[1].martletctl("keyspace", "set", "k", "r=1", "w=1").isSuccess
        }
        #expect(try cluster[1].call("GET", "key") == .bulk("1"))
        try expectRefused(cluster[0], saying: "was given up")
    }

    @Test func `as long as a majority can be reached nothing is recovered`() throws {
        let cluster = try voters(3)
        cluster[2].kill()
        let run = try cluster[0].martletctl("recover", "3")
        #expect(run.ending == .exited(1))
        #expect(run.errors.contains("a majority of the voters is left without them (2 of 3)"))
        // A survivor that is down is named, or started.
        cluster[1].kill()
        try wait(for: "a refusal that says who is missing") {
            let run = try cluster[0].martletctl("recover", "2")
            return run.ending == .exited(1) && run.errors.contains("majority of the voters is left")
        }
    }
}
