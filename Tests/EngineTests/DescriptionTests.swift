import Essentials
import Objects
import Testing
import Wire

@testable import Engine
@testable import Simulator

/// Asking all replicas of a key what they hold.
@Suite struct DescriptionTests {
    private func describe(_ key: String, at index: Int, in cluster: Cluster) -> UInt64 {
        let token = UInt64(cluster.descriptions.count + 1)
        let key = ObjectKey(Array(key.utf8))
        cluster.post(
            .descriptionWanted(key, token: token, timeoutMs: 500), to: index,
            shard: cluster.sharding.shard(of: key.position))
        cluster.settle()
        return token
    }

    private func copies(
        _ token: UInt64, _ cluster: Cluster
    ) -> [UInt16: KeyDescription.Copy] {
        let replicas = cluster.descriptions[token]?.replicas ?? []
        return Dictionary(uniqueKeysWithValues: replicas.map { ($0.node.rawValue, $0.copy) })
    }

    private func value(_ copy: KeyDescription.Copy?) -> [[UInt8]]? {
        guard case .object(let object) = copy else { return nil }
        return object.siblings(nowMs: 0)
    }

    @Test func `every replica tells what it holds, and nothing is repaired`() throws {
        let cluster = try Cluster()
        cluster.cut(1, 3)
        cluster.cut(2, 3)
        _ = cluster.ask("SET k v", at: 1)
        cluster.heal(1, 3)
        cluster.heal(2, 3)
        cluster.settle()
        for _ in 0..<2 {
            let found = copies(describe("k", at: 1, in: cluster), cluster)
            #expect(value(found[1]) == [Array("v".utf8)])
            #expect(found[1] == found[2])
            #expect(found[3] == KeyDescription.Copy.none)
        }
    }

    @Test func `a node that holds nothing of the key asks those that do`() throws {
        var options = Cluster.Options()
        options.nodes = 4
        let cluster = try Cluster(options)
        _ = cluster.ask("SET k v", at: 1)
        let holders = copies(describe("k", at: 1, in: cluster), cluster).keys
        let outsider = try #require((1...4).first { !holders.contains(UInt16($0)) })
        let found = copies(describe("k", at: outsider, in: cluster), cluster)
        #expect(found.count == 3)
        #expect(found.values.allSatisfy { value($0) == [Array("v".utf8)] })
    }

    @Test func `who is away or silent is told apart, within the time-out`() throws {
        let cluster = try Cluster()
        cluster.cut(1, 3)
        cluster.network.rules[Network.Way(from: 2, to: 1)] = .lose
        let token = describe("k", at: 1, in: cluster)
        #expect(cluster.descriptions[token] == nil)
        cluster.wait(ms: 520)
        let found = copies(token, cluster)
        #expect(found[1] == KeyDescription.Copy.none)
        #expect(found[2] == .unknown(.noAnswer))
        #expect(found[3] == .unknown(.unreachable))
    }

    @Test func `a broken connection ends the wait`() throws {
        let cluster = try Cluster()
        cluster.network.rules[Network.Way(from: 2, to: 1)] = .lose
        let token = describe("k", at: 1, in: cluster)
        #expect(cluster.descriptions[token] == nil)
        cluster.cut(1, 2)
        cluster.settle()
        #expect(copies(token, cluster)[2] == .unknown(.unreachable))
    }

    @Test func `past the bound questions are refused at once`() throws {
        let cluster = try Cluster()
        cluster.network.rules[Network.Way(from: 2, to: 1)] = .lose
        let key = ObjectKey(Array("k".utf8))
        for token in 1...UInt64(KeyInquiries.countMax + 1) {
            cluster.post(
                .descriptionWanted(key, token: token, timeoutMs: 500), to: 1, shard: 0)
        }
        cluster.settle()
        #expect(cluster.descriptions.count == 1)
        #expect(
            cluster.descriptions.values.allSatisfy { description in
                description.replicas.allSatisfy { $0.copy == .unknown(.refused(.overloaded)) }
            })
        cluster.wait(ms: 520)
        #expect(cluster.descriptions.count == KeyInquiries.countMax + 1)
    }

    @Test func `a changed limit counts at once`() throws {
        let cluster = try Cluster()
        cluster.post(.limitsChanged(driftMsMax: 60_000, valueSizeMax: 4), to: 1, shard: 0)
        _ = cluster.ask("SET k abc", at: 1)
        #expect(cluster.ask("APPEND k de", at: 1)?.isError == true)
        cluster.post(.limitsChanged(driftMsMax: 60_000, valueSizeMax: 5), to: 1, shard: 0)
        #expect(cluster.ask("APPEND k de", at: 1) == .integer(5))
    }
}
