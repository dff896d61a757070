internal import Engine
internal import Essentials
internal import Membership
internal import Placement
internal import Platform
internal import Synchronization

/// What the admin port is told about this node.
final class NodeAdmin: AdminBackend {
    private let services: NodeServices

    init(_ services: NodeServices, topology: Topology) { self.services = services }

    var unreadiness: String? { nil }

    func status() throws(AdminError) -> StatusReport { throw .unavailable("not wired up") }
    func ring() throws(AdminError) -> RingReport { throw .unavailable("not wired up") }
    func explain(key: [UInt8]) throws(AdminError) -> KeyReport {
        throw .unavailable("not wired up")
    }
    func metrics() throws(AdminError) -> [Metric] { [] }
}
