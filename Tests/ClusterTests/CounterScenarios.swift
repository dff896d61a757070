import Testing
import Wire

extension ClusterScenarios {
    @Suite struct CounterScenarios {}
}

/// How much some clients have added: for certain, and perhaps.
private struct Additions {
    var acknowledged = 0
    var unknown = 0
}

extension ClusterScenarios.CounterScenarios {
    /// Adds 1 `count` times at a node; stops where the node dies.
    private static func add(_ count: Int, to key: String, at port: UInt16) -> Additions {
        var additions = Additions()
        do {
            let connection = try RedisConnection(port: port)
            for _ in 0..<count {
                additions.unknown += 1
                let reply = try connection.call("INCR", key)
                if reply.isError { continue }
                additions.unknown -= 1
                additions.acknowledged += 1
            }
        } catch {
            // What was under way stays unknown.
        }
        return additions
    }

    @Test func `increments at all coordinators at once all count`() throws {
        let cluster = try Cluster(nodes: 3)
        let ports = cluster.ports
        let added = try concurrently(6) { Self.add(50, to: "count", at: ports[$0 % 3]) }
        #expect(added.allSatisfy { $0.acknowledged == 50 && $0.unknown == 0 })
        for node in cluster.nodes {
            #expect(try node.call("GET", "count") == .bulk("300"))
        }
        #expect(try cluster[1].call("DECRBY", "count", "300") == .integer(0))
        #expect(try cluster[2].call("INCRBYFLOAT", "count", "0.5") == .bulk("0.5"))
    }

    @Test func `no acknowledged increment is lost or counted twice over a kill and a restart`()
        throws
    {
        let cluster = try Cluster(nodes: 3, ["wal-sync": "always"])
        let ports = cluster.ports
        let rounds = 3
        var acknowledged = 0
        var unknown = 0
        for round in 0..<rounds {
            let victim = cluster[round % 3]
            let threads = (0..<6).map { index in
                Background { Self.add(40, to: "count", at: ports[index % 3]) }
            }
            try wait(for: "some increments") {
                let count = try cluster[(round + 1) % 3].call("GET", "count").text ?? "0"
                return Int(count) ?? 0 >= acknowledged + 20
            }
            victim.kill()
            for added in threads.map({ $0.join() }) {
                acknowledged += added.acknowledged
                unknown += added.unknown
            }
            try victim.start()
            try cluster.waitUntilReady()
        }
        for node in cluster.nodes {
            let count = Int(try node.call("GET", "count").text ?? "") ?? -1
            #expect((acknowledged...acknowledged + unknown).contains(count))
        }
        let counts = try Set(cluster.nodes.map { try $0.call("GET", "count").text })
        #expect(counts.count == 1)
    }
}
