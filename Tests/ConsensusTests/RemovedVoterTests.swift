import Essentials
import Testing

@testable import Consensus

/// Voters that go: until their going is committed they are needed, and not for a moment longer.
@Suite struct RemovedVoterTests {
    private func number(_ index: Int) -> NodeNumber { NodeNumber(rawValue: UInt16(index)) }

    /// It has forgotten what is committed, and the electorate it begins with is one that it had no
    /// vote in yet: found by the simulator, where two voters waited for each other for ever.
    @Test func `a leader that removes itself and restarts may lead again`() {
        var cluster = RaftCluster(voters: 1, learners: 1)
        cluster.wait(3)
        let both = Electorate(voters: [number(1), number(2)])
        cluster.apply(.electorateProposed(both), at: 1)
        cluster.wait(1)
        cluster.apply(.leaving, at: 1)
        cluster.wait(1)
        #expect(cluster.leader == 2)

        cluster.cut(2)
        let without = Electorate(voters: [number(1)], learners: [number(2)])
        cluster.apply(.electorateProposed(without), at: 2)
        #expect(cluster[2].electorate == without)
        cluster.crash(2)
        cluster.network = []
        cluster.start(2)
        cluster.cuts = []
        cluster.wait(20)
        #expect(cluster.leader == 1)
        #expect(cluster[1].electorate == without)
        #expect(cluster[1].isSettled)
        #expect(cluster.checks.violations == [])
    }

    @Test func `with the command that removes it a voter is needed no more`() {
        var cluster = RaftCluster(voters: 2)
        let leader = cluster.elect()
        cluster.wait(1)
        let other = 3 - leader
        cluster.cut(other)
        let alone = Electorate(voters: [number(leader)], learners: [number(other)])
        let index = cluster[leader].last.index
        cluster.apply(.proposed([1], alone), at: leader)
        #expect(cluster[leader].commitIndex == index + 1)
        #expect(cluster.nodes[leader]?.machine.index == index + 1)

        // It need not ask anybody, either.
        cluster.crash(other)
        cluster.crash(leader)
        cluster.start(leader)
        cluster.wait(5)
        #expect(cluster[leader].isLeading)
        #expect(cluster.checks.violations == [])
    }

    @Test func `a command with other voters is taken whole or not at all`() {
        var cluster = RaftCluster(voters: 3)
        let leader = cluster.elect()
        cluster.wait(1)
        let last = cluster[leader].last
        cluster.apply(.proposed([1], Electorate(voters: [number(leader)])), at: leader)
        #expect(cluster.declined.last?.1 == .electorateTooFar)
        let tooLarge = [UInt8](repeating: 0, count: RaftLimits.commandSizeMax + 1)
        cluster.apply(.proposed(tooLarge, cluster[leader].electorate), at: leader)
        #expect(cluster.declined.last?.1 == .tooLarge)
        #expect(cluster[leader].last == last)
    }
}
