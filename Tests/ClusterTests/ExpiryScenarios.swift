import Testing
import Wire

extension ClusterScenarios {
    @Suite struct ExpiryScenarios {}
}

extension ClusterScenarios.ExpiryScenarios {
    @Test func `a deadline set on one node is everybody's`() throws {
        let cluster = try Cluster(nodes: 3)
        #expect(try cluster[0].call("SET", "key", "1", "PX", "700") == .ok)
        #expect(try cluster[1].call("SET", "stays", "1", "EX", "100") == .ok)
        for node in cluster.nodes {
            #expect(try node.call("GET", "key") == .bulk("1"))
            let left = try node.call("PTTL", "key").integer ?? -9
            #expect((1...700).contains(left))
        }
        for node in cluster.nodes {
            try wait(for: "the key to expire at \(node.name)") {
                try node.call("GET", "key") == .null
            }
            #expect(try node.call("TTL", "key") == .integer(-2))
            #expect(try node.call("EXISTS", "key", "stays") == .integer(1))
        }
        #expect(try cluster[2].scan() == ["stays"])
        #expect(try cluster[2].call("PERSIST", "stays") == .integer(1))
        #expect(try cluster[0].call("TTL", "stays") == .integer(-1))
    }

    @Test func `a deadline moved while a node was down holds when it is back`() throws {
        let cluster = try Cluster(nodes: 3)
        let keys = (0..<20).map { "key:\($0)" }
        for key in keys { #expect(try cluster[0].call("SET", key, "1", "PX", "2000") == .ok) }
        cluster[2].kill()
        for key in keys { #expect(try cluster[1].call("EXPIRE", key, "100") == .integer(1)) }
        // Meanwhile the old deadline passes.
        #expect(try cluster[0].call("SET", "clock", "1", "PX", "2100") == .ok)
        try wait(for: "the old deadline") { try cluster[0].call("GET", "clock") == .null }
        try cluster[2].start()
        try cluster.waitUntilReady()
        for node in [cluster[2], cluster[0], cluster[1]] {
            for key in keys { #expect(try node.call("GET", key) == .bulk("1")) }
            #expect(try node.scan().sorted() == keys.sorted())
        }
    }

    @Test func `what has expired is swept away, and its name is free`() throws {
        let cluster = try Cluster(nodes: 3)
        #expect(try cluster[0].call("SET", "key", "old", "PX", "1") == .ok)
        try wait(for: "the key to expire") { try cluster[1].call("EXISTS", "key") == .integer(0) }
        #expect(try cluster[2].call("SET", "key", "new", "NX") == .ok)
        for node in cluster.nodes { #expect(try node.call("GET", "key") == .bulk("new")) }
        #expect(try cluster[1].call("TTL", "key") == .integer(-1))
    }
}
