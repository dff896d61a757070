internal import Essentials
internal import Membership
internal import Placement
internal import Platform

/// The cluster as Redis Cluster's clients want to see it: masters with ranges of slots, and their
/// replicas.
///
/// Every replica of a partition takes every command, so which one is called the master is a matter
/// of routing only: the first place that this node can reach. So clients that ask again after an
/// error are sent to nodes that are up.
struct ClusterView {
    struct Node {
        let number: NodeNumber
        /// 40 hexadecimal digits.
        let id: String
        let host: String
        let port: UInt16
        let peerPort: UInt16
        let isOwn: Bool
        let isReachable: Bool
    }

    /// Neighbouring slots with the same replicas in the same order.
    struct Range {
        var slots: ClosedRange<UInt16>
        /// Indices in `nodes`: the one that is called the master first.
        let replicas: [Int]
    }

    let epoch: UInt64
    /// Every member, by number.
    let nodes: [Node]
    let ranges: [Range]

    /// - Parameter ownHost: where this node was reached, for when it listens everywhere and says
    ///   nowhere.
    init(
        _ topology: Topology, own: NodeNumber, ownHost: String,
        isReachable: (NodeNumber) -> Bool
    ) {
        epoch = topology.epoch
        nodes = topology.members.map { member in
            let isOwn = member.number == own
            let address = SocketAddress(member.clientAddress)
            let host = address?.host ?? ""
            let isAnywhere = host.isEmpty || host == "0.0.0.0" || host == "::"
            return Node(
                number: member.number, id: Self.clientID(of: member.id),
                host: isOwn && isAnywhere ? ownHost : host, port: address?.port ?? 0,
                peerPort: SocketAddress(member.peerAddress)?.port ?? 0, isOwn: isOwn,
                isReachable: isOwn || isReachable(member.number))
        }
        ranges = Self.ranges(topology, nodes)
    }

    /// The identifier under which clients know a node: they expect 40 hexadecimal digits, so the 32
    /// of its own are followed by the first 8 of them again.
    static func clientID(of id: UniqueID) -> String {
        let digits = id.description
        return digits + digits.prefix(8)
    }

    private static func ranges(_ topology: Topology, _ nodes: [Node]) -> [Range] {
        var ranges: [Range] = []
        for partition in topology.partitioning.all {
            let places = topology.placement.replicas(of: partition)
                .compactMap { topology.index(of: $0) }
            let replicas =
                places.filter { nodes[$0].isReachable }
                + places.filter { !nodes[$0].isReachable }
            let slots = topology.partitioning.slots(of: partition)
            if let last = ranges.last, last.replicas == replicas {
                ranges[ranges.count - 1].slots = last.slots.lowerBound...slots.upperBound
            } else {
                ranges.append(Range(slots: slots, replicas: replicas))
            }
        }
        return ranges
    }

    /// The node that a node without slots of its own is called the replica of: the master of the
    /// first slots that it holds, too. Nil for masters, and for nodes that hold nothing.
    func master(of node: Int) -> Int? {
        guard !ranges.contains(where: { $0.replicas.first == node }) else { return nil }
        return ranges.first { $0.replicas.contains(node) }?.replicas.first
    }
}
