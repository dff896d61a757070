public import Essentials

/// What it means to go on without some members: what the admin port answers to `/v1/forget` and
/// `/v1/recover`, before that is done and when it is.
public struct RemovalReport: Sendable {
    public struct Node: Sendable {
        public var number: Int
        public var id: String
        public var peerAddress: String
        /// Partitions that it replicates.
        public var vnodes: Int

        public init(number: Int, id: String, peerAddress: String, vnodes: Int) {
            self.number = number
            self.id = id
            self.peerAddress = peerAddress
            self.vnodes = vnodes
        }
    }

    /// In the order of their numbers.
    public var nodes: [Node]
    /// Of the topology that is in force.
    public var epoch: UInt64
    public var isMade: Bool
    /// What is in the way, as far as the asked node can tell; nil when nothing is.
    public var obstacle: String?
    /// What it costs, in sentences.
    public var consequences: [String]

    public init(
        nodes: [Node], epoch: UInt64, isMade: Bool, obstacle: String?, consequences: [String]
    ) {
        self.nodes = nodes
        self.epoch = epoch
        self.isMade = isMade
        self.obstacle = obstacle
        self.consequences = consequences
    }

    /// Scripted against: names may be added, never changed.
    ///
    ///     {"nodes": [{"number", "id", "peer_address", "vnodes"}], "epoch", "made", "obstacle",
    ///      "consequences": [text]}
    public var json: JSON {
        [
            "nodes": .array(
                nodes.map { node in
                    [
                        "number": .integer(node.number), "id": .string(node.id),
                        "peer_address": .string(node.peerAddress),
                        "vnodes": .integer(node.vnodes),
                    ]
                }),
            "epoch": .exact(epoch),
            "made": .bool(isMade),
            "obstacle": obstacle.map { .string($0) } ?? .null,
            "consequences": .array(consequences.map { .string($0) }),
        ]
    }
}
