import TestSupport

/// Where a socket connects to: an address, as it is seen in one network namespace.
struct Endpoint: Sendable {
    var host = "127.0.0.1"
    let port: UInt16
    /// Nil: that of the tests.
    var namespace: NetworkNamespace?

    /// As it stands in settings and in what nodes tell.
    var text: String { "\(host):\(port)" }
}

/// Where one node lives: the addresses that it listens at, and how its process gets there.
struct Place: Sendable {
    var client: Endpoint
    var peer: Endpoint
    var admin: Endpoint
    /// What the other nodes are told, where that is not where it listens.
    var advertisedPeer: Endpoint?
    /// Words to start the program with: another program that does something first.
    var launcher: [String] = []
    /// Told the process of each start.
    var started: @Sendable (Int32) -> Void = { _ in }

    /// On the loopback interface, at ports that nobody uses.
    static func loopback() -> Place {
        let ports = Ports.take(3).map { Endpoint(port: $0) }
        return Place(client: ports[0], peer: ports[1], admin: ports[2])
    }
}
