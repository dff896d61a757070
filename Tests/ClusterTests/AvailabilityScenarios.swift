import Foundation
import Histories
import Testing
import Wire

extension ClusterScenarios {
    /// Three nodes, n = 3: what clients notice of nodes that are dead, and of nodes that stand
    /// still, which closes no connection.
    @Suite struct AvailabilityScenarios {}
}

/// What happens to a node.
private enum Loss: CaseIterable, CustomTestStringConvertible {
    case killed, stopped

    var testDescription: String { self == .killed ? "kill -9" : "SIGSTOP" }

    func happen(to node: Server) {
        switch self {
        case .killed: node.kill()
        case .stopped: node.pause()
        }
    }

    func end(of node: Server) throws {
        switch self {
        case .killed: try node.start()
        case .stopped: node.resume()
        }
    }
}

extension ClusterScenarios.AvailabilityScenarios {
    /// After so long nobody notices any more that a node is gone.
    private static let settledNs: Int64 = 2_000_000_000
    /// Far above what a request takes on a machine that does other things too, far below every
    /// time-out.
    private static let promptly = Duration.milliseconds(500)

    @Test(arguments: Loss.allCases)
    private func `without one of three nodes every request succeeds, and soon as fast as ever`(
        _ loss: Loss
    ) throws {
        let cluster = try Cluster(nodes: 3)
        let load = Load(
            on: [cluster[0], cluster[1]], Load.Plan(clients: 4, seed: 800, removes: true))
        try load.waitFor(more: 300)
        loss.happen(to: cluster[2])
        let lostNs = LoadWorker.nowNs
        try wait(for: "some time without the node") {
            LoadWorker.nowNs > lostNs + 2 * Self.settledNs
        }
        let record = load.stop()
        let endNs = LoadWorker.nowNs
        try loss.end(of: cluster[2])
        #expect(record.troubles.isEmpty, "\(record.troubles.prefix(3))")
        let settled = record.history.latencies(from: lostNs + Self.settledNs, until: endNs).sorted()
        try #require(settled.count > 100)
        #expect(settled[settled.count * 99 / 100] < Self.promptly)
        #expect(try cluster.defects(in: record, load.plan, .monotonic, after: .reads) == [])
    }

    @Test(arguments: Loss.allCases)
    private func `without two of three, r = w = 1 goes on and r = w = 2 is refused at once`(
        _ loss: Loss
    ) throws {
        let cluster = try Cluster(nodes: 3)
        #expect(try cluster[0].call("SET", "key", "1") == .ok)
        for node in cluster.nodes[1...] { loss.happen(to: node) }
        for words in [["SET", "key", "2"], ["GET", "key"], ["INCR", "count"]] {
            // At first it may take a time-out: who stands still has to be found out.
            try wait(for: "\(words[0]) to be refused at once") {
                var reply = Reply.null
                let duration = try measure {
                    reply = try cluster[0].call(words.map { Array($0.utf8) })
                }
                guard reply.isError("NOQUORUM") else { throw Failure("\(words) got \(reply)") }
                return duration < Self.promptly
            }
        }
        let modest = try cluster[0].connect()
        #expect(try !modest.call("CONSISTENCY", "R", "1", "W", "1").isError)
        for index in 0..<20 {
            let duration = try measure { () throws in
                #expect(try modest.call("SET", "key \(index)", "alone") == .ok)
                #expect(try modest.call("GET", "key \(index)") == .bulk("alone"))
            }
            #expect(duration < Self.promptly)
        }
        for node in cluster.nodes[1...] { try loss.end(of: node) }
        try cluster.waitUntilReady()
        for node in cluster.nodes {
            #expect(try node.call("DGET", "key 7", "R", "ALL").siblings?.values == ["alone"])
        }
    }
}
