import Commands
import Essentials
import Membership
import Testing
import Wire

@testable import Engine
@testable import Simulator

/// Commands of one connection on one key, through a node that does not hold it.
@Suite struct ForwardOrderTests {
    /// Node 3 of four holds no replica of `k`; nodes 2, 4 and 1 do.
    private func cluster(_ bug: DeliberateBug = .none) throws -> Cluster {
        var options = Cluster.Options()
        options.nodes = 4
        options.bug = bug
        let cluster = try Cluster(options)
        cluster.settle()
        return cluster
    }

    private func send(
        _ lines: [String], on connection: ClientConnection, _ cluster: Cluster
    ) -> Range<Int> {
        let first = cluster.clients.requests.count
        let commands = lines.enumerated().map { tag, line in
            (tag: tag, words: line.split(separator: " ").map { Array($0.utf8) })
        }
        cluster.send(commands, on: connection)
        cluster.settle()
        return first..<first + lines.count
    }

    private func replies(_ numbers: Range<Int>, _ cluster: Cluster) -> [Reply?] {
        numbers.map { cluster.clients.requests[$0].reply }
    }

    private func value(_ cluster: Cluster) -> Reply? { cluster.ask("GET k", at: 1) }

    @Test func `a pipeline takes effect in its order`() throws {
        let cluster = try cluster()
        let connection = try #require(cluster.connect(to: 3, loop: 0))
        let sets = (1...20).map { "SET k \($0)" }
        let numbers = send(sets + ["GET k", "DEL k", "GET k"], on: connection, cluster)
        let expected: [Reply?] =
            Array(repeating: .ok, count: 20) + [.bulk(Array("20".utf8)), .integer(1), .null]
        #expect(replies(numbers, cluster) == expected)
        #expect(value(cluster) == .null)
    }

    @Test func `what was sent later waits for what is under way`() throws {
        let cluster = try cluster()
        let connection = try #require(cluster.connect(to: 3, loop: 0))
        cluster.network.rules[.init(from: 3, to: 2)] = .hold
        let first = send(["SET k 1"], on: connection, cluster)
        let second = send(["GET k", "SET k 2", "GET k"], on: connection, cluster)
        cluster.wait(ms: 300)
        #expect(replies(first, cluster) == [nil])
        #expect(replies(second, cluster) == [nil, nil, nil])
        cluster.network.rules[.init(from: 3, to: 2)] = nil
        for held in cluster.network.takeHeld(.init(from: 3, to: 2)) { cluster.planArrival(held) }
        cluster.settle()
        #expect(replies(first, cluster) == [.ok])
        let expected: [Reply?] = [.bulk(Array("1".utf8)), .ok, .bulk(Array("2".utf8))]
        #expect(replies(second, cluster) == expected)
    }

    /// The first is lost with its connection; what follows runs elsewhere, and not before the
    /// first can run no more.
    @Test func `one of unknown fate holds up what follows until it cannot begin`() throws {
        let cluster = try cluster()
        let connection = try #require(cluster.connect(to: 3, loop: 0))
        cluster.network.rules[.init(from: 3, to: 2)] = .hold
        let numbers = send(["SET k 1"], on: connection, cluster)
        let later = send(["SET k 2", "GET k"], on: connection, cluster)
        cluster.cut(3, 2)
        cluster.wait(ms: 740)
        #expect(replies(numbers, cluster) == [nil])
        #expect(replies(later, cluster) == [nil, nil])
        cluster.wait(ms: 20)
        guard case .error(let text)? = replies(numbers, cluster)[0] else {
            Issue.record("the first was answered")
            return
        }
        #expect(text.hasPrefix("NOQUORUM 0 of 2 replicas answered"))
        #expect(replies(later, cluster) == [.ok, .bulk(Array("2".utf8))])
    }

    /// The answers are lost with the connection: the writes may have run, so the read before them
    /// must not go elsewhere, where it would see them.
    @Test func `what was before one of unknown fate does not run after it`() throws {
        let cluster = try cluster()
        let connection = try #require(cluster.connect(to: 3, loop: 0))
        #expect(cluster.ask("SET k 0", at: 1) == .ok)
        cluster.network.rules[.init(from: 2, to: 3)] = .hold
        let numbers = send(["GET k", "SET k 1", "SET k 2"], on: connection, cluster)
        cluster.cut(3, 2)
        cluster.wait(ms: 1100)
        guard case .error? = replies(numbers, cluster)[0] else {
            Issue.record("the read was answered \(String(describing: replies(numbers, cluster)))")
            return
        }
        #expect(value(cluster) == .bulk(Array("2".utf8)))
    }

    @Test func `a coordinator that stood still does not begin what was given up`() throws {
        let cluster = try cluster()
        let connection = try #require(cluster.connect(to: 3, loop: 0))
        cluster.pause(2)
        let numbers = send(["SET k old"], on: connection, cluster)
        cluster.wait(ms: 1100)
        #expect(replies(numbers, cluster).allSatisfy { $0 != .ok && $0 != nil })
        cluster.resume(2)
        cluster.wait(ms: 100)
        #expect(value(cluster) == .null)
    }

    @Test func `a command that comes twice is carried out once`() throws {
        let cluster = try cluster()
        let connection = try #require(cluster.connect(to: 3, loop: 0))
        cluster.network.rules[.init(from: 3, to: 2)] = .double
        let numbers = send(["INCR k", "INCR k"], on: connection, cluster)
        #expect(replies(numbers, cluster) == [.integer(1), .integer(2)])
        #expect(value(cluster) == .bulk(Array("2".utf8)))
    }

    // MARK: The parts

    @Test func `numbers are taken once`() {
        var taken = ForwardsTaken()
        let (one, other) = (LinkID(rawValue: 1), LinkID(rawValue: 2))
        let isNew: [Bool] = [5, 5, 3, 3, 6, 80, 5, 17, 17, 16, 200].map {
            taken.take($0, one, nowNs: 1)
        }
        #expect(
            isNew == [
                true, false, true, false, true, true, false, true, false, false, true,
            ])
        let isNewElsewhere = taken.take(5, other, nowNs: 1)
        #expect(isNewElsewhere)
    }

    @Test func `a clock's bound is never ahead of the clock`() {
        var bounds = ClockBounds()
        let node = NodeNumber(rawValue: 2)
        #expect(bounds.leastNs(node, nowNs: 1000) == nil)
        bounds.note(node, remoteNs: 0, atNs: 1000)
        #expect(bounds.leastNs(node, nowNs: 1000) == nil)
        bounds.note(node, remoteNs: 1_000_000, atNs: 5_000_000)
        #expect(bounds.leastNs(node, nowNs: 5_000_000) == 1_000_000)
        // A frame that was long under way teaches nothing.
        bounds.note(node, remoteNs: 1_000_500, atNs: 6_000_000)
        let least = bounds.leastNs(node, nowNs: 6_000_000) ?? 0
        #expect(least <= 2_000_000 && least >= 2_000_000 - 1_000_000 / 1000)
        bounds.forget(node)
        #expect(bounds.leastNs(node, nowNs: 6_000_000) == nil)
    }
}
