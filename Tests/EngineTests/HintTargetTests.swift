import Causality
import Essentials
import Membership
import Objects
import Testing
import Wire

@testable import Engine

/// Whom hints go to when the node they were kept for is no longer what it was.
@Suite struct HintTargetTests {
    private static let target = NodeNumber(rawValue: 3)
    private let key = PeerKey(ObjectKey(Array("k".utf8)))

    private func makeRecord(counter: UInt64 = 1) -> [UInt8] {
        let actor = Actor(node: NodeNumber(rawValue: 2), epochMs: 1)
        var object = Object()
        object.write(
            .assign([7], deadline: .remove), dot: Dot(actor: actor, counter: counter),
            stamp: .zero, nowMs: 0)
        return object.encoded()
    }

    @Test func `hints for a target that left go to a replica, and are gone then`() throws {
        var replica = try Replica()
        let record = makeRecord()
        replica.receive(
            .hint(id: 5, target: Self.target, key: key, wantsDurability: false, record: record))
        replica.commit()
        let id = try #require(replica.topology.members.first { $0.number == Self.target }).id
        try replica.adopt(.leave(id))
        // While no replica can be reached, they are kept.
        replica.wait(ms: 1000)
        #expect(replica.hintScans.isEmpty)
        #expect(replica.plane.hintFigures.first?.records == 1)

        replica.openLinks()
        replica.wait(ms: 20)
        replica.scanHints()
        let handoff = try #require(replica.handoffs.first)
        #expect(handoff.to == NodeNumber(rawValue: 2))
        #expect(handoff.entries == [HandoffEntry(key: key, record: record)])
        replica.receive(.handedOver(id: handoff.id, windowBytes: 1 << 16, refused: []))
        #expect(replica.hints.isEmpty)
        #expect(replica.plane.hintFigures.first?.records == 0)
        // Nothing more is offered to anybody.
        replica.wait(ms: 60_000)
        #expect(replica.handoffs.count == 1)
        #expect(replica.hintScans.isEmpty)
    }

    @Test func `a hint that changes after its pass was broken off is not removed`() throws {
        var replica = try Replica()
        replica.openLinks()
        // In the order of their positions; one chunk each.
        let keys = (0..<3).map { ObjectKey(Array("{k}\($0)".utf8)) }
            .sorted { $0.position < $1.position }
        for (index, key) in keys.enumerated() {
            replica.receive(
                .hint(
                    id: UInt64(index + 1), target: Self.target, key: PeerKey(key),
                    wantsDurability: false, record: makeRecord()))
            replica.loadHints()
        }
        replica.commit()
        replica.wait(ms: 20)
        replica.scanHints(only: keys[0], next: keys[1])
        let first = try #require(replica.handoffs.last)
        replica.receive(.handedOver(id: first.id, windowBytes: 1 << 20, refused: []))
        // As background work may.
        replica.wait(ms: 200)
        replica.scanHints(only: keys[1], next: keys[2])
        let second = try #require(replica.handoffs.last)
        // While that is under way, the disk refuses to read on.
        replica.wait(ms: 200)
        replica.failHintScan(.overloaded)
        replica.receive(
            .hint(
                id: 9, target: Self.target, key: PeerKey(keys[1]), wantsDurability: false,
                record: makeRecord(counter: 2)))
        replica.receive(.handedOver(id: second.id, windowBytes: 1 << 20, refused: []))
        replica.commit()
        #expect(replica.hints.keys.contains(HintRecord.key(Self.target, keys[1])))

        // The next pass brings what is left, and ends.
        replica.wait(ms: 1000)
        replica.scanHints()
        let third = try #require(replica.handoffs.last)
        #expect(third.entries.map(\.key) == [PeerKey(keys[1]), PeerKey(keys[2])])
        replica.receive(.handedOver(id: third.id, windowBytes: 1 << 20, refused: []))
        replica.wait(ms: 20)
        #expect(replica.hints.isEmpty)
        #expect(replica.plane.hintFigures.first?.isDelivering == false)
    }

    @Test func `hints that cannot be read do not hold up those of other partitions`() throws {
        var replica = try Replica()
        replica.openLinks()
        // Of two partitions, in their order.
        let keys = ["a", "b"].map { ObjectKey(Array($0.utf8)) }
            .sorted { $0.position < $1.position }
        for (index, key) in keys.enumerated() {
            replica.receive(
                .hint(
                    id: UInt64(index + 1), target: Self.target, key: PeerKey(key),
                    wantsDurability: false, record: makeRecord()))
            replica.loadHints()
        }
        replica.commit()
        replica.wait(ms: 20)
        replica.failHintScan(.unreadable)
        replica.wait(ms: 20)
        replica.scanHints(only: keys[1])
        let handoff = try #require(replica.handoffs.first)
        #expect(handoff.entries.map(\.key) == [PeerKey(keys[1])])
        replica.receive(.handedOver(id: handoff.id, windowBytes: 1 << 20, refused: []))
        let figures = try #require(replica.plane.hintFigures.first)
        #expect(figures.records == 1)
        #expect(figures.dirty.count == 1)
        // It is tried again, after a pause.
        replica.wait(ms: 100)
        #expect(replica.hintScans.isEmpty)
        replica.wait(ms: 1000)
        replica.scanHints(only: keys[0])
        #expect(replica.handoffs.last?.entries.map(\.key) == [PeerKey(keys[0])])
    }

    @Test func `no hint is taken for a node that holds nothing of the key`() throws {
        var replica = try Replica()
        let id = try #require(replica.topology.members.first { $0.number == Self.target }).id
        try replica.adopt(.leave(id))
        replica.receive(
            .hint(
                id: 5, target: Self.target, key: key, wantsDurability: false,
                record: makeRecord()))
        #expect(replica.answers == [.refused(id: 5, .notReplica)])
        #expect(replica.hints.isEmpty)
    }
}
