import Commands
import Essentials
import Membership
import Testing
import Wire

@testable import Engine
@testable import Simulator

/// A node that starts, or has stood still, serves once it knows how far the others are.
@Suite struct StandingTests {
    private func makeReplica() throws -> Replica {
        var replica = try Replica(confirmsEpoch: true)
        replica.openLinks()
        return replica
    }

    @Test func `a command waits until a majority has told by what it serves`() throws {
        var replica = try makeReplica()
        replica.request("k", timeoutMs: 5000)
        #expect(replica.loads.isEmpty)
        let question = try #require(replica.epochQuestions.last)
        replica.answer(.epochTold(id: question, epoch: replica.topology.epoch), from: 2)
        #expect(replica.loads.count == 1)
        replica.load()
        #expect(replica.replies == [.null])
    }

    @Test func `what others have flushed meanwhile is not shown`() throws {
        var replica = try makeReplica()
        replica.request("k", timeoutMs: 5000)
        let question = try #require(replica.epochQuestions.last)
        replica.answer(.epochTold(id: question, epoch: replica.topology.epoch + 1), from: 2)
        #expect(replica.loads.isEmpty)
        try replica.adopt(.flush(stamp: 1 << 40))
        replica.commit()
        #expect(replica.loads.count == 1)
    }

    /// The node ended between writing down that there was a flush and dropping what it covers.
    @Test func `what is left of before a flush is not shown`() throws {
        var replica = try Replica()
        replica.request("k", .set([7], .plain), client: 1, timeoutMs: 1000)
        replica.load()
        replica.commit()
        let record = try #require(replica.records.last)
        try replica.adopt(.flush(stamp: 1 << 40))
        replica.commit()
        replica.request("k", client: 2, timeoutMs: 1000)
        replica.load(record)
        #expect(replica.repliesByClient[2] == [.null])
    }

    @Test func `without a majority it serves after a second`() throws {
        var replica = try makeReplica()
        replica.wait(ms: 10)
        replica.request("k", timeoutMs: 5000)
        replica.wait(ms: 900)
        #expect(replica.loads.isEmpty)
        replica.wait(ms: 200)
        #expect(replica.loads.count == 1)
    }

    @Test func `one that waits no longer is told so`() throws {
        var replica = try makeReplica()
        replica.request("k", timeoutMs: 100)
        replica.wait(ms: 110)
        #expect(replica.replies.first?.isError == true)
        #expect(replica.loads.isEmpty)
    }

    @Test func `a loop that has stood still asks anew, whatever was answered before`() throws {
        var replica = try makeReplica()
        replica.wait(ms: 10)
        let first = try #require(replica.epochQuestions.last)
        replica.answer(.epochTold(id: first, epoch: replica.topology.epoch), from: 2)
        replica.wait(ms: 100)
        replica.request("a", timeoutMs: 5000)
        #expect(replica.loads.count == 1)
        replica.standStill(ms: 600)
        replica.request("b", timeoutMs: 5000)
        #expect(replica.loads.count == 1)
        replica.answer(.epochTold(id: first, epoch: replica.topology.epoch), from: 3)
        #expect(replica.loads.count == 1)
        let second = try #require(replica.epochQuestions.last)
        #expect(second != first)
        replica.answer(.epochTold(id: second, epoch: replica.topology.epoch), from: 2)
        #expect(replica.loads.count == 2)
    }
}
