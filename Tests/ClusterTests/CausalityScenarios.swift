import Testing
import Wire

extension ClusterScenarios {
    @Suite struct CausalityScenarios {}
}

/// What DGET shows of a key.
private struct Siblings {
    let context: [UInt8]
    let values: [String]

    init(_ reply: Reply) throws {
        guard let parts = reply.items, parts.count == 2, let context = parts[0].bytes,
            let values = parts[1].items
        else { throw Failure("not what DGET answers: \(reply)") }
        self.context = context
        self.values = values.compactMap(\.text).sorted()
    }
}

extension Server {
    fileprivate func siblings(of key: String) throws -> Siblings {
        try Siblings(try call("DGET", key))
    }

    fileprivate func put(_ key: String, _ context: [UInt8], _ value: String) throws -> Reply {
        try call(["DPUT", key].map { Array($0.utf8) } + [context, Array(value.utf8)])
    }
}

extension ClusterScenarios.CausalityScenarios {
    @Test
    func `two writes from one context at two coordinators are siblings until one has seen both`()
        throws
    {
        let cluster = try Cluster(nodes: 3)
        #expect(try cluster[0].call("SET", "key", "first") == .ok)
        let start = try cluster[1].siblings(of: "key")
        #expect(start.values == ["first"])
        let ports = cluster.ports
        for round in 0..<10 {
            let seen = try cluster[0].siblings(of: "key")
            let replies = try concurrently(2) { index in
                let connection = try RedisConnection(port: ports[index])
                return try connection.call(
                    ["DPUT", "key"].map { Array($0.utf8) }
                        + [seen.context, Array("\(round) of writer \(index)".utf8)])
            }
            #expect(replies.allSatisfy { $0.bytes != nil })
            for node in cluster.nodes {
                let now = try node.siblings(of: "key")
                #expect(now.values == ["\(round) of writer 0", "\(round) of writer 1"])
            }
            // All nodes show the same one of the two.
            let winners = try Set(cluster.nodes.map { try $0.call("GET", "key").text })
            #expect(winners.count == 1)

            let both = try cluster[2].siblings(of: "key")
            #expect(try cluster[2].put("key", both.context, "merged \(round)").bytes != nil)
            for node in cluster.nodes {
                #expect(try node.siblings(of: "key").values == ["merged \(round)"])
                #expect(try node.call("GET", "key") == .bulk("merged \(round)"))
            }
        }
    }

    @Test func `a blind write is a sibling, a plain SET covers all that is there`() throws {
        let cluster = try Cluster(nodes: 3)
        for (index, node) in cluster.nodes.enumerated() {
            #expect(try node.put("key", [], "blind \(index)").bytes != nil)
        }
        #expect(try cluster[1].siblings(of: "key").values == ["blind 0", "blind 1", "blind 2"])
        #expect(try cluster[2].call("SET", "key", "plain") == .ok)
        for node in cluster.nodes {
            #expect(try node.siblings(of: "key").values == ["plain"])
        }
    }

    @Test func `a delete from an old context leaves what it has not seen`() throws {
        let cluster = try Cluster(nodes: 3)
        #expect(try cluster[0].call("SET", "key", "seen") == .ok)
        let seen = try cluster[0].siblings(of: "key")
        #expect(try cluster[1].put("key", [], "unseen").bytes != nil)
        let delete = ["DDEL", "key"].map { Array($0.utf8) } + [seen.context]
        #expect(try cluster[2].call(delete).bytes != nil)
        for node in cluster.nodes {
            #expect(try node.siblings(of: "key").values == ["unseen"])
        }
        let rest = try cluster[0].siblings(of: "key")
        #expect(
            try cluster[0].call(["DDEL", "key"].map { Array($0.utf8) } + [rest.context]).bytes
                != nil)
        for node in cluster.nodes {
            #expect(try node.siblings(of: "key").values == [])
            #expect(try node.call("GET", "key") == .null)
        }
    }

    @Test func `the context of another key is refused`() throws {
        let cluster = try Cluster(nodes: 3)
        #expect(try cluster[0].call("SET", "one", "1") == .ok)
        let one = try cluster[0].siblings(of: "one")
        for context in [one.context, Array("garbage".utf8), [0], Array(one.context.dropLast())] {
            let reply = try cluster[1].put("another", context, "2")
            #expect(reply.isError)
        }
        #expect(try cluster[2].siblings(of: "another").values == [])
    }
}
