internal import Causality
internal import Essentials
internal import Membership
internal import Placement
internal import Wire

/// Who holds what, as this shard knows it, and who can be reached right now.
struct Routing: Sendable {
    let node: NodeNumber
    private(set) var epoch: UInt64 = 0
    /// The epoch that last changed who holds what, or what is held at all. Requests made under an
    /// earlier one are refused, and so are later ones by a node that has not adopted it yet.
    private(set) var fence: UInt64 = 0
    private(set) var flushStamp: Timestamp = .zero
    private(set) var table: PlacementTable?
    /// Ascending.
    private(set) var members: [NodeNumber] = []
    /// By node number: whether a connection to it is open.
    private var isLinked: [Bool] = []
    /// By node number: what the failure detector says; alive where it has said nothing.
    private var verdicts: [Liveness] = []

    init(node: NodeNumber) { self.node = node }

    mutating func adopt(_ topology: Topology) {
        let stamp = Timestamp(rawValue: topology.flushStamp)
        if topology.placement != table || stamp > flushStamp { fence = topology.epoch }
        epoch = topology.epoch
        flushStamp = stamp
        table = topology.placement
        members = topology.members.map(\.number)
    }

    /// Whether there is no other member.
    var isAlone: Bool { members.count < 2 }

    func accepts(_ header: PeerFrameHeader) -> Bool {
        header.epoch >= fence && epoch >= header.fence
    }

    mutating func setReachable(_ node: NodeNumber, _ isUp: Bool) {
        let index = Int(node.rawValue)
        while isLinked.count <= index { isLinked.append(false) }
        isLinked[index] = isUp
    }

    mutating func judge(_ node: NodeNumber, _ liveness: Liveness) {
        let index = Int(node.rawValue)
        while verdicts.count <= index { verdicts.append(.alive) }
        verdicts[index] = liveness
    }

    func liveness(of node: NodeNumber) -> Liveness {
        let index = Int(node.rawValue)
        return index < verdicts.count ? verdicts[index] : .alive
    }

    /// Whether a message to the node may be answered: the connection is open, and it is not dead.
    func canReach(_ node: NodeNumber) -> Bool {
        let index = Int(node.rawValue)
        return index < isLinked.count && isLinked[index] && liveness(of: node) != .dead
    }

    /// Whether the node should be asked only when the others do not suffice.
    func isSuspect(_ node: NodeNumber) -> Bool { liveness(of: node) == .suspect }
}
