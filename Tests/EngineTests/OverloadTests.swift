import Commands
import Testing
import Wire

@testable import Engine
@testable import Simulator

/// Bounds on what one shard has under way.
@Suite struct OverloadTests {
    /// A cluster whose node A has as many requests under way as it may, all of them hanging.
    private func loaded() throws -> Cluster {
        var options = Cluster.Options()
        options.inFlightMax = 1000
        let cluster = try Cluster(options)
        for other in 2...3 {
            cluster.network.rules[Network.Way(from: 1, to: other)] = .lose
        }
        _ = cluster.ask("SET k v", at: 2)
        for _ in 0..<options.inFlightMax { cluster.submit("GET k", at: 1) }
        cluster.settle()
        return cluster
    }

    @Test func `past the bound requests are turned away, and a write is not made`() throws {
        let cluster = try loaded()
        let text = "OVERLOADED 1000 requests are under way on this shard"
        #expect(cluster.ask("GET k", at: 1) == .error(text))
        #expect(cluster.ask("SET k w", at: 1) == .error(text))
        let one = ConsistencyOverride(exactly: Consistency(r: 1, w: 1, timeoutMs: 1))
        #expect(cluster.ask("GET k", at: 1, one) == .bulk("v"))
        cluster.wait(ms: 1100)
        #expect(cluster.clients.openCount == 0)
        #expect(cluster[1].process?.shards[0].plane.inFlightCount == 0)
        #expect(cluster.violations == [])
    }

    @Test func `large values do not pile up for a replica that stands still`() throws {
        var options = Cluster.Options()
        options.cacheBytesMax = 64 << 20
        let cluster = try Cluster(options)
        for other in 1...2 { cluster.network.rules[Network.Way(from: other, to: 3)] = .lose }
        let value = String(repeating: "v", count: 8 << 20)
        for index in 0..<40 {
            #expect(cluster.ask("SET k\(index) \(value)", at: 1 + index % 2) == .simple("OK"))
        }
        for node in 1...2 {
            let bytes = try #require(cluster[node].process?.shards[0].plane.writeBytes)
            #expect(bytes <= 128 << 20)
        }
        cluster.wait(ms: 2000)
        #expect(cluster[1].process?.shards[0].plane.writeBytes == 0)
        #expect(cluster.violations == [])
    }
}
