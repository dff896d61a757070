internal import Engine
internal import Essentials
internal import Membership

/// What admins do to the topology while everything else goes wrong, by mistake or not.
struct Administration {
    private let cluster: Cluster
    private var random: SeededRandom

    init(_ cluster: Cluster, _ random: inout SeededRandom) {
        self.cluster = cluster
        self.random = SeededRandom(seed: random.next())
    }

    /// A member takes clients elsewhere now, as so many admins say at once, each at another node
    /// and each another address.
    mutating func moveMember(rivals: Int) -> Bool {
        let admins = runningNodes.shuffled(using: &random).prefix(rivals)
        guard admins.count == rivals else { return false }
        let member = Int.random(in: 1...cluster.nodes.count, using: &random)
        for admin in admins {
            let id = cluster[member].description.id
            let drawn = drawAddresses()
            let addresses = MemberAddresses(
                peer: cluster[member].listens, client: drawn.client, admin: drawn.admin)
            cluster.propose(.updateAddresses(id, addresses), at: admin)
        }
        return true
    }

    /// Two members, or three, listen from now on where another of them did, and each says so.
    mutating func exchangeAddresses() -> Bool {
        let members = runningNodes.shuffled(using: &random)
            .prefix(Int.random(in: 2...3, using: &random))
        guard members.count > 1,
            let topology = cluster[members[0]].process?.control.topology
        else { return false }
        let described = members.compactMap { topology.member(id: cluster[$0].description.id) }
        guard described.count == members.count else { return false }
        for (place, member) in members.enumerated() {
            let other = described[(place + 1) % described.count]
            let id = cluster[member].description.id
            cluster.propose(.updateAddresses(id, other.description.addresses), at: member)
        }
        return true
    }

    /// Partitions would have to move, and they hold data: that has to be refused. Only records that
    /// a power failure leaves count, or a blackout could empty the cluster.
    mutating func tryToMovePartitions() -> Bool {
        guard cluster.nodes.contains(where: { $0.disk.hasDurableRecords }),
            let admin = runningNodes.randomElement(using: &random)
        else { return false }
        let member = Int.random(in: 1...cluster.nodes.count, using: &random)
        let id = cluster[member].description.id
        switch Int.random(in: 0..<3, using: &random) {
        case 0 where cluster.nodes.count > 1:
            cluster.propose(.leave(id), at: admin, mayBeMade: false)
        case 1: cluster.propose(.weigh(id, weight: 50), at: admin, mayBeMade: false)
        default:
            var newcomer = Cluster.description(cluster.drawPort())
            newcomer.addresses = drawAddresses()
            cluster.propose(.join(newcomer), at: admin, mayBeMade: false)
        }
        return true
    }

    /// A member's process is started on an empty disk, in the place of the one that has ended, and
    /// asks to be let in: under its old id, as after a restored configuration, or under a new one.
    /// An empty cluster would take it in.
    mutating func startWiped(_ node: Int) -> Bool {
        let others = runningNodes.filter { $0 != node }
        guard !others.isEmpty, let control = cluster[node].process?.control,
            cluster.nodes.contains(where: { $0.index != node && $0.disk.hasDurableRecords })
        else { return false }
        let isVoter = control.consensusStatus(now: cluster.now(node)).voters
            .contains(cluster[node].number)
        let member = control.topology?.members.first { $0.number == cluster[node].number }
        guard var description = member?.description else { return false }
        // A learner that has confirmed nothing is only asking again.
        if !isVoter || random.oneIn(2) { description = renamed(description) }
        cluster.crash(node, losesPower: false)
        for other in others.shuffled(using: &random).prefix(2) {
            cluster.join(node, at: other, as: description)
        }
        return true
    }

    /// Some nodes exchange their addresses, up to all of them; returns them.
    mutating func rotateNodes() -> [Int] {
        let all = movableNodes
        guard all.count > 1, areAllPlacesKnown else { return [] }
        let count = random.oneIn(3) ? all.count : min(all.count, random.oneIn(2) ? 2 : 3)
        let moved = Array(all.shuffled(using: &random).prefix(count))
        cluster.exchangeAddresses(of: moved)
        return moved
    }

    /// One node is found where another one was, and that one somewhere else. A third one is where
    /// it was: two that have both moved find each other only by `join`.
    mutating func takeAddress() -> [Int] {
        let all = movableNodes.shuffled(using: &random)
        guard all.count > 2, areAllPlacesKnown else { return [] }
        cluster.takeAddress(of: all[1], by: all[0], elsewhere: drawAddresses().peer)
        return Array(all.prefix(2))
    }

    /// Whether all know the places where somebody is, whoever it is. Of those that have moved
    /// elsewhere, and on before that was written down, somebody must be told by `join`.
    private var areAllPlacesKnown: Bool {
        let places = movableNodes.map { cluster[$0].listens }
        return cluster.nodes.allSatisfy { node in
            guard let members = node.disk.facts.topology?.members else { return true }
            return places.allSatisfy { place in members.contains { $0.peerAddress == place } }
        }
    }

    private var movableNodes: [Int] {
        cluster.nodes.filter { !$0.isRetired && !$0.isPaused && $0.disk.facts.topology != nil }
            .map(\.index)
    }

    private var runningNodes: [Int] {
        cluster.nodes.filter { $0.isRunning && !$0.isPaused }.map(\.index)
    }

    private mutating func renamed(_ description: MemberDescription) -> MemberDescription {
        MemberDescription(
            id: UniqueID(high: 0xB, low: random.next()), addresses: description.addresses,
            zone: description.zone, weight: description.weight)
    }

    private mutating func drawAddresses() -> MemberAddresses {
        let port = cluster.drawPort()
        return MemberAddresses(
            peer: "127.0.0.1:\(port)", client: "127.0.0.1:\(port + 1)",
            admin: "127.0.0.1:\(port + 2)")
    }
}
