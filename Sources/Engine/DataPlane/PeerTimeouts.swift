internal import Essentials
internal import Placement
internal import Replication

/// When each peer was last reported for letting a request time out.
///
/// The failure detector needs to know that it happens, not how often: a node that stands still
/// times out as many requests as it was sent.
struct PeerTimeouts: Sendable {
    /// Between two reports of one peer by one shard. The detector counts several in its window, so
    /// this is a small part of that.
    static let pauseNs: UInt64 = 100_000_000

    /// By node number; 0 for never.
    private var reportedNs: [UInt64] = []

    /// Returns whether a time-out of `node` is to be reported now.
    mutating func note(_ node: NodeNumber, nowNs: UInt64) -> Bool {
        let index = Int(node.rawValue)
        while reportedNs.count <= index { reportedNs.append(0) }
        let last = reportedNs[index]
        guard last == 0 || nowNs >= last + Self.pauseNs else { return false }
        reportedNs[index] = nowNs
        return true
    }
}

extension DataPlane {
    /// `node` has not answered a request in its time.
    mutating func noteTimeout(of node: NodeNumber, now: Now, into effects: inout [Effect]) {
        guard timeouts.note(node, nowNs: now.monotonicNs) else { return }
        effects.append(.peerTimedOut(node))
    }

    /// The replicas at the places that `isPending` have not answered in their time.
    mutating func noteTimeouts(
        in partition: PartitionID, now: Now, into effects: inout [Effect],
        isPending: (Int) -> Bool
    ) {
        guard let table = routing.table else { return }
        for place in 0..<PlaceSet.placesMax where isPending(place) {
            let node = table.node(at: place, of: partition)
            if node != routing.node { noteTimeout(of: node, now: now, into: &effects) }
        }
    }
}
