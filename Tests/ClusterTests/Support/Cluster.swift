import Foundation
import Synchronization
import Testing
import Wire

/// Every scenario runs by itself: all are about time, and a machine may have two cores.
@Suite(.serialized, .compactMapIssues { issue in
    Cluster.hasIssue.withLock { $0 = true }
    return issue
})
enum ClusterScenarios {}

/// Some nodes that have joined into one cluster.
struct Cluster {
    /// Whether the scenario that runs has failed: then its logs are shown.
    static let hasIssue = Mutex(false)

    var nodes: [Server] = []

    subscript(_ index: Int) -> Server { nodes[index] }

    var ports: [UInt16] { nodes.map(\.port) }

    /// Starts one more node, that joins the others.
    @discardableResult
    mutating func add(_ settings: [String: String] = [:]) throws -> Server {
        let server = try Server("node \(nodes.count + 1)", settings: settings)
        server.seeds = nodes.map(\.peerPort)
        nodes.append(server)
        try server.start()
        return server
    }

    /// Keys of many slots: whoever answers for all of them knows all members.
    private static let probes = (0..<24).map { "probe:\($0)" }

    /// Waits until every node that runs reaches every replica, by reading only.
    func waitUntilReady() throws {
        let running = nodes.filter(\.isRunning)
        for node in running {
            try wait(for: "\(node.name) to reach all replicas") {
                try Self.probes.allSatisfy {
                    try !node.call("DGET", $0, "R", "ALL", "PR", "ALL", "TIMEOUT", "500").isError
                }
            }
        }
        try wait(for: "all nodes to see the same epoch") {
            Set(try running.map { try $0.info("epoch") }).count == 1
        }
    }

    func showLogs() { for node in nodes { print(node.logs) } }
}

/// Runs a scenario on a cluster of its own, and shows what the nodes logged if it fails.
func withCluster(
    nodes count: Int, _ settings: [String: String] = [:], _ scenario: (inout Cluster) throws -> Void
) throws {
    Cluster.hasIssue.withLock { $0 = false }
    var cluster = Cluster()
    do {
        for _ in 0..<count { try cluster.add(settings) }
        try cluster.waitUntilReady()
        try scenario(&cluster)
    } catch {
        cluster.showLogs()
        throw error
    }
    if Cluster.hasIssue.withLock({ $0 }) { cluster.showLogs() }
}

/// The same with a single node.
func withNode(
    _ settings: [String: String] = [:], _ scenario: (Server) throws -> Void
) throws {
    try withCluster(nodes: 1, settings) { try scenario($0[0]) }
}
