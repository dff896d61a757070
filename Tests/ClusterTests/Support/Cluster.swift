import Foundation
import Wire

/// Some nodes that have joined into one cluster. The first founded it.
final class Cluster {
    private let settings: [String: String]
    private let network: (any FaultyNetwork)?
    private(set) var nodes: [Server] = []

    /// Starts nodes of these settings and waits until all see all.
    ///
    /// - Parameter network: where they live; nil: on the loopback interface.
    init(
        nodes count: Int, _ settings: [String: String] = [:],
        on network: (any FaultyNetwork)? = nil
    ) throws {
        self.settings = settings
        self.network = network
        for _ in 0..<count { try add() }
        try waitUntilReady()
    }

    subscript(_ index: Int) -> Server { nodes[index] }

    var ports: [UInt16] { nodes.map(\.port) }

    /// Starts one more node, that joins the others.
    @discardableResult
    func add(
        _ more: [String: String] = [:], prepare: (Server) throws -> Void = { _ in }
    ) throws -> Server {
        let server = try Server(
            "node \(nodes.count + 1)", settings: settings.merging(more) { $1 },
            at: network?.places[nodes.count] ?? .loopback())
        server.seeds = nodes.map(\.peerAddress)
        // Nobody looks for another node at the first one's address: it need not wait for that.
        if nodes.isEmpty, server.settings["found"] == nil { server.settings["found"] = "yes" }
        try prepare(server)
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
            Set(try running.map { try $0.info("epoch") }).count <= 1
        }
    }
}

extension Server {
    /// A cluster of one.
    static func alone(_ settings: [String: String] = [:]) throws -> Server {
        try Cluster(nodes: 1, settings)[0]
    }
}
