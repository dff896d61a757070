import Causality
import Commands
import Essentials
import Objects
import Placement
import Testing
import Wire

@testable import Engine

/// What waits for the disk on behalf of nodes that are away is bounded, however slow it is.
@Suite struct HintBoundTests {
    private static let target = NodeNumber(rawValue: 3)
    private let recordSize = 5 << 20
    private let key = PeerKey(ObjectKey(Array("k".utf8)))

    /// A node that has hints for node 3 from an earlier run, and a disk that does not answer.
    private func makeReplica() throws -> Replica {
        var replica = try Replica()
        let account = HintAccounts.Account(records: 1, bytes: 10, oldestMs: 1)
        let accounts = (0..<64).map { partition in
            HintAccountRecord(
                target: Self.target, partition: PartitionID(rawValue: partition),
                value: HintRecord.accountValue(account, now: Now(monotonicNs: 1, wallMs: 1)))
        }
        replica.apply(.hintsFound(accounts))
        return replica
    }

    private func makeRecord() -> [UInt8] {
        let actor = Actor(node: NodeNumber(rawValue: 2), epochMs: 1)
        var object = Object()
        object.write(
            .assign([UInt8](repeating: 7, count: recordSize), deadline: .remove),
            dot: Dot(actor: actor, counter: 1), stamp: .zero, nowMs: 0)
        return object.encoded()
    }

    @Test func `hints that wait for the disk are bounded in bytes`() throws {
        var replica = try makeReplica()
        for id in 1...20 as ClosedRange<UInt64> {
            replica.receive(
                .hint(
                    id: id, target: Self.target, key: key, wantsDurability: false,
                    record: [UInt8](repeating: 0, count: recordSize)))
        }
        // The one that passes the bound is still taken.
        let refused = replica.answers.compactMap(\.answeredID)
        #expect(refused == Array(14...20))
        #expect(replica.answers.first == .refused(id: 14, .overloaded))
    }

    @Test func `a hint is not lost when the disk has no room for its question`() throws {
        var replica = try makeReplica()
        // Both of the others are away: this node keeps for them what it writes.
        replica.request("k", .append(Array("v".utf8)), timeoutMs: 1000)
        replica.load()
        let asked = replica.hintLoads
        #expect(asked.count == 1)
        for _ in 0..<3 {
            replica.refuseHintLoads()
            replica.wait(ms: 10)
            #expect(replica.hintLoads.map(\.token) == asked.map(\.token))
        }
        replica.loadHints()
        #expect(replica.hints.keys.contains(HintRecord.key(Self.target, ObjectKey(key))))
        #expect(replica.plane.counters.hintsDropped == 0)
        // Who asks for it is told at once instead.
        replica.receive(
            .hint(
                id: 5, target: Self.target, key: PeerKey(ObjectKey(Array("other".utf8))),
                wantsDurability: false, record: makeRecord()))
        replica.refuseHintLoads()
        #expect(replica.answers == [.refused(id: 5, .overloaded)])
        replica.wait(ms: 100)
        #expect(replica.hintLoads.isEmpty)
    }

    @Test func `hints being taken over are bounded in bytes`() throws {
        var replica = try makeReplica()
        let entry = HandoffEntry(key: key, record: makeRecord())
        for id in 1...20 as ClosedRange<UInt64> {
            replica.receive(.handoff(id: id, entries: [entry]))
        }
        #expect(replica.answers.compactMap(\.answeredID) == Array(14...20))
        #expect(replica.plane.parkedCount == 13)
        // Once the disk answers, all is merged, and there is room again.
        replica.load()
        // As fast as background work may go.
        replica.wait(ms: 20_000)
        replica.commit()
        replica.receive(.handoff(id: 21, entries: [entry]))
        replica.wait(ms: 1000)
        #expect(Set(replica.answers.compactMap(\.answeredID)) == Set(1...21))
    }
}
