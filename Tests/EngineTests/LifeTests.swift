import Causality
import Essentials
import Membership
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
