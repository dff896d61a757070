internal import Membership
internal import Synchronization

/// Topologies of clusters that were joined while they were empty. Solving placements takes longer
/// than most tests, so each is made once.
final class TopologyStore: Sendable {
    static let shared = TopologyStore()

    private let made = Mutex<[[Int]: Topology]>([:])

    func topology(_ options: Cluster.Options) throws -> Topology {
        let shape = [options.nodes, options.n, options.partitions, options.zones]
        if let known = made.withLock({ $0[shape] }) { return known }
        var topology = Topology.founded(
            by: Cluster.description(1, zones: options.zones), clusterID: Cluster.clusterID,
            n: options.n,
            partitions: options.partitions)
        for index in 2..<max(2, options.nodes + 1) {
            let change = TopologyChange.join(Cluster.description(index, zones: options.zones))
            topology = try topology.applying(change, clusterIsEmpty: true)
        }
        made.withLock { [topology] in $0[shape] = topology }
        return topology
    }
}
