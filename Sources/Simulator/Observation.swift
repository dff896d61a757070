internal import Engine
internal import Membership
internal import Objects
internal import Placement
internal import Wire

/// What checkers are told of, when it happens.
enum Observation {
    /// A client has sent the request with this number, or has been answered.
    case submitted(UInt64)
    case answered(UInt64, Reply)
    /// It will never be answered: its node has ended.
    case lost(UInt64)
    /// A node's engine has decided to store this; it is in no batch yet.
    case stored(node: Int, ObjectKey, Object)
    /// A node's disk has lost the newest state of a key: with unsynced writes, or to corruption.
    case damaged(node: Int, ObjectKey, Damage.Cause)
    /// A node has given up the hints of a partition, past a bound.
    case hintsEvicted(node: Int, PartitionID)
    /// Somebody wants a change of the topology; one that may not be made has to be refused.
    case proposed(ProposalID, TopologyChange, mayBeMade: Bool)
    case decided(ProposalID, isMade: Bool)
    /// A node is going to serve by this topology.
    case followed(node: Int, Topology)
    /// What a node made of a request that came from beyond a fence.
    case fenced(node: Int, PeerMessage, [DataPlane.Effect])
    /// A node has just done what a trap was waiting for.
    case trapped(node: Int, Node.Trap, target: Int?)
    /// A node that is no primary of the key takes part in what happens to it; nil for some key.
    case usedFallback(ObjectKey?)
    /// A process that stood still goes on.
    case resumed(node: Int)
    case started(node: Int)
    /// A data plane takes itself for one that has forgotten some of its dots.
    case doubted(node: Int)
    case ended(node: Int)
    /// A tenth of a second has passed.
    case sampled
    /// Everything is healed, all are answered, and no hint waits any more; nothing was read yet.
    case drained
    /// Everything is healed and has settled: what must hold in the end holds now.
    case healed
    /// The same, after a flush and changes of the members.
    case changed
}
