internal import Engine
internal import Essentials
internal import Membership

/// What metrics are made of, as one shard's loop has it.
struct ShardReading: Sendable {
    let figures: ShardFigures
    let latencies: LatencyHistogram
    let areWritesHeld: Bool
    /// Bytes that wait on the connections of this loop to each other member, by number.
    let queuedBytes: [(node: NodeNumber, bytes: Int)]
    let acceptedPeers: Int
    /// Of the loop that has the failure detector.
    let detector: DetectorReport?

    init(_ shard: Shard) {
        figures = ShardFigures(shard)
        latencies = shard.latencies
        areWritesHeld = shard.dataPlane.areWritesHeld
        queuedBytes = shard.topology.members.lazy.map(\.number).filter { $0 != shard.number }
            .map { ($0, shard.peers.queuedBytes($0)) }
        acceptedPeers = shard.peers.acceptedCount
        detector = shard.control?.detector.report
    }
}
