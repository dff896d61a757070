import Commands
import Essentials
import Objects
import Testing
import Wire

@testable import Engine

/// A request ends by its own time-out, whatever it waits for: replicas that never answer, other
/// requests on its key, or both, one after the other.
@Suite struct DeadlineTests {
    private static let hourMs: UInt32 = 3_600_000

    /// A node that holds nothing, whose peers are connected and silent.
    private func makeReplica() throws -> Replica {
        var replica = try Replica()
        replica.openLinks()
        replica.request("k", timeoutMs: 100)
        replica.load()
        return replica
    }

    @Test func `who waits behind a patient request of its key is told in its own time`() throws {
        var replica = try makeReplica()
        replica.request("k", client: 2, r: 2, timeoutMs: Self.hourMs)
        replica.request("k", client: 3, r: 2, timeoutMs: 100)
        replica.request("k", client: 4, r: 2, timeoutMs: 50)
        replica.wait(ms: 60)
        let text = "NOQUORUM 1 of 2 replicas answered in"
        #expect(replica.repliesByClient[4] == [.error("\(text) 60 ms")])
        #expect(replica.repliesByClient[3] == nil)
        replica.wait(ms: 60)
        #expect(replica.repliesByClient[3] == [.error("\(text) 110 ms")])
        #expect(replica.plane.inFlightCount == 1)
        replica.agree(2)
        replica.agree(3)
        #expect(replica.repliesByClient[2] == [.null])
        #expect(replica.plane.inFlightCount == 0)
    }

    @Test func `one that loses patience does not end the read for the others`() throws {
        var replica = try makeReplica()
        replica.request("k", client: 2, r: 2, timeoutMs: 1000)
        replica.request("k", client: 3, r: 2, timeoutMs: 100)
        replica.request("k", client: 4, r: 2, timeoutMs: 1000)
        // One read serves both that have waited.
        replica.agree(2)
        replica.agree(3)
        replica.wait(ms: 120)
        #expect(replica.repliesByClient[3]?.count == 1)
        #expect(replica.repliesByClient[4] == nil)
        replica.agree(2)
        replica.agree(3)
        #expect(replica.repliesByClient[4] == [.null])
        #expect(replica.plane.inFlightCount == 0)
    }

    @Test func `requests that cannot share a read do not add their time-outs up`() throws {
        var replica = try makeReplica()
        for client in 0..<200 as Range<UInt64> {
            replica.request(
                "k", client: 2 + client, r: client % 2 == 0 ? 2 : 3, timeoutMs: 100)
        }
        replica.wait(ms: 120)
        #expect(replica.replies.count == 1 + 200)
        #expect(replica.plane.inFlightCount == 0)
        // Of those that waited, nobody has asked a replica for nothing.
        #expect(Set(replica.checks).count == 1)
    }

    @Test func `a write that has to read first gets no second time-out`() throws {
        var replica = try makeReplica()
        replica.request("k", .increment(1), client: 2, r: 2, w: 2, timeoutMs: 1000)
        replica.wait(ms: 900)
        replica.agree(2)
        replica.agree(3)
        #expect(replica.repliesByClient[2] == nil)
        replica.wait(ms: 120)
        let answer = Reply.error("NOQUORUM 0 of 2 replicas answered in 1010 ms")
        #expect(replica.repliesByClient[2] == [answer])
        #expect(replica.plane.inFlightCount == 0)
    }

    @Test func `a write behind a read of its own client goes on when that has timed out`() throws {
        var replica = try makeReplica()
        replica.request("k", client: 2, r: 3, timeoutMs: 100)
        let write = Commands.Operation.set(Array("v".utf8), SetOptions())
        replica.request("k", write, client: 2, timeoutMs: 100)
        replica.request("k", client: 3, r: 3, timeoutMs: Self.hourMs)
        #expect(replica.stored == 0)
        replica.wait(ms: 120)
        #expect(replica.stored == 1)
        #expect(replica.repliesByClient[2]?.count == 1)
        replica.commit()
        #expect(replica.repliesByClient[2]?.last == .ok)
        #expect(replica.plane.inFlightCount == 1)
    }

    @Test func `nothing outlives its patience, in whatever order things come`() throws {
        var replica = try makeReplica()
        let write = Commands.Operation.set(Array("v".utf8), SetOptions())
        let operations = [.get, .increment(1), write, .delete]
        for client in 0..<400 as Range<UInt64> {
            let operation = operations[Int(client / 3 % 4)]
            let timeoutMs = [50, 1000, 10_000][Int(client * 7 % 3)] as UInt32
            replica.request(
                "k", operation, client: 2 + client % 50, r: Int(client % 3) + 1, w: 2,
                timeoutMs: timeoutMs)
            replica.wait(ms: 10)
            replica.commit()
        }
        replica.wait(ms: 10_020)
        #expect(replica.replies.count == 1 + 400)
        #expect(replica.plane.inFlightCount == 0)
    }
}
