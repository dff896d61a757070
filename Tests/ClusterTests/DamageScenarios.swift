import Foundation
import Testing
import Wire

extension ClusterScenarios {
    /// A disk that gives damaged data under one of three nodes, and nodes that know too little.
    @Suite struct DamageScenarios {}
}

extension ClusterScenarios.DamageScenarios {
    private static let keys = (0..<4000).map { "key:\($0)" }

    private static func value(_ index: Int) -> String {
        // Does not compress away.
        (0..<12).map { String((index * 12 + $0) &* 2_654_435_761 & 0xFFFF_FFFF) }.joined()
    }

    private func fill(_ node: Server) throws {
        let commands = Self.keys.enumerated().map { ["SET", $1, Self.value($0)] }
        for reply in try node.connect().pipeline(commands) { #expect(reply == .ok) }
    }

    /// Flips a bit in every tenth of each table of a node that is down, but for its ends.
    private func damageTables(of node: Server) throws {
        let all = FileManager.default.enumerator(atPath: node.dataDirectory)?.allObjects ?? []
        let tables = all.compactMap { $0 as? String }.filter { $0.hasSuffix(".sst") }
        var damaged = 0
        for table in tables {
            let url = URL(filePath: "\(node.dataDirectory)/\(table)")
            var data = try Data(contentsOf: url)
            // The few facts of the node are elsewhere.
            guard data.count > 100_000 else { continue }
            for tenth in 1...8 { data[data.count * tenth / 10] ^= 0x10 }
            try data.write(to: url)
            damaged += 1
        }
        try #require(damaged > 0)
    }

    private func expectAll(at node: Server) throws {
        let connection = try node.connect()
        let replies = try connection.pipeline(Self.keys.map { ["GET", $0] })
        let wrong = replies.enumerated().filter { $1 != .bulk(Self.value($0)) }
        #expect(wrong.isEmpty, "\(wrong.count) wrong, first \(wrong.first.map { "\($0)" } ?? "")")
    }

    /// Opening writes what is in the log as tables.
    private func makeDamagedCluster() throws -> Cluster {
        let cluster = try Cluster(nodes: 3)
        try fill(cluster[0])
        try cluster[2].restart()
        try cluster.waitUntilReady()
        try cluster[2].stop()
        try damageTables(of: cluster[2])
        try cluster[2].start()
        return cluster
    }

    @Test func `through a node with damaged blocks all is there, and it says so`() throws {
        let cluster = try makeDamagedCluster()
        let node = cluster[2]
        #expect(try Set(node.scan()) == Set(Self.keys))
        #expect(try Set(node.call("KEYS", "*").items?.compactMap(\.text) ?? []) == Set(Self.keys))
        try expectAll(at: node)
        #expect(try node.metric("martlet_corrupt_records_total") > 0)
        #expect(try node.metric("martlet_records_healed_total") > 0)
        try wait(for: "the node to say that it is damaged") {
            let answer = try node.get("/ready")
            return answer.status == 503 && answer.body.contains("damaged")
        }
        #expect(try node.metric("martlet_storage_damaged") == 1)
        for index in stride(from: 0, to: Self.keys.count, by: 7) {
            #expect(try node.call("SET", Self.keys[index], Self.value(index)) == .ok)
        }
        #expect(try node.call("INCR", "counter") == .integer(1))
        // What was healed is its own now.
        #expect(try node.call("CONSISTENCY", "R", "1").isError == false)
        let before = try node.metric("martlet_records_healed_total")
        try expectAll(at: node)
        #expect(try node.metric("martlet_records_healed_total") == before)
        for other in cluster.nodes { try expectAll(at: other) }
    }

    @Test func `a write through another node heals as a read does`() throws {
        let cluster = try makeDamagedCluster()
        let commands = Self.keys.enumerated().map { ["SET", $1, Self.value($0 + 1)] }
        for reply in try cluster[0].connect().pipeline(commands) { #expect(reply == .ok) }
        let replies = try cluster[2].connect().pipeline(Self.keys.map { ["GET", $0] })
        for (index, reply) in replies.enumerated() {
            #expect(reply == .bulk(Self.value(index + 1)))
        }
        #expect(try cluster[2].metric("martlet_records_healed_total") > 0)
    }

    @Test func `a compaction over a damaged block does not end the process`() throws {
        let cluster = try makeDamagedCluster()
        let node = cluster[2]
        let connection = try node.connect()
        let filler = String(repeating: "x", count: 8000)
        var written = 0
        try wait(for: "a compaction to meet the damage", within: .seconds(120)) {
            let commands = (0..<500).map { index in
                // Over the keys of the damaged table, so that it takes part.
                ["SET", Self.keys[(written + index) % Self.keys.count], "\(filler)\(written)"]
            }
            for reply in try connection.pipeline(commands) { #expect(reply == .ok) }
            written += 500
            return try node.metric("martlet_storage_damaged_compactions_total") > 0
        }
        #expect(node.isRunning)
        #expect(try node.call("SET", "after", "1") == .ok)
        #expect(try cluster[0].call("GET", "after") == .bulk("1"))
    }

    // MARK: Nodes that know too little

    @Test func `a scan at a node that was away shows what was acknowledged meanwhile`() throws {
        let cluster = try Cluster(nodes: 3)
        for index in 0..<200 {
            #expect(try cluster[0].call("SET", "old:\(index)", "1") == .ok)
        }
        cluster[2].kill()
        let connection = try cluster[0].connect()
        let commands =
            (0..<2000).map { ["SET", "new:\($0)", "1"] } + (0..<200).map { ["DEL", "old:\($0)"] }
        for reply in try connection.pipeline(commands) { #expect(!reply.isError) }
        try cluster[2].launch()
        let wanted = Set((0..<2000).map { "new:\($0)" })
        try wait(for: "the node to answer") {
            guard let keys = try? cluster[2].call("KEYS", "*").items else { return false }
            #expect(Set(keys.compactMap(\.text)) == wanted)
            return true
        }
        #expect(try Set(cluster[2].scan()) == wanted)
    }

    @Test func `what was flushed while a node was away it never shows`() throws {
        let cluster = try Cluster(nodes: 3, ["flush": "yes"])
        let keys = (0..<50).map { "key:\($0)" }
        for key in keys { #expect(try cluster[0].call("SET", key, "old") == .ok) }
        cluster[2].kill()
        #expect(try cluster[0].call("FLUSHALL").text?.contains("flushed, but node") == true)
        try cluster[2].launch()
        var replies: [Reply] = []
        try wait(for: "the node to answer") {
            guard let connection = try? cluster[2].connect() else { return false }
            let all = try connection.pipeline(
                [["CONSISTENCY", "R", "1"]] + keys.map { ["GET", $0] })
            replies = Array(all.dropFirst())
            return true
        }
        #expect(replies == keys.map { _ in Reply.null })
        // Nor one that stood still, of what it had been sent before.
        for key in keys { #expect(try cluster[0].call("SET", key, "older") == .ok) }
        try cluster.waitUntilReady()
        let connection = try cluster[2].connect()
        #expect(try connection.call("CONSISTENCY", "R", "1").isError == false)
        cluster[2].pause()
        #expect(try cluster[0].call("FLUSHALL").text?.contains("flushed, but node") == true)
        let commands = keys.map { "*2\r\n$3\r\nGET\r\n$\($0.utf8.count)\r\n\($0)\r\n" }
        try connection.send(commands.joined())
        cluster[2].resume()
        for _ in keys { #expect(try connection.receive() == .null) }
    }
}
