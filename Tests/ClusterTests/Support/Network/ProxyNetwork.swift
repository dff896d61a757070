import Foundation
import Synchronization

/// Nodes on the loopback interface that reach each other through a proxy of the tests: for where
/// there is no root.
///
/// Every node advertises the proxy's port for it, and the proxy tells by the process who dials.
final class ProxyNetwork: FaultyNetwork {
    let places: [Place]
    private let proxy: PeerProxy

    init(nodes: Int) throws {
        let loopback = (0..<nodes).map { _ in Place.loopback() }
        let proxy = try PeerProxy(targets: loopback.map(\.peer.port))
        places = loopback.enumerated().map { index, place in
            var place = place
            place.advertisedPeer = Endpoint(port: proxy.ports[index])
            place.started = { proxy.note(process: $0, of: index) }
            return place
        }
        self.proxy = proxy
    }

    deinit { proxy.stop() }

    func apply(_ faults: NetworkFaults) { proxy.apply(faults) }
}
