internal import Engine
internal import Essentials
internal import Membership

/// What metrics are made of, as one shard's loop has it.
struct ShardReading: Sendable {
    let figures: ShardFigures
    let latencies: LatencyHistogram
    let areWritesHeld: Bool
    /// What waits for each other member, on the connections of this loop.
    let peerQueues: [PeerQueue]
    let acceptedPeers: Int
    /// Of the loop that has the failure detector.
    let detector: DetectorReport?
    /// The part of full speed that background work is held to.
    let pacerShare: Double
    /// Whether clients' new commands are refused.
    let isLoopBehind: Bool
    let isDiskBehind: Bool
    let hints: [HintFigures]

    init(_ shard: Shard) {
        figures = ShardFigures(shard)
        latencies = shard.latencies
        areWritesHeld = shard.dataPlane.areWritesHeld
        peerQueues = shard.peers.queues
        pacerShare = shard.dataPlane.pacer.share
        isLoopBehind = shard.dataPlane.admission.isLoopBehind
        isDiskBehind = shard.dataPlane.admission.isDiskBehind
        acceptedPeers = shard.peers.acceptedCount
        hints = shard.dataPlane.hintFigures
        detector = shard.control?.detector.report
    }
}
