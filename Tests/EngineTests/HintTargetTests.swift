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

    private func makeRecord() -> [UInt8] {
        let actor = Actor(node: NodeNumber(rawValue: 2), epochMs: 1)
        var object = Object()
        object.write(
            .assign([7], deadline: .remove), dot: Dot(actor: actor, counter: 1), stamp: .zero,
            nowMs: 0)
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
