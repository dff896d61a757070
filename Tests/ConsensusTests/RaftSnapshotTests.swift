import Essentials
import Testing

@testable import Consensus

/// Compaction, and nodes that were away for longer than the log reaches back.
@Suite struct RaftSnapshotTests {
    private static let limits = RaftLimits(logSizeMax: 200, logEntriesMax: 4, chunkSize: 7)

    /// A cluster in which one node missed so much that the leader's log no longer has it.
    private func behind() -> (cluster: RaftCluster, leader: Int, away: Int) {
        var cluster = RaftCluster(voters: 3, limits: Self.limits)
        let leader = cluster.elect()
        let away = leader % 3 + 1
        cluster.crash(away)
        for index in 0..<10 { cluster.propose("c\(index)", at: leader) }
        cluster.wait(0.5)
        #expect(cluster[leader].wantsCompaction)
        cluster.compact(leader)
        #expect(cluster[leader].logSize == 0)
        return (cluster, leader, away)
    }

    @Test func `a node that was away catches up by a snapshot`() {
        var (cluster, leader, away) = behind()
        cluster.start(away)
        cluster.wait(3)
        #expect(cluster.nodes[away]?.machine == cluster.nodes[leader]?.machine)
        #expect(cluster.checks.restores > 0)
        #expect(cluster.nodes[away]?.stored.snapshot.position.index ?? 0 > 1)
        #expect(cluster.checks.violations == [])
    }

    @Test func `a snapshot that is replaced on its way starts anew`() {
        var (cluster, leader, away) = behind()
        cluster.start(away)
        cluster.delayMs = 20
        cluster.wait(0.15)
        for index in 0..<10 { cluster.propose("d\(index)", at: leader) }
        cluster.wait(0.1)
        cluster.compact(leader)
        cluster.wait(5)
        #expect(cluster.nodes[away]?.machine == cluster.nodes[leader]?.machine)
        #expect(cluster.checks.violations == [])
    }

    @Test func `a snapshot that is half taken is forgotten by a crash and sent again`() {
        var (cluster, leader, away) = behind()
        cluster.start(away)
        cluster.delayMs = 20
        cluster.wait(0.15)
        cluster.crash(away)
        cluster.start(away)
        cluster.wait(5)
        #expect(cluster.nodes[away]?.machine == cluster.nodes[leader]?.machine)
        #expect(cluster.checks.violations == [])
    }

    @Test func `a late chunk of an older snapshot changes nothing`() {
        var (cluster, leader, away) = behind()
        cluster.start(away)
        cluster.wait(3)
        let before = cluster[away].snapshot
        let chunk = RaftMessage(
            term: cluster[leader].term,
            .chunk(LogPosition(index: 2, term: 1), size: 3, offset: 0, [1, 2, 3]))
        let sender = NodeNumber(rawValue: UInt16(leader))
        cluster.apply(.received(chunk, from: sender), at: away)
        #expect(cluster[away].snapshot == before)
    }

    @Test func `a compacted log is what a restart finds`() {
        var (cluster, leader, _) = behind()
        let before = cluster[leader].snapshot
        cluster.crash(leader)
        cluster.start(leader)
        #expect(cluster[leader].snapshot == before)
        #expect(cluster[leader].last == before.position)
    }

    @Test func `what waits to be committed is bounded`() {
        var limits = RaftLimits()
        limits.uncommittedSizeMax = 100
        var cluster = RaftCluster(voters: 3, limits: limits)
        let leader = cluster.elect()
        cluster.wait(0.3)
        cluster.cut(leader)
        for _ in 0..<5 { cluster.propose("forty bytes with the entry", at: leader) }
        #expect(cluster.declined.last?.1 == .tooMuchWaiting)
        #expect(cluster[leader].logSize < 300)
    }
}
