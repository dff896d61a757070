import Testing
import Wire

extension ClusterScenarios {
    /// What one connection asks for takes effect in its order, and once, through whichever nodes.
    @Suite struct OrderScenarios {}
}

extension ClusterScenarios.OrderScenarios {
    private static let keysCount = 150

    @Test func `a pipeline keeps its order through nodes that do not hold the key`() throws {
        let cluster = try Cluster(nodes: 5)
        let clients = try cluster.nodes.map { try $0.connect() }
        for number in 0..<Self.keysCount {
            let (client, other) = (clients[number % 5], clients[(number + 2) % 5])
            let key = "order:\(number)"
            let sets = (1...20).map { ["SET", key, "\($0)"] }
            #expect(try client.pipeline(sets).allSatisfy { $0 == .ok })
            #expect(try other.call("GET", key).text == "20")
            #expect(try other.call("DGET", key).items?.last?.items?.count == 1)

            let mixed = try client.pipeline([
                ["GET", key], ["SET", key, "x"], ["GET", key], ["APPEND", key, "y"], ["GET", key],
                ["MSET", key, "m", key + ":2", "m"], ["GET", key], ["INCR", key + ":n"],
                ["MGET", key, key + ":n"], ["DEL", key, key + ":2"], ["GET", key],
                ["EXISTS", key, key + ":2"],
            ])
            #expect(mixed[0].text == "20")
            #expect(mixed[2].text == "x")
            #expect(mixed[4].text == "xy")
            #expect(mixed[6].text == "m")
            #expect(mixed[8].items?.map(\.text) == ["m", "1"])
            #expect(mixed[10] == .null)
            #expect(mixed[11] == .integer(0))
            #expect(try other.call("GET", key) == .null)
        }
    }

    @Test func `a pipeline keeps its order while coordinators come and go`() throws {
        let cluster = try Cluster(nodes: 5, ["request-timeout-ms": "3000"])
        let client = try cluster[0].connect()
        for round in 0..<6 {
            let victim = cluster[1 + round % 4]
            let keys = (0..<40).map { "moved:\(round):\($0)" }
            let sets = keys.flatMap { key in (1...25).map { ["SET", key, "\($0)"] } }
            try client.send(
                sets.flatMap { RedisConnection.encode($0.map { Array($0.utf8) }) })
            if round.isMultiple(of: 2) { victim.kill() } else { victim.pause() }
            let replies = try sets.map { _ in try client.receive() }
            if round.isMultiple(of: 2) { try victim.start() } else { victim.resume() }
            try cluster.waitUntilReady()
            for (index, key) in keys.enumerated() {
                let own = replies[(25 * index)..<(25 * index + 25)]
                // What came after the last that was acknowledged may have taken effect, too.
                let least = (own.lastIndex { $0 == .ok } ?? 25 * index - 1) - 25 * index + 1
                let value = Int(try client.call("GET", key).text ?? "0") ?? 0
                #expect(value >= least, "\(key)")
            }
        }
    }

    /// A node stands still with commands in its buffers. Their client is told, tries again, and
    /// deletes what it has written; then the node goes on.
    @Test func `what was given up is not carried out by a node that stood still`() throws {
        let cluster = try Cluster(nodes: 5)
        let client = try cluster[0].connect(timeout: .seconds(60))
        #expect(try client.call("CONSISTENCY", "timeout", "20000").isError == false)
        let keys = (0..<200).map { "late:\($0)" }
        let sleeper = cluster[4]
        sleeper.pause()
        for (key, reply) in zip(keys, try client.pipeline(keys.map { ["SET", $0, "old"] })) {
            guard reply != .ok else { continue }
            try wait(for: "\(key) to be written") { try client.call("SET", key, "old") == .ok }
        }
        for key in keys { #expect(try client.call("DEL", key) == .integer(1), "\(key)") }
        sleeper.resume()
        try cluster.waitUntilReady()
        try wait(for: "all hints to be handed over") {
            try cluster.nodes.allSatisfy { try $0.metric("martlet_hints") == 0 }
        }
        for key in keys {
            for node in cluster.nodes {
                #expect(try node.call("GET", key) == .null, "\(key) at \(node.name)")
            }
            let all = try client.call("DGET", key, "R", "ALL", "PR", "ALL")
            #expect(all.items?.last?.items?.isEmpty == true, "\(key)")
        }
    }
}
