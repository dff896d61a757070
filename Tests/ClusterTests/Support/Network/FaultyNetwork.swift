import Foundation

/// The network between the nodes of a cluster, and what a scenario does to it.
protocol FaultyNetwork: AnyObject {
    /// Where the nodes live, by their numbers.
    var places: [Place] { get }

    /// Takes the place of all faults before, for packets that are sent from now on.
    func apply(_ faults: NetworkFaults) throws
}

extension FaultyNetwork {
    func heal() throws { try apply(NetworkFaults()) }
}

enum Network {
    /// `namespaces` or `proxy`: which kind of network the scenarios use. Without it the first where
    /// it is possible.
    private static let variable = "MARTLET_TEST_NETWORK"

    private static let usesNamespaces: Bool = {
        let wish = ProcessInfo.processInfo.environment[variable]
        let uses = wish.map { $0 == "namespaces" } ?? NamespaceNetwork.isPossible
        print(
            uses
                ? "Network faults: in network namespaces, by nftables."
                : "Network faults: by a TCP proxy between the nodes, for network namespaces and"
                    + " nftables need root.")
        return uses
    }()

    static func make(nodes: Int) throws -> any FaultyNetwork {
        usesNamespaces ? try NamespaceNetwork(nodes: nodes) : try ProxyNetwork(nodes: nodes)
    }
}
