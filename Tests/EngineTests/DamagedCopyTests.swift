import Causality
import Commands
import Essentials
import Membership
import Objects
import Testing
import Wire

@testable import Engine
@testable import Simulator

/// A copy that the disk does not give is one that has not answered.
@Suite struct DamagedCopyTests {
    private let key = PeerKey(ObjectKey(Array("k".utf8)))
    private let own = Actor(node: NodeNumber(rawValue: 1), epochMs: 900)

    /// What other replicas hold: the `counter`-th write of this node.
    private func makeRecord(counter: UInt64) -> [UInt8] {
        var object = Object()
        for number in 1...counter {
            object.write(
                .assign([UInt8(number)], deadline: .remove),
                dot: Dot(actor: own, counter: number),
                stamp: Timestamp(rawValue: number), nowMs: 0)
        }
        return object.encoded()
    }

    private func makeReplica() throws -> Replica {
        var replica = try Replica()
        replica.openLinks()
        return replica
    }

    @Test func `a read is answered once enough others have told what they hold`() throws {
        var replica = try makeReplica()
        replica.request("k", r: 1, timeoutMs: 1000)
        replica.failLoad()
        let id = try #require(replica.checks.last)
        #expect(replica.replies.isEmpty)
        replica.answer(.differs(id: id, record: makeRecord(counter: 3)), from: 2)
        #expect(replica.replies.isEmpty)
        replica.answer(.differs(id: id, record: makeRecord(counter: 2)), from: 3)
        replica.commit()
        #expect(replica.replies == [.bulk([3])])
        #expect(replica.plane.counters.recordsHealed == 1)
        // What they hold is stored in its place.
        #expect(replica.stored == 1)
    }

    @Test func `a write on a healed record continues no actor that the record had`() throws {
        var replica = try makeReplica()
        replica.request("k", .set([9], .plain), w: 1, timeoutMs: 1000)
        replica.failLoad()
        let id = try #require(replica.checks.last)
        // The fourth write was known here alone.
        for node: UInt16 in [2, 3] {
            replica.answer(.differs(id: id, record: makeRecord(counter: 3)), from: node)
        }
        replica.commit()
        #expect(replica.replies == [.ok])
        let object = try Object(decoding: try #require(replica.records.last))
        #expect(object.entries.count == 1)
        #expect(object.entries.first?.dot.actor != own)
        #expect(object.context.counter(of: own) == 3)
    }

    @Test func `one other replica is not enough to heal, and a read of one is answered`() throws {
        var replica = try makeReplica()
        replica.request("k", r: 1, timeoutMs: 1000)
        replica.request("k", r: 2, timeoutMs: 1000)
        replica.request("k", .set([9], .plain), w: 2, timeoutMs: 1000)
        replica.failLoad()
        let id = try #require(replica.checks.last)
        replica.answer(.differs(id: id, record: makeRecord(counter: 3)), from: 2)
        replica.answer(.refused(id: id, .unreadable), from: 3)
        replica.commit()
        #expect(replica.replies.first == .bulk([3]))
        for reply in replica.replies.dropFirst() {
            #expect(reply.isError && "\(reply)".contains("NOQUORUM 1 of 2"))
        }
        #expect(replica.replies.count == 3)
        #expect(replica.stored == 0)
    }

    @Test func `a coordinator's question is refused at once, its write waits to be merged`() throws
    {
        var replica = try makeReplica()
        replica.receive(.check(id: 4, key: key, fingerprint: 1))
        replica.receive(
            .write(id: 5, key: key, wantsDurability: false, record: makeRecord(counter: 4)))
        replica.failLoad()
        #expect(replica.answers == [.refused(id: 4, .unreadable)])
        let id = try #require(replica.checks.last)
        for node: UInt16 in [2, 3] {
            replica.answer(.differs(id: id, record: makeRecord(counter: 3)), from: node)
        }
        replica.commit()
        #expect(replica.answers.last == .wrote(id: 5, isDurable: false))
        let object = try Object(decoding: try #require(replica.records.last))
        #expect(object.context.counter(of: own) == 4)
    }

    @Test func `nobody waits for silent replicas longer than a second`() throws {
        var replica = try makeReplica()
        replica.receive(
            .write(id: 5, key: key, wantsDurability: false, record: makeRecord(counter: 4)))
        replica.request("k", r: 2, timeoutMs: 60_000)
        replica.failLoad()
        replica.wait(ms: 1010)
        #expect(replica.answers == [.refused(id: 5, .unreadable)])
        #expect(replica.replies.count == 1)
    }
}
