import Commands
import Essentials
import Membership
import Testing
import Wire

@testable import Engine
@testable import Simulator

/// What failure detectors do for requests: whole nodes in virtual time, with detectors.
///
/// A process that stands still (SIGSTOP, a long pause) closes no connection, so nothing but its
/// silence tells.
@Suite struct FailureDetectionTests {
    private static let everyone = ConsistencyOverride(
        exactly: Consistency(r: 3, w: 3, timeoutMs: 60_000))
    /// The longest until all have judged a node of three: two rounds of probes, and a suspicion
    /// that nobody confirms.
    private static let judgedMs: UInt64 = 8000

    private func cluster() throws -> Cluster {
        var options = Cluster.Options()
        options.hasDetectors = true
        let cluster = try Cluster(options)
        cluster.wait(ms: 3000)
        return cluster
    }

    private func isError(_ reply: Reply?, _ code: String) -> Bool {
        guard case .error(let text) = reply else { return false }
        return text.hasPrefix(code)
    }

    @Test func `a paused node does not show for longer than a detection period`() throws {
        let cluster = try cluster()
        #expect(cluster.ask("SET k v", at: 1, Self.everyone) == .ok)
        cluster.pause(3)
        let waiting = cluster.submit("SET k w", at: 1, Self.everyone)
        cluster.wait(ms: Self.judgedMs)
        // Not after the time-out of a minute: the write had waited for the paused node.
        #expect(isError(cluster.clients[waiting].reply, "NOQUORUM"))
        // Now the others know, and say so at once.
        #expect(isError(cluster.ask("SET k x", at: 2, Self.everyone), "NOQUORUM"))
        #expect(isError(cluster.ask("GET k", at: 2, Self.everyone), "NOQUORUM"))
        #expect(cluster.ask("SET k y", at: 1) == .ok)
        #expect(cluster.ask("GET k", at: 2) == .bulk(Array("y".utf8)))

        cluster.resume(3)
        cluster.wait(ms: 1000)
        #expect(cluster.ask("GET k", at: 3, Self.everyone) == .bulk(Array("y".utf8)))
        #expect(cluster.ask("SET k z", at: 1, Self.everyone) == .ok)
        #expect(cluster.violations.isEmpty)
    }

    @Test func `a node that was paused accuses nobody`() throws {
        let cluster = try cluster()
        cluster.trace.topics = .detector
        _ = cluster.trace.take()
        cluster.pause(3)
        cluster.wait(ms: 30_000)
        cluster.resume(3)
        cluster.wait(ms: 10_000)
        let lines = cluster.trace.take()
        #expect(lines.contains("A: node 3 is dead"))
        #expect(lines.last { $0.hasPrefix("A: ") } == "A: node 3 is alive")
        #expect(!lines.contains { $0.hasPrefix("C: ") })
    }

    @Test func `the sides of a cut find each other again`() throws {
        let cluster = try cluster()
        cluster.cut(1, 3)
        cluster.cut(2, 3)
        cluster.wait(ms: Self.judgedMs)
        #expect(isError(cluster.ask("GET k", at: 3), "NOQUORUM"))
        cluster.heal(1, 3)
        cluster.heal(2, 3)
        cluster.wait(ms: 1000)
        #expect(cluster.ask("SET k v", at: 3, Self.everyone) == .ok)
    }

    @Test func `a node that has ended is noticed by its connections, before any verdict`() throws {
        let cluster = try cluster()
        cluster.crash(3, losesPower: false)
        #expect(isError(cluster.ask("SET k v", at: 1, Self.everyone), "NOQUORUM"))
        #expect(cluster.ask("SET k v", at: 1) == .ok)
        cluster.wait(ms: Self.judgedMs)
        cluster.start(3)
        cluster.wait(ms: 1000)
        #expect(cluster.ask("SET k w", at: 1, Self.everyone) == .ok)
    }
}
