import Commands
import Engine
import Essentials
import Membership
import Placement
import Testing

/// Who goes before whom: command, connection, keyspace, settings.
@Suite struct ConsistencyRulesTests {
    private static let settings = Consistency(r: 2, w: 2, pr: 0, pw: 1, dw: 0, timeoutMs: 1000)

    private static let topology = Topology.founded(
        by: MemberDescription(
            id: UniqueID(high: 1, low: 2),
            addresses: MemberAddresses(peer: "h:1", client: "h:2", admin: "h:3"), zone: "",
            weight: 100),
        clusterID: UniqueID(high: 3, low: 4), n: 3, partitions: 64)

    private func rules() throws -> ConsistencyRules {
        var topology = Self.topology
        for (prefix, text) in [("c:", "R 1 W ALL"), ("c:d:", "DW QUORUM PW 0"), ("e", "R ALL")] {
            let quorums = try wanted(text).quorums
            topology = try topology.applying(
                .setKeyspace(prefix: Array(prefix.utf8), quorums), clusterIsEmpty: false)
        }
        return ConsistencyRules(settings: Self.settings, topology: topology)
    }

    private func wanted(
        _ text: String, before: ConsistencyOverride = ConsistencyOverride()
    ) throws -> ConsistencyOverride {
        let words = "CONSISTENCY \(text)".split(separator: " ").map { Array($0.utf8) }
        return try ConsistencyOverride(arguments: words, before: before)
    }

    private func resolve(
        _ key: String, connection: String = "", command: String = ""
    ) throws -> Consistency {
        let both = try wanted(connection).overridden(by: try wanted(command))
        return try rules().resolve(both, for: Array(key.utf8))
    }

    @Test func `a key of no keyspace is under the settings`() throws {
        #expect(try resolve("x") == Self.settings)
        #expect(try rules().resolve(ConsistencyOverride()) == Self.settings)
    }

    @Test func `a keyspace goes before the settings, in what it says`() throws {
        #expect(
            try resolve("c:1")
                == Consistency(r: 1, w: 3, pr: 0, pw: 1, dw: 0, timeoutMs: 1000))
    }

    @Test func `policies of shorter prefixes do not add up`() throws {
        #expect(
            try resolve("c:d:1")
                == Consistency(r: 2, w: 2, pr: 0, pw: 0, dw: 2, timeoutMs: 1000))
    }

    @Test func `a connection goes before the keyspace, and a command before the connection`() throws
    {
        let found = try resolve("c:1", connection: "R 2 PR 2 TIMEOUT 5", command: "R 3")
        #expect(found == Consistency(r: 3, w: 3, pr: 2, pw: 1, dw: 0, timeoutMs: 5))
    }

    @Test func `default goes back to the keyspace, wherever it is said`() throws {
        #expect(try resolve("c:1", connection: "R DEFAULT W DEFAULT").w == 3)
        #expect(try resolve("c:1", connection: "R ALL", command: "R DEFAULT").r == 1)
        #expect(try resolve("x", connection: "R ALL", command: "R DEFAULT").r == 2)
    }

    @Test func `whether it depends on the key is known in advance`() throws {
        #expect(try rules().dependsOnKey)
        #expect(!ConsistencyRules(settings: Self.settings, topology: Self.topology).dependsOnKey)
    }
}
