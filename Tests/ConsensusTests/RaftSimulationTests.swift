import Essentials
import Testing

@testable import Consensus

/// Raft over a network that loses, doubles, delays, reorders and cuts, on disks that are slow and
/// forget what they had not finished, with nodes that come and go; then over one that works again.
/// A seed decides everything.
@Suite struct RaftSimulationTests {
    private static let steps = 600

    @Test(arguments: 0..<100 as Range<UInt64>)
    func `safe through faults, live after them`(seed: UInt64) {
        var run = RandomRaftRun(seed: seed)
        for _ in 0..<Self.steps {
            run.disturb()
            guard run.cluster.checks.violations == [] else { break }
        }
        #expect(run.cluster.checks.violations == [], "seed \(seed)")
        run.heal()
        #expect(run.cluster.checks.violations == [], "seed \(seed), healed")
    }
}

/// A run that a seed decides.
struct RandomRaftRun {
    var cluster: RaftCluster
    private var random: SeededRandom
    private let losesMessages: Bool
    private var commands = 0
    private var nodeCount: Int

    init(seed: UInt64) {
        random = SeededRandom(seed: seed)
        nodeCount = Int.random(in: 1...5, using: &random)
        let learners = random.oneIn(3) ? 1 : 0
        let limits = RaftLimits(
            messageSizeMax: 200, inFlightMax: 3, uncommittedSizeMax: 2000, logSizeMax: 1000,
            logEntriesMax: 12, chunkSize: 16)
        cluster = RaftCluster(
            voters: nodeCount, learners: learners, seed: random.next(), limits: limits)
        nodeCount += learners
        cluster.delayMs = [0, 5, 50, 400][Int.random(in: 0..<4, using: &random)]
        losesMessages = random.oneIn(2)
        if losesMessages {
            cluster.lossOneIn = Int.random(in: 3...30, using: &random)
            cluster.doubleOneIn = Int.random(in: 3...30, using: &random)
        }
    }

    private mutating func anyone() -> Int { Int.random(in: 1...nodeCount, using: &random) }

    mutating func disturb() {
        let one = anyone()
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<50: cluster.advance(ns: UInt64.random(in: 0...200_000_000, using: &random))
        case 50..<55: cluster.wait(1)
        case 55..<73: propose()
        case 73..<78: cluster.compact(one)
        case 78..<82: cluster.crash(one)
        case 82..<88: cluster.start(one)
        case 88..<90: cluster.cut(one)
        case 90..<92: cluster.cuts.insert(RaftCluster.Way(from: one, to: anyone()))
        case 92..<95: cluster.cuts = []
        case 95..<96: cluster.nodes[one]?.isDiskHung = true
        case 96..<97: cluster.nodes[one]?.isDiskHung = false
        case 97..<98: cluster.apply(.leaving, at: one)
        default: changeElectorate()
        }
    }

    private mutating func propose() {
        commands += 1
        for index in cluster.running where cluster[index].role == .leader {
            cluster.propose("c\(commands)", at: index)
        }
    }

    /// Any change by one voter, by whoever believes to lead.
    private mutating func changeElectorate() {
        if nodeCount < 8, random.oneIn(3) {
            nodeCount += 1
            cluster.add(NodeNumber(rawValue: UInt16(nodeCount)), .empty)
        }
        let node = NodeNumber(rawValue: UInt16(anyone()))
        for index in cluster.running where cluster[index].role == .leader {
            let now = cluster[index].electorate
            let next: Electorate
            if now.isVoter(node) {
                next = Electorate(voters: now.voters.filter { $0 != node }, learners: now.learners)
            } else if now.learners.contains(node) {
                next = Electorate(voters: now.voters + [node], learners: now.learners)
            } else {
                next = Electorate(voters: now.voters, learners: now.learners + [node])
            }
            cluster.apply(.electorateProposed(next), at: index)
        }
    }

    /// Ends all faults and waits until everybody who takes part has everything.
    mutating func heal() {
        cluster.cuts = []
        cluster.lossOneIn = nil
        cluster.doubleOneIn = nil
        cluster.delayMs = 5
        for index in cluster.indices {
            cluster.nodes[index]?.isDiskHung = false
            cluster.start(index)
        }
        cluster.wait(10)
        let leader = cluster.elect()
        cluster.propose("last", at: leader)
        for _ in 0..<300 {
            cluster.wait(0.1)
            if isConverged { return }
        }
        let states = cluster.running.map { index in
            let raft = cluster[index]
            return "\(index): \(raft.role) term \(raft.term) commit \(raft.commitIndex) last "
                + "\(raft.last) of \(raft.electorate.voters) \(raft.electorate.learners)"
        }
        cluster.checks.violations.append("no agreement in 40 s: \(states)")
    }

    private var isConverged: Bool {
        guard let leader = cluster.leader else { return false }
        let raft = cluster[leader]
        return raft.isSettled
            && raft.electorate.nodes.allSatisfy { node in
                let machine = cluster.nodes[Int(node.rawValue)]?.machine
                return machine == cluster.nodes[leader]?.machine
            }
    }
}
