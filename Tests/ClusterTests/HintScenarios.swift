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
