internal import Consensus
internal import Engine
internal import Essentials
internal import Membership

/// What happens in runs about agreement: members come and go, admins are each other's rivals, and
/// whoever has just voted, led or confirmed is likely to end at that moment.
final class Storm {
    /// How long the healed cluster may take for one change, in ms. What was asked for in the storm
    /// comes first, and each of that waits 2 s for a newcomer that does not know that it is in.
    static let changeMsMax: UInt64 = 60_000
    /// Who has heard no answer asks again after so long.
    static let askAgainMs: UInt64 = 1000
    /// The longest that a fault lasts, in ms: a few elections.
    private static let faultMsMax = 500
    private static let restartMsMax = 20

    let scene: Scene
    private let plan: StormPlan
    let faults: FaultMaker
    var random: SeededRandom
    private var aimed = Tally()
    /// Ways that are blocked, and until when.
    var blocks = Schedule<Network.Way>()
    /// Nodes with a slow disk, and until when.
    var slowed = Schedule<Int>()
    var joinsLeft: Int
    /// The node that has asked to be let in.
    var newcomer: Int?
    var askAgainNs: UInt64 = 0
    var leaversLeft: [Int]
    /// Members that admins have asked to be removed.
    var leavers: [Int] = []
    var cluster: Cluster { scene.cluster }

    init(_ scene: Scene, _ plan: Plan, _ storm: StormPlan, _ random: inout SeededRandom) {
        self.scene = scene
        self.plan = storm
        faults = FaultMaker(scene, plan, &random)
        self.random = SeededRandom(seed: random.next())
        joinsLeft = storm.joins
        leaversLeft = storm.leavers
    }

    var made: Tally {
        var tally = faults.made
        tally.add(aimed)
        return tally
    }

    // MARK: Safety

    func step() {
        faults.step()
        while let dueNs = blocks.nextNs, dueNs <= cluster.timeNs, let way = blocks.popFirst() {
            cluster.network.rules[way] = nil
        }
        while let dueNs = slowed.nextNs, dueNs <= cluster.timeNs, let node = slowed.popFirst() {
            cluster[node].diskSlowness = 1
        }
        for node in cluster.nodes where !node.isRunning && random.oneIn(plan.startOneIn) {
            cluster.start(node.index)
        }
        noteArrival()
        if newcomer != nil, cluster.timeNs >= askAgainNs { askForNewcomer() }
        guard !plan.faults.isEmpty, random.oneIn(plan.faultOneIn) else { return }
        let fault = plan.faults[Int.random(in: 0..<plan.faults.count, using: &random)]
        if make(fault) { note(fault) }
    }

    private func note(_ fault: StormFault) {
        aimed.add(fault.name)
        cluster.mix(UInt64(fault.rawValue))
        cluster.trace.note(.faults, "storm", fault.name)
    }

    /// Returns false if it could not happen, or not now.
    private func make(_ fault: StormFault) -> Bool {
        switch fault {
        case .crashAfterVote: return trap(.vote)
        case .crashAfterOneAppend: return trap(.entries)
        case .crashAfterConfirmation: return trap(.confirmation)
        case .crashAfterCommit: return trap(.commit)
        case .splitAtVotersChange: return trap(.voters)
        case .voterChangeAtElection: return trap(.leading)
        case .randomSplit: split(drawGroup())
        case .join: return letJoin()
        case .leave: return removeMember()
        case .leaderCrash, .leaderCut, .leaderMuted, .leaderDeafened, .handover, .rivalCandidates,
            .voterChange:
            guard let leader = drawLeader() else { return false }
            aim(fault, at: leader)
        }
        return true
    }

    private func aim(_ fault: StormFault, at leader: Int) {
        switch fault {
        case .leaderCrash: crash(leader)
        case .leaderCut:
            // With a companion or two: one that is quite alone commits nothing.
            let companions = drawRunning(Int.random(in: 0...2, using: &random))
            split([leader] + companions)
        case .leaderMuted, .leaderDeafened:
            let ms = drawFaultMs()
            for other in others(than: leader) {
                block(
                    fault == .leaderMuted
                        ? Network.Way(from: leader, to: other)
                        : Network.Way(from: other, to: leader), ms)
            }
        case .handover: cluster.control(.leaving, at: leader)
        case .voterChange: changeVoter(at: leader)
        default: makeRivals(leader)
        }
    }

    /// Two who do not hear each other ask for the votes of all others, of whom some end when they
    /// have voted.
    private func makeRivals(_ leader: Int) {
        let rivals = drawRunning(3).filter { $0 != leader }.prefix(2)
        guard rivals.count == 2 else { return }
        let ms = drawFaultMs()
        block(Network.Way(from: rivals[0], to: rivals[1]), ms)
        block(Network.Way(from: rivals[1], to: rivals[0]), ms)
        // The later of the two asks who has voted already.
        cluster[rivals[1]].diskSlowness = Int.random(in: 1...5, using: &random)
        slowed.plan(rivals[1], atNs: cluster.timeNs + UInt64(ms) * 1_000_000)
        crash(leader)
        for node in others(than: rivals[0]) where node != rivals[1] {
            cluster[node].traps.append(.vote)
        }
    }

    /// Nothing happens until the trap is sprung.
    private func trap(_ trap: Node.Trap) -> Bool {
        let leader = drawLeader()
        for node in drawRunning(.max) where !cluster[node].traps.contains(trap) {
            // One that leads already says so all the time.
            if trap != .leading || node != leader { cluster[node].traps.append(trap) }
        }
        return false
    }

    /// A trap is sprung.
    func spring(_ trap: Node.Trap, at node: Int, _ target: Int?) {
        switch trap {
        case .vote:
            note(.crashAfterVote)
            // Who was voted for is not heard for a while: somebody else may still ask.
            if let target, random.oneIn(2) {
                block(Network.Way(from: target, to: node), drawFaultMs())
            }
            crash(node)
        case .entries:
            note(.crashAfterOneAppend)
            crash(node)
        case .confirmation:
            note(.crashAfterConfirmation)
            crash(node)
        case .commit:
            note(.crashAfterCommit)
            crash(node)
        case .leading:
            note(.voterChangeAtElection)
            changeVoter(at: node)
        case .voters:
            note(.splitAtVotersChange)
            split([node] + drawRunning(Int.random(in: 0...2, using: &random)))
            for other in cluster.nodes { cluster[other.index].traps.removeAll { $0 == .voters } }
        }
    }

    /// The process is back so soon that others may still be at the same election.
    private func crash(_ node: Int) {
        cluster.crash(node, losesPower: false)
        guard !random.oneIn(4) else { return }
        cluster.plan(
            .restart(node: node),
            inNs: random.durationNs(upToMs: random.oneIn(2) ? 1 : Self.restartMsMax))
    }

    private func changeVoter(at leader: Int) {
        guard let status = cluster.status(of: leader) else { return }
        let member = NodeNumber(
            rawValue: UInt16(Int.random(in: 1...cluster.nodes.count, using: &random)))
        var voters = status.voters
        if voters.contains(member) {
            voters.removeAll { $0 == member }
        } else if status.learners.contains(member) {
            voters.append(member)
        }
        if random.oneIn(2) { cluster[leader].traps.append(.voters) }
        let learners = status.voters + status.learners
        cluster.propose(Electorate(voters: voters, learners: learners), at: leader)
    }

    /// Nothing passes between the two groups for a while, and nobody is told.
    private func split(_ group: [Int]) {
        let ms = drawFaultMs()
        for one in cluster.nodes.map(\.index) where group.contains(one) {
            for other in others(than: one) where !group.contains(other) {
                block(Network.Way(from: one, to: other), ms)
                block(Network.Way(from: other, to: one), ms)
            }
        }
    }

    private func block(_ way: Network.Way, _ ms: Int) {
        guard cluster.network.rules[way] == nil else { return }
        cluster.network.rules[way] = .lose
        blocks.plan(way, atNs: cluster.timeNs + UInt64(ms) * 1_000_000)
    }

    // MARK: Drawing

    private func others(than node: Int) -> [Int] {
        cluster.nodes.map(\.index).filter { $0 != node }
    }

    private func drawFaultMs() -> Int { Int.random(in: 0...Self.faultMsMax, using: &random) }

    private func drawGroup() -> [Int] {
        cluster.nodes.map(\.index).filter { _ in random.oneIn(2) }
    }

    func drawRunning(_ count: Int) -> [Int] {
        let running = cluster.nodes.filter { $0.isRunning && !$0.isPaused }.map(\.index)
        return Array(running.shuffled(using: &random).prefix(count))
    }

    /// A node that believes to lead: there may be several.
    private func drawLeader() -> Int? {
        cluster.nodes.filter { cluster.status(of: $0.index)?.leader == $0.number && !$0.isPaused }
            .randomElement(using: &random)?.index
    }

    func drawStaying() -> Int? {
        cluster.nodes.filter { $0.isRunning && !leavers.contains($0.index) }
            .randomElement(using: &random)?.index
    }
}
