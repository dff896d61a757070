internal import Engine
internal import Essentials
internal import Membership
internal import Platform

extension LoadReport {
    init(_ readings: [ShardReading], _ services: NodeServices) {
        self.init()
        let total = ShardFigures.sum(readings.map(\.figures))
        refusals = total.overloadRefusals
        lateDrops = total.engine.lateDrops
        clientBufferBytes = services.clients.bufferedBytes
        shards = readings.enumerated().map { index, reading in
            var shard = Shard()
            shard.requestsInFlight = reading.figures.inFlight
            shard.writeBytesInFlight = reading.figures.writeBytes
            shard.requestsParked = reading.figures.parked
            shard.mailboxMessages = services.mailboxes[index].count
            shard.isBehind = reading.isLoopBehind || reading.isDiskBehind
            shard.backgroundShare = reading.pacerShare
            return shard
        }
        let nodes = Set(readings.flatMap { $0.peerQueues.map(\.node) }).sorted()
        peers = nodes.map { node in
            let queue = PeerQueue.sum(readings, of: node)
            return Peer(
                node: Int(node.rawValue), queuedBytes: queue.bytes,
                requestsOutstanding: queue.requests, requestsRefused: queue.refusedCount,
                isLagging: queue.isLagging)
        }
    }
}

extension ShardFigures {
    /// Requests refused by the node, by cause.
    var overloadRefusals: [(cause: String, count: UInt64)] {
        let delays = engine.delayRefusals + engine.diskRefusals
        return [
            ("loop", engine.delayRefusals), ("disk", engine.diskRefusals),
            ("in_flight", engine.overloads - min(engine.overloads, delays)),
            ("mailbox", mailboxRefusals),
        ]
    }
}

extension PeerQueue {
    /// What all loops together have for a member.
    static func sum(_ readings: [ShardReading], of node: NodeNumber) -> PeerQueue {
        let none = PeerQueue(node: node, bytes: 0, requests: 0, refusedCount: 0, isLagging: false)
        return readings.lazy.flatMap(\.peerQueues).filter { $0.node == node }
            .reduce(into: none) { $0.add($1) }
    }
}
