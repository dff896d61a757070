import Essentials
import Membership
import Placement
import Testing

@testable import Engine
@testable import Simulator

/// What is left of a cluster when members leave.
@Suite struct RemovalTests {
    /// Whoever is told that a member is gone ends it, perhaps at once, and everybody may restart
    /// then. Found by the simulator: what was left still needed the vote of the one that was gone.
    @Test(arguments: [1, 2]) func `nobody who is known to be gone is needed`(leaver: Int) throws {
        var options = Cluster.Options()
        options.nodes = 2
        let cluster = try Cluster(options)
        let other = 3 - leaver
        cluster.propose(.leave(cluster[leaver].description.id), at: other)
        for _ in 0..<5000 where cluster[other].process?.control.topology?.members.count == 2 {
            cluster.wait(ms: 1)
        }
        #expect(cluster[other].process?.control.topology?.members.count == 1)

        cluster.crash(1, losesPower: false)
        cluster.crash(2, losesPower: false)
        cluster.start(other)
        var decisions: [Bool] = []
        cluster.observer = { if case .decided(_, let isMade) = $0 { decisions.append(isMade) } }
        cluster.propose(.setKeyspace(prefix: [0x61], Quorums()), at: other)
        cluster.wait(ms: 10_000)
        #expect(decisions == [true])
        #expect(!cluster.isBroken)
    }
}
