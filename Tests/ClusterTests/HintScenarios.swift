import Essentials
import Testing
import Wire

extension ClusterScenarios {
    /// What nodes keep for one that is away, and bring it when it is back.
    @Suite struct HintScenarios {}
}

extension ClusterScenarios.HintScenarios {
    private static let keys = (0..<300).map { "hinted:\($0)" }

    /// The hints that all running nodes keep together.
    private func hints(in cluster: Cluster) throws -> Int {
        try cluster.nodes.filter(\.isRunning).reduce(0) { sum, node in
            let report = try JSON(parsing: Array(try node.get("/v1/hints").body.utf8))
            let targets = report["targets"]?.elements ?? []
            return sum + targets.reduce(0) { $0 + ($1["records"]?.integer ?? 0) }
        }
    }

    /// The keys that a node replicates.
    private func keys(of number: Int, in cluster: Cluster) throws -> Int {
        try Self.keys.count { key in
            let report = try JSON(parsing: Array(try cluster[0].get(Self.explain(key)).body.utf8))
            return report["replicas"]?.elements.contains { $0["number"]?.integer == number }
                ?? false
        }
    }

    private static func explain(_ key: String) -> String { "/v1/explain?key=\(key)" }

    private func write(_ value: String, at nodes: ArraySlice<Server>) throws {
        for (index, key) in Self.keys.enumerated() {
            let node = nodes[nodes.startIndex + index % nodes.count]
            #expect(try node.call("SET", key, value) == .ok)
        }
    }

    /// Waits for the end of all deliveries, then asks every replica of every key.
    private func expectAllReplicas(of cluster: Cluster, toHave value: String) throws {
        try wait(for: "all hints to be handed over", within: .seconds(60)) {
            try hints(in: cluster) == 0
        }
        for key in Self.keys {
            let report = try cluster[0].get(Self.explain(key)).body
            #expect(report.contains(#""agree":true"#), "\(report)")
            let answer = try cluster[4].call("DGET", key, "R", "1")
            #expect(answer.items?.last?.items?.map(\.text) == [value])
        }
    }

    @Test func `a node that was away is handed all it has missed`() throws {
        let cluster = try Cluster(nodes: 5)
        try write("old", at: cluster.nodes[...])
        cluster[4].kill()
        try write("new", at: cluster.nodes[..<4])
        #expect(try hints(in: cluster) > 0)
        try cluster[4].start()
        try expectAllReplicas(of: cluster, toHave: "new")
    }

    /// What is kept for one node while another is handed what it has missed, in the same passes of
    /// the same loop.
    @Test func `a hint that is kept while others are handed over is not lost`() throws {
        let cluster = try Cluster(nodes: 3)
        let (keeper, first, second) = (cluster[0], cluster[1], cluster[2])
        for node in [first, second] { node.kill() }
        let connection = try keeper.connect()
        var written = 0
        func write(_ count: Int) throws {
            let commands = (written..<written + count).map { number in
                ["DPUT", "kept:\(number)", "", "value", "W", "1"]
            }
            for reply in try connection.pipeline(commands) {
                #expect(!reply.isError("NOQUORUM"), "\(reply)")
            }
            written += count
        }
        try write(4000)
        try first.launch()
        try wait(for: "the first to be handed what it has missed", within: .seconds(60)) {
            try write(100)
            return try keeper.metric("martlet_hints_delivered_total") >= 4000
        }
        try first.waitUntilServing()
        try second.start()
        try wait(for: "all hints to be handed over", within: .seconds(60)) {
            try hints(in: cluster) == 0
        }
        let all = try second.connect().pipeline(
            (0..<written).map { ["DGET", "kept:\($0)", "R", "1"] })
        let missing = all.indices.filter { all[$0].items?.last?.items?.map(\.text) != ["value"] }
        #expect(missing.isEmpty, "\(missing.count) of \(written), from \(missing.first ?? 0) on")
    }

    @Test func `hints survive the death of those who keep them`() throws {
        let cluster = try Cluster(nodes: 5)
        cluster[4].kill()
        try write("kept", at: cluster.nodes[..<4])
        let missed = try keys(of: 5, in: cluster)
        try wait(for: "all that was missed to be kept") { try hints(in: cluster) == missed }
        for node in cluster.nodes[..<4] { node.kill() }
        for node in cluster.nodes[..<4] { try node.start() }
        #expect(try hints(in: cluster) == missed)
        try cluster[4].start()
        try expectAllReplicas(of: cluster, toHave: "kept")
    }

    /// The nodes that are a key's primaries, and the others.
    private func split(
        _ cluster: Cluster, by key: String
    ) throws -> (primaries: [Server], others: [Server]) {
        let report = try JSON(parsing: Array(try cluster[0].get(Self.explain(key)).body.utf8))
        let numbers = (report["replicas"]?.elements ?? []).compactMap { $0["number"]?.integer }
        let isPrimary = cluster.nodes.indices.map { numbers.contains($0 + 1) }
        return (
            cluster.nodes.indices.filter { isPrimary[$0] }.map { cluster[$0] },
            cluster.nodes.indices.filter { !isPrimary[$0] }.map { cluster[$0] }
        )
    }

    @Test func `without any primary of a key two fallbacks go on by their hints`() throws {
        let cluster = try Cluster(nodes: 5)
        // One slot, so the same primaries.
        let (primaries, others) = try split(cluster, by: "%7Baway%7D:0")
        try #require(primaries.count == 3)
        _ = try others[0].call("DPUT", "{away}:before", "", "1", "W", "ALL")
        let seen = try others[0].call("DPUT", "{away}:siblings", "", "one", "W", "ALL").bytes ?? []
        for node in primaries { node.kill() }
        for (index, node) in others.enumerated() {
            let other = others[1 - index]
            let key = "{away}:\(index)"
            try wait(for: "the loss to be noticed") { try node.call("SET", key, "value") == .ok }
            #expect(try other.call("GET", key).text == "value")
            #expect(try other.call("INCR", "{away}:count").isError("NOQUORUM") == (index == 0))
            #expect(try other.call("SET", "{away}:count", "\(index)") == .ok)
            #expect(try node.call("INCR", "{away}:count").integer == Int64(index + 1))
            // Nobody says of what only the dead know that it is not there.
            #expect(try node.call("GET", "{away}:before").isError("NOQUORUM"))
            #expect(try node.call("DEL", key).isError("NOQUORUM"))
            #expect(try node.metric("martlet_stand_ins_total") > 0)
        }
        let put = ["DPUT", "{away}:siblings"].map { Array($0.utf8) }
        let context = try others[0].call(put + [seen, Array("two".utf8)]).bytes
        #expect(try others[1].call("DGET", "{away}:siblings").items?.first?.bytes == context)
        for node in primaries { try node.start() }
        try wait(for: "all hints to be handed over", within: .seconds(60)) {
            try hints(in: cluster) == 0
        }
        let expected = [
            "before": "1", "0": "value", "1": "value", "count": "2", "siblings": "two",
        ]
        for (name, value) in expected.sorted(by: { $0.key < $1.key }) {
            let report = try cluster[0].get(Self.explain("%7Baway%7D:\(name)")).body
            #expect(report.contains(#""agree":true"#), "\(report)")
            #expect(try primaries[0].call("GET", "{away}:\(name)").text == value)
        }
    }

    @Test func `a write that cannot succeed is refused at once, and is not made`() throws {
        let cluster = try Cluster(nodes: 3, ["request-timeout-ms": "30000"])
        #expect(try cluster[0].call("SET", "k", "before") == .ok)
        for node in cluster.nodes[1...] { node.kill() }
        try wait(for: "the node to notice") {
            try cluster[0].call("SET", "k", "after").isError("NOQUORUM")
        }
        let took = try measure { _ = try cluster[0].call("SET", "k", "after") }
        #expect(took < .seconds(10))
        let answer = try cluster[0].call("DGET", "k", "R", "1")
        #expect(answer.items?.last?.items?.map(\.text) == ["before"])
    }
}
