import Testing
import Wire

extension ClusterScenarios {
    /// More than a node can do, and a peer that does nothing: clients hear of it or go on, and
    /// nobody's memory grows with what was asked.
    @Suite struct OverloadScenarios {}
}

extension ClusterScenarios.OverloadScenarios {
    @Test func `a shard that is behind says OVERLOADED, and serves again when it is not`() throws {
        let node = try Server.alone(["shards": "1", "overload-delay-ms": "1"])
        #expect(try node.call("SETRANGE", "bits", "99999", "x") == .integer(100_000))
        let bits = try node.call("BITCOUNT", "bits")
        let client = try node.connect()
        // Twice as many each time, until they take the loop longer than the second that it may be
        // behind, on a machine of any speed.
        var count = 2000
        try wait(for: "the shard to refuse", within: .seconds(120)) {
            let replies = try client.pipeline(
                Array(repeating: ["BITCOUNT", "bits"], count: count))
            count *= 2
            let refused = replies.filter { $0 != bits }
            #expect(refused.allSatisfy { $0.isError("OVERLOADED") })
            return !refused.isEmpty
        }
        try wait(for: "the shard to have caught up") { try node.call("GET", "none") == .null }
        #expect(try node.metric("martlet_overloads_total") > 0)
    }

    /// Bytes of each value; some hundred of them fill all queues that the nodes have.
    private static let valueSize = 64 << 10
    /// Values written while the peer stands still: 160 MiB.
    private static let valueCount = 2560
    /// `memory` is full before the pause. What may come to it: `peer-queue-max`, the hints in
    /// memory (8 MiB), what was sent in the second until the peer is known to be silent, and what
    /// the allocator makes of that.
    private static let growthMax = 80 << 20

    @Test func `while a node stands still, memory stays bounded and clients go on`() throws {
        let cluster = try Cluster(
            nodes: 3,
            [
                "shards": "1", "memory": "64mb", "peer-queue-max": "16mb",
                "request-timeout-ms": "1000",
            ])
        let others = cluster.nodes.dropLast()
        _ = try write(2048, to: others.map(\.port), "before")
        let before = others.map { $0.process?.residentBytes ?? 0 }

        cluster[2].pause()
        defer { cluster[2].resume() }
        let replies = try write(Self.valueCount, to: others.map(\.port), "during")
        for (node, before) in zip(others, before) {
            let growth = (node.process?.residentBytes ?? 0) - before
            #expect(growth < Self.growthMax, "\(node.name) has grown by \(growth >> 20) MiB")
        }
        let refused = replies.filter { $0 != .ok }
        #expect(refused.allSatisfy { $0.isError("OVERLOADED") || $0.isError("NOQUORUM") })
        // All but what was under way until the silence was noticed.
        #expect(replies.count - refused.count > Self.valueCount / 2)
        for node in others { #expect(try node.call("SET", "after", "1") == .ok) }
    }

    /// Writes so many values through all of the nodes, eight at a time.
    private func write(_ count: Int, to ports: [UInt16], _ prefix: String) throws -> [Reply] {
        let value = [UInt8](repeating: 0x76, count: Self.valueSize)
        let parts = try concurrently(8) { part in
            let client = try RedisConnection(port: ports[part % ports.count])
            return try (0..<count / 8).map { index in
                let key = Array("\(prefix):\(part):\(index)".utf8)
                return try client.call([Array("SET".utf8), key, value])
            }
        }
        return parts.flatMap { $0 }
    }
}
