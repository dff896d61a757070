import Testing
import Wire

extension ClusterScenarios {
    @Suite struct ReplicationScenarios {}
}

extension ClusterScenarios.ReplicationScenarios {
    @Test func `what is written at one node is read at the others`() throws {
        let cluster = try Cluster(nodes: 3)
        for (index, node) in cluster.nodes.enumerated() {
            #expect(try node.call("SET", "key \(index)", "from \(node.name)") == .ok)
        }
        for node in cluster.nodes {
            for index in 0..<3 {
                let value = try node.call("GET", "key \(index)")
                #expect(value == .bulk("from node \(index + 1)"))
            }
        }
        #expect(try cluster[0].call("DEL", "key 0") == .integer(1))
        #expect(try cluster[1].call("GET", "key 0") == .null)
        #expect(try cluster[2].call("EXISTS", "key 0", "key 1", "key 2") == .integer(2))
    }

    @Test func `reads and writes go on while one of three nodes is dead`() throws {
        let cluster = try Cluster(nodes: 3)
        let keys = (0..<50).map { "key \($0)" }
        for key in keys { #expect(try cluster[0].call("SET", key, "before") == .ok) }
        cluster[2].kill()
        for (index, key) in keys.enumerated() {
            let node = cluster[index % 2]
            #expect(try node.call("GET", key) == .bulk("before"))
            #expect(try node.call("SET", key, "after") == .ok)
        }
        try cluster[2].start()
        // At once: a quorum read sees every write, whatever this node itself has missed.
        for key in keys { #expect(try cluster[2].call("GET", key) == .bulk("after")) }
        try cluster.waitUntilReady()
        // The reads have repaired it, so that its copies alone are enough now.
        #expect(try cluster[2].call("CONSISTENCY", "R", "1").isError == false)
        for key in keys { #expect(try cluster[2].call("GET", key) == .bulk("after")) }
    }

    @Test func `too few nodes are told at once, with the number that answered`() throws {
        let cluster = try Cluster(nodes: 3, ["request-timeout-ms": "2000"])
        #expect(try cluster[0].call("SET", "key", "1") == .ok)
        cluster[1].kill()
        cluster[2].kill()
        for command in [["SET", "key", "2"], ["GET", "key"], ["INCR", "count"]] {
            var reply = Reply.null
            let duration = try measure {
                reply = try cluster[0].call(command.map { Array($0.utf8) })
            }
            let text = reply.text ?? "\(reply)"
            #expect(text.hasPrefix("NOQUORUM 1 of 2 replicas "))
            #expect(duration < .seconds(4))
        }
        try cluster[1].start()
        try wait(for: "writes to go on") { try cluster[0].call("SET", "key", "3") == .ok }
        #expect(try cluster[1].call("GET", "key") == .bulk("3"))
    }

    @Test func `a node that stands still does not stop the others`() throws {
        let cluster = try Cluster(nodes: 3)
        cluster[2].pause()
        defer { cluster[2].resume() }
        let duration = try measure { () throws in
            for index in 0..<100 {
                #expect(try cluster[index % 2].call("SET", "key \(index)", "1") == .ok)
                #expect(try cluster[(index + 1) % 2].call("GET", "key \(index)") == .bulk("1"))
            }
        }
        #expect(duration < .seconds(10))
        cluster[2].resume()
        for index in 0..<100 {
            #expect(try cluster[2].call("GET", "key \(index)") == .bulk("1"))
        }
    }
}
