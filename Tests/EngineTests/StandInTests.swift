import Causality
import Commands
import Essentials
import Membership
import Objects
import Placement
import Testing
import Wire

@testable import Engine
@testable import Simulator

/// A node that coordinates commands on keys whose primaries are all away.
@Suite struct StandInTests {
    /// Two keys of one partition that node 1, one of four, is no primary of.
    private let (one, other): (String, String)

    init() throws {
        let topology = try TopologyStore.shared.topology(Self.options)
        let table = topology.placement
        let tag = try #require(
            (0..<100).first { tag in
                let position = ObjectKey(Array("{\(tag)}".utf8)).position
                let partition = table.partitioning.partition(of: position)
                return table.place(of: NodeNumber(rawValue: 1), in: partition) == nil
            })
        (one, other) = ("{\(tag)}one", "{\(tag)}other")
    }

    private static var options: Cluster.Options {
        var options = Cluster.Options()
        options.nodes = 4
        return options
    }

    private func makeReplica() throws -> Replica { try Replica(options: Self.options) }

    private static let write = Commands.Operation.set([7], .plain)

    @Test func `its own hint counts when it is written, not before`() throws {
        var replica = try makeReplica()
        replica.request(one, Self.write, w: 1, timeoutMs: 1000)
        #expect(replica.hints.count > 1)
        #expect(replica.replies.isEmpty)
        replica.commit()
        #expect(replica.replies == [.ok])
        #expect(replica.stored == 0)
    }

    @Test func `a command waits until it is known what hints the key has`() throws {
        var replica = try makeReplica()
        // From now on a key of this partition may have hints.
        replica.request(one, Self.write, w: 1, timeoutMs: 1000)
        replica.commit()
        replica.request(other, Self.write, w: 1, timeoutMs: 1000)
        replica.request(other, .get, timeoutMs: 1000)
        replica.commit()
        #expect(replica.replies.count == 1)
        replica.loadHints()
        replica.commit()
        #expect(replica.replies == [.ok, .bulk([7]), .ok])
    }

    @Test func `a command does not wait for the disk for longer than its client does`() throws {
        var replica = try makeReplica()
        replica.request(one, Self.write, w: 1, timeoutMs: 1000)
        replica.commit()
        replica.request(other, .get, timeoutMs: 100)
        replica.wait(ms: 200)
        guard case .error(let text)? = replica.replies.last else {
            Issue.record("\(replica.replies)")
            return
        }
        #expect(text.hasPrefix("OVERLOADED the disk has not answered"))
        #expect(replica.plane.parkedCount == 0)
        // The answer finds nobody.
        replica.loadHints()
        #expect(replica.replies.count == 2)
    }

    /// Another node, which cannot reach any, has handed it the command.
    @Test func `its own hint counts for no read that primaries can answer`() throws {
        var replica = try makeReplica()
        replica.request(one, Self.write, w: 1, timeoutMs: 1000)
        replica.commit()
        replica.openLinks()
        replica.receive(
            .forward(
                id: 5,
                consistency: Consistency(r: 2, w: 2, timeoutMs: 1000).forPeer(timeoutMs: 1000),
                arguments: [Array("GET".utf8), Array(one.utf8)]))
        replica.loadHints()
        // Two primaries, both of whom are waited for: a write may have reached just one of them.
        #expect(replica.checks.count == 2)
        replica.agree(2)
        #expect(replica.answers.isEmpty)
        for node: UInt16 in 3...4 { replica.agree(node) }
        #expect(replica.answers == [.forwarded(id: 5, reply: Array("$1\r\n\u{7}\r\n".utf8))])
    }

    @Test func `a command is refused where the disk has no room for its question`() throws {
        var replica = try makeReplica()
        replica.request(one, Self.write, w: 1, timeoutMs: 1000)
        replica.commit()
        replica.request(other, .get, timeoutMs: 1000)
        replica.refuseHintLoads()
        #expect(replica.replies.last == .error("OVERLOADED too many reads wait for the disk"))
        #expect(replica.plane.parkedCount == 0)
    }

    @Test func `what was delivered does not show again when the next outage begins`() throws {
        var replica = try makeReplica()
        replica.request(one, Self.write, w: 1, timeoutMs: 1000)
        replica.commit()
        replica.openLinks()
        replica.wait(ms: 20)
        while !replica.hintScans.isEmpty { replica.scanHints() }
        for handoff in replica.handoffs {
            replica.receive(.handedOver(id: handoff.id, windowBytes: 1 << 16, refused: []))
        }
        replica.commit()
        replica.closeLinks()
        replica.request(one, .get, timeoutMs: 1000)
        #expect(replica.replies.last == DataPlane.unknownKey)
    }

    @Test func `a new primary goes on under none of the actors that it has stood in with`() throws {
        var replica = try makeReplica()
        replica.request(one, Self.write, w: 1, timeoutMs: 1000)
        replica.commit()
        let hint = try #require(replica.hints.keys.first { (try? HintRecord.parseKey($0)) != nil })
        let record = try HintRecord.parseValue(try #require(replica.hints[hint])).record
        let before = try Object(decoding: record).context

        // In the same millisecond; what it has made, others have delivered already.
        let gone = try #require(replica.topology.members.last).id
        try replica.adopt(.leave(gone))
        replica.request(one, Self.write, w: 1, timeoutMs: 1000)
        replica.load(record)
        let after = try Object(decoding: try #require(replica.records.last)).context
        let node = NodeNumber(rawValue: 1)
        #expect(after.includes(before))
        #expect(after.newestEpochMs(of: node) > before.newestEpochMs(of: node))
    }

    @Test func `an orderly stop leaves the actors of a stand-in behind`() throws {
        var replica = try makeReplica()
        let before = replica.plane.horizonAtStopMs
        #expect(before == replica.plane.trustHorizonMs)
        replica.request(one, Self.write, w: 1, timeoutMs: 1000)
        #expect(replica.plane.horizonAtStopMs > replica.plane.epochReachedMs)
        #expect(replica.plane.trustHorizonMs == before)
    }

    @Test func `memory of dots is bounded, and what it forgets is not used again`() {
        let actor = Actor(node: NodeNumber(rawValue: 1), epochMs: 100)
        let first = ObjectKey(Array("first".utf8))
        var known = CausalContext()
        known.insert(Dot(actor: actor, counter: 1))
        var dots = StandInDots(usedMs: 50)
        #expect(dots.freshEpochMs(of: first) == 51)
        dots.note(Dot(actor: actor, counter: 1), of: first, reachedMs: 100)
        #expect(dots.latest(of: first, in: known)?.counter == 1)
        #expect(dots.latest(of: first, in: CausalContext()) == nil)
        #expect(dots.freshEpochMs(of: first) == 101)
        for index in 0..<StandInDots.countMax {
            let key = ObjectKey(Array("\(index)".utf8))
            dots.note(Dot(actor: actor, counter: 1), of: key, reachedMs: 300)
        }
        #expect(dots.latest(of: first, in: known) == nil)
        #expect(dots.freshEpochMs(of: first) == 301)
    }
}
