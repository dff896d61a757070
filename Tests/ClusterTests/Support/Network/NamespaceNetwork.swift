import Foundation

/// Nodes in network namespaces, each with an address of its own, on one bridge; faults are
/// nftables' rules on what a node receives.
///
///     tests ── 198.18.0.254 bridge ┬─ 198.18.0.1 node 0
///              (a namespace, too)  ├─ 198.18.0.2 node 1
///                                  └─ …
///
/// The addresses are of the range for benchmarks of networks (RFC 2544), but nobody outside sees
/// them anyway: the tests' sockets are made in the bridge's namespace.
final class NamespaceNetwork: FaultyNetwork {
    /// It needs to be root, with the right to make namespaces, and iproute2 and nftables.
    static let isPossible: Bool = {
        guard geteuid() == 0,
            ["unshare", "nsenter", "ip", "nft"].allSatisfy({ Run.find($0) != nil })
        else { return false }
        let script = "ip link add probe type bridge && nft add table inet probe"
        return (try? Run("unshare", ["--net", "sh", "-c", script]))?.isSuccess ?? false
    }()

    private static let ports: (client: UInt16, peer: UInt16, admin: UInt16) = (7379, 7380, 7381)

    let places: [Place]
    private let namespaces: [NetworkNamespace]
    private let bridge: NetworkNamespace

    init(nodes: Int) throws {
        let bridge = try NetworkNamespace()
        let namespaces = try (0..<nodes).map { _ in try NetworkNamespace() }
        (self.bridge, self.namespaces) = (bridge, namespaces)
        for namespace in [bridge] + namespaces { try namespace.waitUntilReady() }
        let links = namespaces.indices.map { index in
            """
            ip link add node\(index) type veth peer name eth0 netns \(namespaces[index].pid)
            ip link set node\(index) master bridge up
            """
        }
        try bridge.run(
            """
            ip link set lo up
            ip link add bridge type bridge
            ip address add 198.18.0.254/24 dev bridge
            ip link set bridge up
            """ + "\n" + links.joined(separator: "\n"))
        for (index, namespace) in namespaces.enumerated() {
            try namespace.run(
                """
                ip link set lo up
                ip address add \(Self.host(index))/24 dev eth0
                ip link set eth0 up
                """)
        }
        places = namespaces.indices.map { index in
            func endpoint(_ port: UInt16) -> Endpoint {
                Endpoint(host: Self.host(index), port: port, namespace: bridge)
            }
            return Place(
                client: endpoint(Self.ports.client), peer: endpoint(Self.ports.peer),
                admin: endpoint(Self.ports.admin), launcher: namespaces[index].launcher)
        }
    }

    private static func host(_ index: Int) -> String { "198.18.0.\(index + 1)" }

    func apply(_ faults: NetworkFaults) throws {
        for (index, namespace) in namespaces.enumerated() {
            try namespace.run("nft -f - <<'END'\n\(Self.rules(of: index, faults))\nEND")
        }
    }

    /// One load of all rules: there is no moment without those that stay.
    private static func rules(of node: Int, _ faults: NetworkFaults) -> String {
        func sources(_ ways: Set<NetworkFaults.Way>) -> [String] {
            ways.filter { $0.to == node }.map { host($0.from) }.sorted()
        }
        var rules = sources(faults.cuts).map { "ip saddr \($0) drop" }
        rules += sources(faults.resets).flatMap {
            [
                "ip saddr \($0) tcp flags rst accept",
                "ip saddr \($0) meta l4proto tcp reject with tcp reset",
            ]
        }
        if faults.lossPercent > 0 {
            rules.append(
                "ip saddr != 198.18.0.254 numgen random mod 100 < \(faults.lossPercent) drop")
        }
        return """
            flush ruleset
            table inet faults {
                chain input {
                    type filter hook input priority 0; policy accept;
                    \(rules.joined(separator: "\n        "))
                }
            }
            """
    }
}
