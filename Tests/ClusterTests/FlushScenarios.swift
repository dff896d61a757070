import Testing
import Wire

extension ClusterScenarios {
    @Suite struct FlushScenarios {}
}

extension ClusterScenarios.FlushScenarios {
    @Test func `a flush is refused unless the configuration allows it`() throws {
        let node = try Server.alone()
        #expect(try node.call("SET", "key", "1") == .ok)
        for command in ["FLUSHALL", "FLUSHDB"] {
            let reply = try node.call(command)
            #expect(reply.isError("ERR"))
            #expect(reply.text?.contains("CONFIG SET flush yes") == true)
        }
        #expect(try node.call("GET", "key") == .bulk("1"))
        #expect(try node.call("CONFIG", "SET", "flush", "yes") == .ok)
        #expect(try node.call("FLUSHALL") == .ok)
        #expect(try node.call("GET", "key") == .null)
    }

    @Test func `after a flush nothing old is anywhere, and new writes stay`() throws {
        let cluster = try Cluster(nodes: 3, ["flush": "yes"])
        let keys = (0..<200).map { "key:\($0)" }
        for (index, key) in keys.enumerated() {
            #expect(try cluster[index % 3].call("SET", key, "old") == .ok)
        }
        #expect(try cluster[1].call("FLUSHALL") == .ok)
        for node in cluster.nodes {
            #expect(try node.connect().call(["MGET"] + keys) == .array(keys.map { _ in .null }))
            #expect(try node.scan() == [])
        }
        for (index, node) in cluster.nodes.enumerated() {
            #expect(try node.call("SET", keys[index], "new") == .ok)
        }
        for node in cluster.nodes { try node.restart() }
        try cluster.waitUntilReady()
        for node in cluster.nodes {
            #expect(
                try node.call("MGET", keys[0], keys[1], keys[2])
                    == .array(
                        keys.prefix(3).map { _ in .bulk("new") }))
            #expect(try node.scan().sorted() == keys.prefix(3).sorted())
        }
    }

    @Test func `what a node held that was down during a flush does not return with it`() throws {
        let cluster = try Cluster(nodes: 3, ["flush": "yes"])
        let keys = (0..<100).map { "key:\($0)" }
        for key in keys { #expect(try cluster[0].call("SET", key, "old") == .ok) }
        cluster[2].kill()
        let reply = try cluster[1].call("FLUSHALL")
        // It says that one node has not confirmed it yet.
        #expect(reply.isError("ERR"))
        #expect(reply.text?.contains("flushed, but node") == true)
        #expect(try cluster[0].call("SET", "new", "1") == .ok)
        try cluster[2].start()
        try cluster.waitUntilReady()
        for node in cluster.nodes {
            // This also repairs the node that was away: a scan looks at one replica only.
            #expect(try node.call("GET", "new") == .bulk("1"))
            #expect(try !node.call("CONSISTENCY", "R", "1").isError)
            for key in keys { #expect(try node.call("GET", key) == .null) }
            #expect(try node.scan() == ["new"])
        }
    }

    @Test func `an emptied cluster takes new nodes in`() throws {
        let cluster = try Cluster(nodes: 2, ["flush": "yes"])
        #expect(try cluster[0].call("SET", "key", "1") == .ok)
        #expect(try cluster[0].call("FLUSHALL") == .ok)
        try cluster.add()
        try cluster.waitUntilReady()
        #expect(try cluster[2].call("GET", "key") == .null)
        #expect(try cluster[2].info("members") == "3")
    }
}
