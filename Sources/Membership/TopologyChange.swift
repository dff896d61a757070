public import Essentials
public import Placement

/// What somebody wants changed in the topology.
public enum TopologyChange: Hashable, Sendable {
    /// A new node. For one that is a member already, nothing changes. It must not store anything:
    /// it looks before it proposes this, since the authority asks members only.
    case join(MemberDescription)
    /// A member listens elsewhere since its restart.
    case updateAddresses(UniqueID, MemberAddresses)
    /// All values with this hybrid timestamp or an earlier one are gone.
    case flush(stamp: UInt64)
    case leave(UniqueID)
    /// Members that are lost for good are members no more. None of them is asked about anything;
    /// what is no member (any more) is passed over.
    case forget([UniqueID])
    case weigh(UniqueID, weight: Int)
    /// Makes the keyspace with this prefix, or changes what is named of it; `default` takes back.
    case setKeyspace(prefix: [UInt8], Quorums)
    /// Without such a keyspace, nothing changes.
    case unsetKeyspace(prefix: [UInt8])

    /// Members that one change may forget: more than a cluster has voters.
    public static let forgottenMax = 64

    /// Whom this change gives up: they cannot be asked.
    var forgotten: [UniqueID] {
        if case .forget(let ids) = self { ids } else { [] }
    }
}

extension Topology {
    /// Whether vnodes move: not possible while they hold data, until data can be moved.
    public func movesVnodes(by change: TopologyChange) -> Bool {
        switch change {
        case .join, .leave, .weigh: true
        case .forget(let ids):
            placement.members.contains { number in
                member(number).map { ids.contains($0.id) } ?? false
            }
        case .updateAddresses, .flush, .setKeyspace, .unsetKeyspace: false
        }
    }
}

/// Why a change of the topology cannot be made.
public enum TopologyRefusal: Error, Hashable, Sendable, CustomStringConvertible {
    case clusterHoldsData(TopologyChange)
    case memberUnknown(UniqueID)
    case memberInvalid(String)
    case lastMemberCannotLeave
    case tooManyMembers(max: Int)
    /// Numbers are never reused, and all are used up.
    case numbersUsedUp
    case keyspaceInvalid(String)
    /// Of who wants a flush.
    case clockWrong

    public var description: String {
        switch self {
        case .clusterHoldsData(.join):
            "the cluster holds data: joining it is not supported until partitions can be moved"
        case .clusterHoldsData(.forget):
            "the cluster holds data, and who is to be forgotten replicates partitions: these would "
                + "have to be moved, which is not supported yet. Forgotten are members of an empty "
                + "cluster, and members that hold no partition"
        case .clusterHoldsData:
            "the cluster holds data: its members and weights cannot change "
                + "until partitions can be moved"
        case .memberUnknown(let id): "no member has the id \(id)"
        case .memberInvalid(let defect), .keyspaceInvalid(let defect): defect
        case .clockWrong: "the clock of the node that was asked is far ahead of the members'"
        case .lastMemberCannotLeave: "the only member cannot leave"
        case .tooManyMembers(let max): "the cluster has \(max) members, the most there can be"
        case .numbersUsedUp: "the cluster has given out all its node numbers"
        }
    }
}
