import Essentials
import Testing

@testable import Consensus

/// Nodes whose disks were put back to an earlier state.
@Suite struct DoubtTests {
    private func number(_ index: Int) -> NodeNumber { NodeNumber(rawValue: UInt16(index)) }

    /// Puts the disk of a node back and starts it.
    private func restore(
        _ index: Int, to stored: RaftStored, in cluster: inout RaftCluster
    ) {
        cluster.crash(index)
        var earlier = stored
        earlier.doubt()
        cluster.nodes[index]?.stored = earlier
        cluster.start(index)
    }

    @Test func `it helps nobody into office who lacks what it has confirmed`() throws {
        var cluster = RaftCluster(voters: 3)
        let leader = cluster.elect()
        let restored = leader % 3 + 1
        let behind = restored % 3 + 1
        cluster.wait(1)
        cluster.crash(behind)
        let copy = try #require(cluster.nodes[restored]?.stored)
        cluster.propose("kept", at: leader)
        cluster.wait(1)
        let machine = cluster.nodes[leader]?.machine
        cluster.crash(leader)
        restore(restored, to: copy, in: &cluster)
        cluster.start(behind)
        cluster.wait(30)
        #expect(cluster.leader == nil)
        #expect(!cluster[restored].isSure)
        // Who knows more decides it.
        cluster.start(leader)
        let next = cluster.elect()
        cluster.propose("more", at: next)
        cluster.wait(5)
        #expect(cluster[restored].isSure)
        #expect(cluster.nodes[restored]?.stored.ballot.isCertain == true)
        #expect(cluster.nodes[restored]?.machine == cluster.nodes[next]?.machine)
        #expect(cluster.nodes[next]?.machine.index ?? 0 > machine?.index ?? 0)
        #expect(cluster.checks.violations == [])
    }

    @Test func `its leader sends again what it once confirmed`() throws {
        var cluster = RaftCluster(voters: 3)
        let leader = cluster.elect()
        let restored = leader % 3 + 1
        cluster.wait(1)
        let copy = try #require(cluster.nodes[restored]?.stored)
        for text in ["a", "b", "c"] { cluster.propose(text, at: leader) }
        cluster.wait(1)
        restore(restored, to: copy, in: &cluster)
        cluster.wait(3)
        #expect(cluster.leader == leader)
        #expect(cluster[restored].isSure)
        #expect(cluster.nodes[restored]?.machine == cluster.nodes[leader]?.machine)
        #expect(cluster.checks.violations == [])
    }

    @Test(arguments: [1, 2, 3, 4, 5])
    func `nodes that were all copied elect a leader`(count: Int) throws {
        var cluster = RaftCluster(voters: count)
        let leader = cluster.elect()
        cluster.propose("a", at: leader)
        cluster.wait(1)
        let copies = cluster.indices.map { cluster.nodes[$0]?.stored }
        for index in cluster.indices { cluster.crash(index) }
        for index in cluster.indices {
            restore(index, to: try #require(copies[index - 1]), in: &cluster)
        }
        cluster.wait(5)
        let next = try #require(cluster.leader)
        cluster.propose("b", at: next)
        cluster.wait(1)
        #expect(cluster.indices.allSatisfy { cluster[$0].isSure && cluster[$0].isSettled })
        #expect(cluster.checks.violations == [])
    }

    @Test(arguments: [2, 4]) func `of an even number all but it are enough`(count: Int) throws {
        var cluster = RaftCluster(voters: count)
        let leader = cluster.elect()
        cluster.wait(1)
        let restored = leader % count + 1
        let copy = try #require(cluster.nodes[restored]?.stored)
        cluster.propose("a", at: leader)
        cluster.wait(1)
        for index in cluster.indices where index != restored { cluster.crash(index) }
        restore(restored, to: copy, in: &cluster)
        cluster.wait(3)
        for index in cluster.indices where index != restored { cluster.start(index) }
        let next = cluster.elect()
        cluster.propose("b", at: next)
        cluster.wait(3)
        #expect(cluster[restored].isSure)
        #expect(cluster.nodes[restored]?.machine == cluster.nodes[next]?.machine)
        #expect(cluster.checks.violations == [])
    }

    @Test func `a doubt that comes while it leads ends that, and is kept over a restart`() {
        var cluster = RaftCluster(voters: 3)
        let leader = cluster.elect()
        cluster.cut(leader)
        cluster.apply(.doubted, at: leader)
        #expect(cluster[leader].role == .follower)
        cluster.crash(leader)
        cluster.start(leader)
        cluster.wait(5)
        #expect(!cluster[leader].isSure)
        cluster.cuts = []
        cluster.wait(5)
        #expect(cluster.indices.allSatisfy { cluster[$0].isSure })
        #expect(cluster.leader != nil)
    }

    @Test func `marks and questions arrive as they were sent`() throws {
        let messages = [
            RaftMessage(term: 3, .appended(matchIndex: 4), isSure: false),
            RaftMessage(term: 3, .positionRequest(inquiry: .max)),
            RaftMessage(
                term: 3, .position(LogPosition(index: 5, term: 2), inquiry: 7), isSure: false),
        ]
        for message in messages {
            var bytes: [UInt8] = []
            message.encode(into: &bytes)
            var reader = ByteReader(bytes)
            #expect(try RaftMessage(from: &reader) == message)
            #expect(reader.isAtEnd)
        }
        var ballot = Ballot(term: 9, vote: number(2))
        ballot.isCertain = false
        var reader = ByteReader(ballot.encode())
        #expect(try Ballot(from: &reader) == ballot)
    }
}
