import Causality
import Essentials
import Objects
import Testing
import Wire

@testable import Engine
@testable import Simulator

@Suite struct ContextTokenTests {
    private let key = Array("key".utf8)

    private func context(epochMs: UInt64 = 9, counters: ClosedRange<UInt64> = 1...3)
        -> CausalContext
    {
        var context = CausalContext()
        let actor = Actor(node: NodeNumber(rawValue: 1), epochMs: epochMs)
        for counter in counters { context.insert(Dot(actor: actor, counter: counter)) }
        return context
    }

    private func hex(_ bytes: [UInt8]) -> String {
        bytes.map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
    }

    /// Clients keep these for long.
    @Test func `the format does not change`() throws {
        let token = ContextToken.encode(Sighting(context()), of: key)
        #expect(hex(token) == "01" + "e36551a0" + "01" + "0900000000000100" + "03" + "00")
        #expect(try ContextToken.decode(token, of: key) == Sighting(context()))
        let actor = Actor(node: NodeNumber(rawValue: 1), epochMs: 9)
        let mark = CounterMark(actor: actor, counter: 2, total: .integer(-3))
        let counter = Sighting(context(), marks: [mark])
        let second = ContextToken.encode(counter, of: key)
        #expect(
            hex(second) == "02" + "e36551a0" + "01" + "0900000000000100" + "03" + "00"
                + "01" + "0900000000000100" + "02" + "02" + "05")
        #expect(try ContextToken.decode(second, of: key) == counter)
    }

    @Test func `nothing seen is nothing written, and the other way round`() throws {
        #expect(ContextToken.encode(Sighting(), of: key) == [])
        #expect(try ContextToken.decode([], of: key) == Sighting())
    }

    @Test func `a context of another key is refused, and so is a mangled one`() {
        let token = ContextToken.encode(Sighting(context()), of: key)
        #expect(throws: ContextToken.Failure.otherKey) {
            try ContextToken.decode(token, of: Array("kez".utf8))
        }
        for size in 1..<token.count {
            #expect(throws: ContextToken.Failure.malformed) {
                try ContextToken.decode(Array(token[..<size]), of: key)
            }
        }
        var newer = token
        newer[0] = 3
        #expect(throws: ContextToken.Failure.malformed) { try ContextToken.decode(newer, of: key) }
        #expect(throws: ContextToken.Failure.malformed) {
            try ContextToken.decode(token + [0], of: key)
        }
    }

    private func put(_ context: CausalContext, at cluster: Cluster, _ value: String) -> String {
        let token = ContextToken.encode(Sighting(context), of: key)
        let words = [Array("DPUT".utf8), key, token, Array(value.utf8)]
        let number = cluster.submit(words, at: 1)
        cluster.settle()
        if case .error(let text)? = cluster.clients[number].reply { return text }
        return cluster.clients[number].reply == nil ? "no answer" : "taken"
    }

    @Test func `contexts that a client has made up end nobody and use no dot twice`() throws {
        let cluster = try Cluster()
        _ = cluster.ask("SET key v", at: 1)
        let nowMs = cluster.now(1).wallMs
        let ahead = Life.aheadMsMax
        // Actors further ahead than any node comes.
        for epochMs in [nowMs + 2 * ahead, Actor.epochMsMax] {
            #expect(put(context(epochMs: epochMs), at: cluster, "x").hasPrefix("ERR invalid"))
        }
        // Dots of this node, and of the others, that they have not made.
        for count: UInt64 in 1...20 {
            let forged = context(epochMs: nowMs + ahead, counters: count...count)
            #expect(put(forged, at: cluster, "z") == "taken")
        }
        // However many there are: they do not open the way for more, and move nothing further.
        let further = context(epochMs: nowMs + ahead + 1000)
        #expect(put(further, at: cluster, "x").hasPrefix("ERR invalid"))
        let reachedMs = cluster[1].process?.shards[0].plane.epochReachedMs ?? .max
        #expect(reachedMs <= nowMs + ahead + 2 * Life.spreadMs)
        var forged = context(epochMs: nowMs + ahead / 2)
        #expect(put(forged, at: cluster, "a") == "taken")
        for node: UInt16 in 1...3 {
            let actor = Actor(node: NodeNumber(rawValue: node), epochMs: nowMs)
            forged.insert(Dot(actor: actor, counter: 1 << 61))
        }
        #expect(put(forged, at: cluster, "b") == "taken")
        // The ledger takes what clients make up for dots of the nodes.
        _ = cluster.ledger.takeViolations()
        for node in 1...3 {
            #expect(cluster.ask("SET key \(node)", at: node) == .ok)
            #expect(cluster.ask("GET key", at: node % 3 + 1) == .bulk("\(node)"))
        }
        #expect(cluster.violations == [])
        #expect(cluster.ledger.violations == [])
    }

    /// Each start of a node moves its numbers past all that it may have used: ahead of the clock.
    @Test func `a context of a node that was started often is taken by one that is behind`() throws
    {
        let cluster = try Cluster()
        for _ in 0..<20 {
            cluster.stop(2)
            cluster.start(2)
        }
        cluster.network.rules[Network.Way(from: 2, to: 1)] = .lose
        let empty = [Array("DPUT".utf8), key, [], Array("v".utf8)]
        let first = cluster.submit(empty, at: 2)
        cluster.settle()
        guard case .bulk(let token)? = cluster.clients[first].reply else {
            Issue.record("answered \(String(describing: cluster.clients[first].reply))")
            return
        }
        cluster.network.rules[Network.Way(from: 2, to: 1)] = nil
        let newestMs = try ContextToken.decode(token, of: key).context.newestEpochMs()
        #expect(newestMs > cluster.now(1).wallMs + cluster.options.driftMsMax)
        let number = cluster.submit([Array("DPUT".utf8), key, token, Array("w".utf8)], at: 1)
        cluster.settle()
        guard case .bulk? = cluster.clients[number].reply else {
            Issue.record("answered \(String(describing: cluster.clients[number].reply))")
            return
        }
        #expect(cluster.ask("GET key", at: 3) == .bulk("w"))
    }
}
