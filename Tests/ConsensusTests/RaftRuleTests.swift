import Essentials
import Testing

@testable import Consensus

/// The ways in which implementations of Raft have gone wrong, one by one.
@Suite struct RaftRuleTests {
    private func number(_ index: Int) -> NodeNumber { NodeNumber(rawValue: UInt16(index)) }

    @Test func `a node alone leads at once`() {
        var cluster = RaftCluster(voters: 1)
        cluster.advance(ns: 1)
        cluster.propose("a", at: 1)
        #expect(cluster[1].role == .leader)
        #expect(cluster[1].isSettled)
        #expect(cluster.nodes[1]?.machine.index == 3)
    }

    @Test func `a vote leaves after it is durable`() {
        var cluster = RaftCluster(voters: 3)
        cluster.nodes[2]?.isDiskHung = true
        let last = LogPosition(index: 1, term: 0)
        let request = RaftMessage(term: 1, .voteRequest(last: last, .regular))
        cluster.apply(.received(request, from: number(1)), at: 2)
        #expect(cluster.network.isEmpty)
        cluster.finishWrite(2)
        #expect(cluster.network.count == 1)
        #expect(cluster.nodes[2]?.stored.ballot == Ballot(term: 1, vote: number(1)))
    }

    @Test func `a vote is kept over a restart`() {
        var cluster = RaftCluster(voters: 3)
        let last = LogPosition(index: 1, term: 0)
        let request = RaftMessage(term: 1, .voteRequest(last: last, .regular))
        cluster.apply(.received(request, from: number(1)), at: 2)
        cluster.crash(2)
        cluster.start(2)
        cluster.network = []
        cluster.apply(.received(request, from: number(3)), at: 2)
        let answer = cluster.network.first.flatMap { decoded($0) }
        #expect(answer == RaftMessage(term: 1, .vote(isGranted: false, .regular)))
    }

    @Test func `a log with a gap is refused at the start`() {
        let snapshot = RaftSnapshot(
            position: LogPosition(index: 4, term: 1), electorate: .none, state: [])
        let entry = RaftEntry(position: LogPosition(index: 6, term: 1), payload: .nothing)
        #expect(throws: DecodingError.self) {
            try RaftStored(ballot: Ballot(term: 1), snapshot: snapshot, found: [entry])
        }
        #expect(throws: DecodingError.self) {
            try RaftStored(ballot: Ballot(term: 0), snapshot: snapshot, found: [])
        }
    }

    @Test func `what the disk had not finished is gone, and is sent again`() {
        var cluster = RaftCluster(voters: 3)
        let leader = cluster.elect()
        let other = leader % 3 + 1
        cluster.nodes[other]?.isDiskHung = true
        cluster.propose("a", at: leader)
        cluster.wait(0.3)
        #expect(cluster.nodes[other]?.stored.entries.last?.index != cluster[leader].last.index)
        cluster.nodes[other]?.raft = nil
        cluster.nodes[other]?.queue = []
        cluster.nodes[other]?.isStoring = false
        cluster.nodes[other]?.isDiskHung = false
        cluster.start(other)
        cluster.wait(3)
        #expect(cluster.nodes[other]?.machine == cluster.nodes[leader]?.machine)
        #expect(cluster.checks.violations == [])
    }

    @Test func `a leader whose disk hangs is replaced`() {
        var cluster = RaftCluster(voters: 3)
        let leader = cluster.elect()
        cluster.nodes[leader]?.isDiskHung = true
        cluster.propose("a", at: leader)
        cluster.wait(6)
        let next = cluster.leader
        #expect(next != nil && next != leader)
        cluster.nodes[leader]?.isDiskHung = false
        cluster.wait(3)
        #expect(cluster[leader].role == .follower)
        #expect(cluster.checks.violations == [])
    }

    @Test func `a leader without a majority steps down and takes no proposal`() {
        var cluster = RaftCluster(voters: 5)
        let leader = cluster.elect()
        cluster.cut(leader)
        cluster.propose("lost", at: leader)
        cluster.wait(3)
        #expect(cluster[leader].role != .leader)
        cluster.propose("late", at: leader)
        #expect(cluster.declined.last?.1 == .notLeader)
        #expect(cluster[leader].votersHeard(now: cluster.now) <= 5)
        cluster.cuts = []
        cluster.wait(5)
        let states = cluster.indices.map { cluster.nodes[$0]?.machine }
        #expect(states.allSatisfy { $0 == states[0] })
        #expect(cluster.checks.violations == [])
    }

    @Test func `a node that was cut off does not disturb when it is back`() {
        var cluster = RaftCluster(voters: 3)
        let leader = cluster.elect()
        let other = leader % 3 + 1
        let term = cluster[leader].term
        cluster.cut(other)
        cluster.wait(30)
        #expect(cluster[other].term == term)
        cluster.cuts = []
        cluster.wait(3)
        #expect(cluster[leader].role == .leader)
        #expect(cluster[leader].term == term)
    }

    @Test func `a removed node does not disturb`() {
        var cluster = RaftCluster(voters: 3)
        let leader = cluster.elect()
        let removed = leader % 3 + 1
        // It does not hear of its removal, so it goes on as a voter that has no leader.
        cluster.cut(removed)
        let voters = cluster[leader].electorate.voters.filter { $0 != number(removed) }
        cluster.apply(.electorateProposed(Electorate(voters: voters)), at: leader)
        cluster.wait(1)
        let term = cluster[leader].term
        cluster.cuts = []
        cluster.wait(20)
        #expect(cluster[leader].electorate.voters == voters)
        #expect(cluster[leader].role == .leader)
        #expect(cluster[leader].term == term)
    }

    @Test func `a leader takes no change of voters before it has committed one of its entries`() {
        var cluster = RaftCluster(voters: 3)
        let candidate = 1
        cluster.apply(.ticked, at: candidate)
        cluster.timeNs += 3_000_000_000
        cluster.apply(.ticked, at: candidate)
        let granted = RaftMessage.Kind.vote(isGranted: true, .preliminary)
        cluster.apply(.received(RaftMessage(term: 1, granted), from: number(2)), at: candidate)
        let vote = RaftMessage(term: 1, .vote(isGranted: true, .regular))
        cluster.apply(.received(vote, from: number(2)), at: candidate)
        #expect(cluster[candidate].role == .leader)
        #expect(!cluster[candidate].isLeading)
        let without = Electorate(voters: [number(1), number(2)], learners: [number(3)])
        cluster.apply(.electorateProposed(without), at: candidate)
        #expect(cluster.declined.last?.1 == .electorateChanging)
        let confirmed = RaftMessage(term: 1, .appended(matchIndex: 2))
        cluster.apply(.received(confirmed, from: number(2)), at: candidate)
        #expect(cluster[candidate].isLeading)
        cluster.apply(.electorateProposed(without), at: candidate)
        #expect(cluster[candidate].electorate == without)
    }

    @Test func `one change of voters at a time, and by one voter`() {
        var cluster = RaftCluster(voters: 3, learners: 2)
        let leader = cluster.elect()
        cluster.wait(2)
        let now = cluster[leader].electorate
        cluster.apply(.electorateProposed(Electorate(voters: now.nodes)), at: leader)
        #expect(cluster.declined.last?.1 == .electorateTooFar)
        let one = Electorate(voters: now.voters + [number(4)], learners: now.learners)
        let two = Electorate(voters: one.voters + [number(5)])
        cluster.delayMs = 50
        cluster.apply(.electorateProposed(one), at: leader)
        cluster.apply(.electorateProposed(two), at: leader)
        cluster.wait(1)
        #expect(cluster.declined.last?.1 == .electorateChanging)
        cluster.apply(.electorateProposed(two), at: leader)
        cluster.wait(1)
        #expect(cluster[leader].electorate == two)
        #expect(cluster.checks.violations == [])
    }

    @Test func `a learner votes only after it has caught up`() {
        var cluster = RaftCluster(voters: 1)
        cluster.advance(ns: 1)
        let learning = Electorate(voters: [number(1)], learners: [number(2)])
        cluster.apply(.electorateProposed(learning), at: 1)
        let voting = Electorate(voters: [number(1), number(2)])
        cluster.apply(.electorateProposed(voting), at: 1)
        #expect(cluster.declined.last?.1 == .learnerBehind)
        cluster.add(number(2), .empty)
        cluster.wait(3)
        cluster.apply(.electorateProposed(voting), at: 1)
        cluster.wait(1)
        #expect(cluster[1].electorate == voting)
        #expect(cluster[2].electorate == voting)
        #expect(cluster[1].isSettled)
    }

    @Test func `a leader that was voted out leads until that is committed`() {
        var cluster = RaftCluster(voters: 3)
        let leader = cluster.elect()
        let voters = cluster[leader].electorate.voters.filter { $0 != number(leader) }
        cluster.apply(.electorateProposed(Electorate(voters: voters)), at: leader)
        cluster.wait(5)
        #expect(cluster[leader].role == .follower)
        #expect(voters.contains { cluster[Int($0.rawValue)].role == .leader })
        #expect(cluster.checks.violations == [])
    }

    @Test func `a leader that goes hands over without an election time-out`() {
        var cluster = RaftCluster(voters: 3)
        let leader = cluster.elect()
        cluster.wait(0.3)
        cluster.apply(.leaving, at: leader)
        cluster.wait(0.1)
        #expect(cluster.leader != nil && cluster.leader != leader)
    }

    private func decoded(_ envelope: RaftCluster.Envelope) -> RaftMessage? {
        var reader = ByteReader(envelope.bytes)
        return try? RaftMessage(from: &reader)
    }
}
