public import Essentials

/// Which nodes replicate each partition, and in which order: a flat table, as solved.
///
/// Lookups by place do not allocate: they are on every request's path.
///
/// Invariant: every partition has `replicaCount` different nodes.
public struct PlacementTable: Hashable, Sendable {
    /// Quorums keep the replicas of a key as the bits of one 16-bit word.
    public static let replicasMax = 16

    public let partitioning: Partitioning
    /// Replicas of every partition: n, or the number of nodes where there are fewer.
    public let replicaCount: Int
    /// `replicaCount` nodes for partition 0, then for partition 1, and so on.
    private let nodes: [NodeNumber]

    /// - Precondition: `nodes` is as the invariant says; tables from outside go through
    ///   `init(from:)`, which checks.
    public init(partitioning: Partitioning, replicaCount: Int, nodes: [NodeNumber]) {
        invariant((1...Self.replicasMax).contains(replicaCount), "\(replicaCount) replicas")
        invariant(nodes.count == partitioning.count * replicaCount, "table of \(nodes.count)")
        self.partitioning = partitioning
        self.replicaCount = replicaCount
        self.nodes = nodes
        invariant(Self.firstRepetition(in: nodes, replicaCount: replicaCount) == nil, "node twice")
    }

    /// Returns the offset of the first node that its partition has already, if there is one.
    private static func firstRepetition(in nodes: [NodeNumber], replicaCount: Int) -> Int? {
        nodes.indices.first { offset in
            let start = offset - offset % replicaCount
            return nodes[start..<offset].contains(nodes[offset])
        }
    }

    // MARK: Lookups

    /// The primaries of `partition`, the first place first.
    public func replicas(of partition: PartitionID) -> ArraySlice<NodeNumber> {
        let start = partition.index * replicaCount
        return nodes[start..<start + replicaCount]
    }

    /// - Precondition: `place < replicaCount`.
    public func replica(_ partition: PartitionID, _ place: Int) -> NodeNumber {
        nodes[partition.index * replicaCount + place]
    }

    public func place(of node: NodeNumber, in partition: PartitionID) -> Int? {
        let start = partition.index * replicaCount
        var place = 0
        while place < replicaCount {
            if nodes[start + place] == node { return place }
            place += 1
        }
        return nil
    }

    /// The first `count` fallbacks of `partition`: walking the ring clockwise, every node not yet
    /// met, in the order of its places. Fewer when there are no more nodes.
    public func fallbacks(of partition: PartitionID, count: Int) -> [NodeNumber] {
        guard count > 0 else { return [] }
        let primaries = replicas(of: partition)
        var found: [NodeNumber] = []
        let start = primaries.startIndex
        for step in replicaCount..<max(nodes.count, replicaCount) {
            let node = nodes[(start + step) % nodes.count]
            if primaries.contains(node) || found.contains(node) { continue }
            found.append(node)
            if found.count == count { break }
        }
        return found
    }

    /// Every node that has a vnode, ascending.
    public var members: [NodeNumber] {
        let numberMax = nodes.reduce(0) { max($0, Int($1.rawValue)) }
        var isPresent = [Bool](repeating: false, count: numberMax + 1)
        for node in nodes { isPresent[Int(node.rawValue)] = true }
        return isPresent.indices.lazy.filter { isPresent[$0] }
            .map { NodeNumber(rawValue: UInt16($0)) }
    }
}
