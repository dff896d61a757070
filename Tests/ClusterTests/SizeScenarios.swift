import Testing
import Wire

extension ClusterScenarios {
    /// Fewer nodes than replicas, and more.
    @Suite struct SizeScenarios {}
}

extension Server {
    /// All keys, by SCAN from its start to its end.
    func scan(count: Int = 10, match: String? = nil) throws -> [String] {
        var keys: [String] = []
        var cursor = "0"
        repeat {
            let pattern = match.map { ["MATCH", $0] } ?? []
            let words = ["SCAN", cursor, "COUNT", "\(count)"] + pattern
            let reply = try call(words.map { Array($0.utf8) })
            guard let parts = reply.items, parts.count == 2, let next = parts[0].text,
                let page = parts[1].items
            else { throw Failure("not what SCAN answers: \(reply)") }
            keys += page.compactMap(\.text)
            cursor = next
        } while cursor != "0"
        return keys
    }
}

extension ClusterScenarios.SizeScenarios {
    @Test func `a lone node takes every command`() throws {
        let node = try Server.alone()
        #expect(try node.call("SET", "key", "1") == .ok)
        #expect(try node.call("INCR", "key") == .integer(2))
        #expect(try node.call("MSET", "a", "1", "b", "2", "c", "3") == .ok)
        #expect(
            try node.call("MGET", "a", "b", "c", "d").items?.map(\.text) == ["1", "2", "3", nil])
        #expect(try node.scan().sorted() == ["a", "b", "c", "key"])
        #expect(try node.call("RENAME", "a", "z") == .ok)
        #expect(try node.call("GET", "z") == .bulk("1"))
        #expect(try node.call("DEL", "a", "b", "c", "z", "key") == .integer(4))
        #expect(try node.scan() == [])
    }

    @Test func `two nodes hold everything twice, and one of them alone refuses`() throws {
        let cluster = try Cluster(nodes: 2, ["request-timeout-ms": "1000"])
        for index in 0..<20 {
            #expect(try cluster[index % 2].call("SET", "key \(index)", "\(index)") == .ok)
        }
        for index in 0..<20 {
            let value = try cluster[(index + 1) % 2].call("GET", "key \(index)")
            #expect(value == .bulk("\(index)"))
        }
        cluster[1].kill()
        #expect(try cluster[0].call("GET", "key 1").isError("NOQUORUM"))
        #expect(try !cluster[0].call("CONSISTENCY", "R", "1", "W", "1").isError)
        #expect(try cluster[0].call("GET", "key 1") == .bulk("1"))
        #expect(try cluster[0].call("SET", "key 1", "alone") == .ok)
        try cluster[1].start()
        try cluster.waitUntilReady()
        #expect(try cluster[1].call("GET", "key 1") == .bulk("alone"))
    }

    @Test func `in five nodes every node answers for every key`() throws {
        let cluster = try Cluster(nodes: 5)
        let keys = (0..<300).map { "key:\($0)" }
        for (index, key) in keys.enumerated() {
            #expect(try cluster[index % 5].call("SET", key, "value of \(key)") == .ok)
        }
        for node in cluster.nodes {
            let connection = try node.connect()
            let replies = try connection.pipeline(keys.map { ["GET", $0] })
            #expect(replies == keys.map { .bulk("value of \($0)") })
            // The write quorum was two of three; a scan looks at one replica.
            try wait(for: "the last writes to reach all replicas") {
                try node.scan(count: 1000).count >= keys.count
            }
            for count in [1, 10, 1000] {
                #expect(try node.scan(count: count).sorted() == keys.sorted())
            }
            #expect(try node.scan(match: "key:1?").count == 10)
            let listed = try connection.call("KEYS", "*").items?.compactMap(\.text).sorted()
            #expect(listed == keys.sorted())
            #expect(try connection.call("RANDOMKEY").text?.hasPrefix("key:") == true)
        }
        // An estimate, from a sample of partitions: near is what it promises.
        try wait(for: "DBSIZE to come near 300 on all nodes") {
            try cluster.nodes.allSatisfy {
                guard case .integer(let count) = try $0.call("DBSIZE") else { return false }
                return (200...400).contains(count)
            }
        }
    }

    @Test func `commands of many keys work over all nodes`() throws {
        let cluster = try Cluster(nodes: 5)
        let keys = (0..<100).map { "key:\($0)" }
        let pairs = keys.flatMap { [$0, "1 of \($0)"] }
        #expect(try cluster[0].connect().call(["MSET"] + pairs) == .ok)
        for node in cluster.nodes {
            let values = try node.connect().call(["MGET"] + keys + ["absent"])
            #expect(values == .array(keys.map { .bulk("1 of \($0)") } + [.null]))
            #expect(try node.connect().call(["EXISTS"] + keys) == .integer(100))
            #expect(try node.connect().call(["TOUCH"] + keys + ["absent"]) == .integer(100))
        }
        for (index, key) in keys.prefix(20).enumerated() {
            let node = cluster[index % 5]
            #expect(try node.call("RENAME", key, "renamed:\(index)") == .ok)
            #expect(try node.call("EXISTS", key) == .integer(0))
            #expect(try node.call("COPY", "renamed:\(index)", "copy:\(index)") == .integer(1))
            #expect(try node.call("RENAMENX", "renamed:\(index)", "copy:\(index)") == .integer(0))
            let other = cluster[(index + 1) % 5]
            #expect(try other.call("GET", "copy:\(index)") == .bulk("1 of \(key)"))
        }
        #expect(try cluster[1].call("RENAME", "absent", "other") == .error("ERR no such key"))
        #expect(try cluster[3].call("MSETNX", "new:1", "1", "new:2", "2") == .integer(1))
        #expect(try cluster[4].call("MSETNX", "new:3", "1", "new:2", "2") == .integer(0))
        #expect(try cluster[1].call("GET", "new:3") == .null)
        #expect(try cluster[2].connect().call(["UNLINK"] + keys) == .integer(80))
    }

    @Test func `five nodes without one serve every key, and scan it`() throws {
        let cluster = try Cluster(nodes: 5)
        let keys = (0..<100).map { "key:\($0)" }
        for key in keys { #expect(try cluster[0].call("SET", key, "before") == .ok) }
        cluster[4].kill()
        for (index, key) in keys.enumerated() {
            #expect(try cluster[index % 4].call("GET", key) == .bulk("before"))
            #expect(try cluster[(index + 1) % 4].call("SET", key, "after") == .ok)
        }
        // With one node away a scan takes each partition from another of its replicas.
        #expect(try cluster[1].scan(count: 50).sorted() == keys.sorted())
        try cluster[4].start()
        try cluster.waitUntilReady()
        for key in keys { #expect(try cluster[4].call("GET", key) == .bulk("after")) }
        #expect(try cluster[4].scan(count: 50).sorted() == keys.sorted())
    }
}
