public import Essentials

/// What a failure detector knows and has done, for operators.
public struct DetectorReport: Sendable, Equatable {
    public struct Peer: Sendable, Equatable {
        public var node: NodeNumber
        public var liveness: Liveness
        public var incarnation: UInt64

        public init(node: NodeNumber, liveness: Liveness, incarnation: UInt64) {
            self.node = node
            self.liveness = liveness
            self.incarnation = incarnation
        }
    }

    /// Counts since the start.
    public struct Counters: Sendable, Equatable {
        /// Messages of any kind that were sent.
        public var messages: UInt64 = 0
        public var probes: UInt64 = 0
        /// Probes that the member itself answered in time.
        public var acks: UInt64 = 0
        /// Probes that others were asked to help with, and those of them that reached the member.
        public var indirectProbes: UInt64 = 0
        public var indirectAcks: UInt64 = 0
        public var nacks: UInt64 = 0
        /// Members that this node was the first to suspect, as far as it knew.
        public var accusations: UInt64 = 0
        /// Members that were suspected here, whoever began.
        public var suspicions: UInt64 = 0
        public var deaths: UInt64 = 0
        /// Members that came back from the dead.
        public var returns: UInt64 = 0
        /// Suspicions of this node that it has refuted.
        public var refutations: UInt64 = 0
        /// Times that this node's loop stood still for longer than a period.
        public var pauses: UInt64 = 0
        /// Rumours about nodes that are no members here.
        public var strangers: UInt64 = 0

        public init() {}
    }

    /// By number; without the node itself.
    public var peers: [Peer]
    /// Of this node itself.
    public var incarnation: UInt64
    /// 0 is healthy, 8 the worst.
    public var healthScore: Int
    public var counters: Counters
}
