internal import Commands
internal import Engine
internal import Essentials
internal import Membership
internal import Wire

/// What other loops and threads tell a shard's loop.
enum ShardMessage: Sendable {
    /// A command on a key of this shard, from a session on another loop.
    case request(Request)
    /// The answer to a command of a session that lives on this loop.
    case reply(UInt64, Reply)
    /// A peer's message for a key of this shard, which came on another loop's connection at that
    /// time, by the monotonic clock.
    case peer(PeerMessage, from: NodeNumber, link: LinkID, PeerFrameHeader, arrivedNs: UInt64)
    /// An answer to be sent on a connection of this loop.
    case answer(LinkID, PeerMessage)
    case loaded(ObjectKey, token: UInt64, DataPlane.LoadResult)
    case hintsLoaded(token: UInt64, HintLoadResult)
    case hintsScanned(token: UInt64, HintScanResult)
    case durable(UInt64)
    /// A batch that had to wait is in RocksDB.
    case lateBatchWritten(UInt64)
    case topology(Topology)
    case writesHeld(Bool)
    case clockJudged(ClockJudgement)
    case peerJudged(NodeNumber, Liveness)
    /// For the loop that has the failure detector: a shard's requests to the node time out, or its
    /// connection to it broke.
    case peerTimedOut(NodeNumber)
    case peerLinkClosed(NodeNumber)
    case space(isLow: Bool)
    case expiryFound(ObjectKey)
    /// A control message to be sent on this loop's connection to a node.
    case control(NodeNumber, [UInt8])
    /// A control message, for the loop that has the control plane; nil: from a node that joins.
    case controlReceived([UInt8], from: NodeNumber?, link: LinkID)
    case heard(epoch: UInt64, from: NodeNumber)
    case call(@Sendable (isolated ShardHost) -> Void)
}
