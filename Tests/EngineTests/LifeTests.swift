import Causality
import Commands
import Essentials
import Membership
import Objects
import Testing
import Wire

@testable import Engine

/// No run continues what another may have begun, whatever its directory and its clock say.
@Suite struct LifeTests {
    @Test(arguments: [UInt64(0), 5000, 1 << 60])
    func `a run is later than all that its directory knows of`(wallMs: UInt64) {
        var random = SeededRandom(seed: 1)
        for usedMs in [UInt64(0), 4000, 900_000] {
            let life = Life.begin(wallMs: wallMs, usedMs: usedMs, using: &random)
            #expect(life > usedMs)
            #expect(life < Actor.epochMsMax)
        }
    }

    @Test func `two runs from one state of a directory differ`() {
        var random = SeededRandom(seed: 1)
        let lives = (0..<100).map { _ in
            Life.begin(wallMs: 1000, usedMs: 61_000, using: &random)
        }
        #expect(Set(lives).count == lives.count)
    }

    @Test func `what may be forgotten is not continued`() throws {
        var replica = try Replica()
        replica.apply(.forgotten(upToMs: 1 << 42))
        #expect(replica.plane.trustHorizonMs > 1 << 42)
    }

    /// An earlier run has ended before it could write down how far its epochs have come.
    @Test func `what lies beyond this run is not continued`() throws {
        func record(_ actor: Actor) -> [UInt8] {
            var object = Object()
            object.write(
                [7], seen: Sighting(), dot: Dot(actor: actor, counter: 1),
                stamp: Timestamp(wallMs: 1))
            return object.encoded()
        }
        var replica = try Replica()
        replica.apply(.forgotten(upToMs: 1 << 20))
        let node = NodeNumber(rawValue: 1)
        let earlier = Actor(node: node, epochMs: 1 << 30)
        // The second key is not told from those of this run by its epoch alone any more.
        for key in ["one", "other"] {
            replica.request(key, .set([8], .plain), timeoutMs: 1000)
            replica.load(record(earlier))
            let written = try Object(decoding: try #require(replica.records.last))
            #expect(written.context.highestCounter(of: earlier) == 1)
            #expect(written.context.newestEpochMs(of: node) > earlier.epochMs)
        }
    }

    @Test func `who must not serve says why, also under a newer topology`() throws {
        var replica = try Replica()
        replica.apply(.suspended("somebody else is here"))
        replica.request("k", client: 1, timeoutMs: 1000)
        #expect(replica.replies.last == .error("CLUSTERDOWN somebody else is here"))
        try replica.adopt(.leave(try #require(replica.topology.members.last).id))
        replica.request("k", client: 2, timeoutMs: 1000)
        #expect(replica.replies.last == .error("CLUSTERDOWN somebody else is here"))
    }
}
