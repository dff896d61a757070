import Foundation
import Testing
import Wire

extension ProcessTests {
    /// What cluster-aware clients ask, of nodes that do not hold everything.
    @Suite struct SessionClusterTests {
        private static let settings = [
            "--n", "2", "--w", "2", "--partitions", "64", "--wal-sync", "1000", "--flush", "yes",
        ]

        /// Starts a cluster and waits until every node knows and reaches every other.
        private func start(_ count: Int) throws -> [TestServer] {
            var servers = [try TestServer.martlet(Self.settings)]
            for _ in 1..<count {
                servers.append(
                    try TestServer.martlet(Self.settings + ["--join", servers[0].peerAddress]))
            }
            for server in servers {
                let client = try server.client()
                #expect(
                    try eventually {
                        let nodes = try client.run("CLUSTER", "NODES").text ?? ""
                        return nodes.split(separator: "\n").count == count
                            && !nodes.contains("disconnected")
                    })
            }
            return servers
        }

        @Test func `every slot has replicas that are members, each the master of some`() throws {
            let servers = try start(3)
            let client = try servers[1].client()
            let ranges = try client.run("CLUSTER", "SLOTS").items
            var covered = 0
            var masters: Set<String> = []
            for range in ranges.map(\.items) {
                #expect(range[0].integer == Int64(covered))
                covered = Int(range[1].integer ?? 0) + 1
                #expect(range.count == 4)
                for node in range.dropFirst(2).map(\.items) {
                    #expect(node[0] == .bulk("127.0.0.1"))
                    #expect(node[2].text?.utf8.count == 40)
                }
                masters.insert(range[2].items[2].text ?? "")
                #expect(range[2].items[1] != range[3].items[1])
            }
            #expect(covered == 16384)
            let lines = (try client.run("CLUSTER", "NODES").text ?? "").split(separator: "\n")
            #expect(Set(lines.map { String($0.prefix(40)) }) == masters)
            let own = try client.run("CLUSTER", "MYID").text ?? ""
            #expect(
                lines.filter { $0.contains("myself,master") }.map { String($0.prefix(40)) } == [own]
            )
            #expect(try client.run("CLUSTER", "INFO").text?.contains("cluster_size:3\r\n") == true)
            let shards = try client.run("CLUSTER", "SHARDS").items
            let slots = shards.flatMap { $0["slots"]?.items ?? [] }.compactMap(\.integer)
            #expect(slots.count % 2 == 0 && slots.reduce(0, +) > 0)
            #expect(shards.allSatisfy { $0["nodes"]?.items.count == 2 })
            #expect(shards.first?["nodes"]?.items.first?["role"] == .bulk("master"))
        }

        @Test func `any node finds all keys, also those that it does not hold`() throws {
            let servers = try start(4)
            let writer = try servers[2].client()
            for index in 0..<400 { #expect(try writer.run("SET", "{\(index)}", "x") == .ok) }
            for server in servers {
                let client = try server.client()
                let keys = try client.run("KEYS", "*").texts
                #expect(keys.count == 400)
                #expect(Set(keys).count == 400)
                let estimate = try client.run("DBSIZE").integer ?? 0
                #expect((250...550).contains(estimate))
                for index in 0..<20 {
                    let slot = try client.run("CLUSTER", "KEYSLOT", "{\(index)}").integer ?? 0
                    let found = try client.run("CLUSTER", "GETKEYSINSLOT", "\(slot)", "10").texts
                    #expect(found.contains("{\(index)}"))
                    let count = try client.run("CLUSTER", "COUNTKEYSINSLOT", "\(slot)")
                    #expect(count == .integer(Int64(found.count)))
                }
                #expect(try client.run("RANDOMKEY").text?.hasPrefix("{") == true)
            }
            #expect(try servers[3].client().run("FLUSHALL") == .ok)
            for server in servers { #expect(try server.client().run("KEYS", "*").items.isEmpty) }
        }

        @Test func `a node that is down is no master any more, and all keys are still found`()
            throws
        {
            let servers = try start(4)
            let client = try servers[0].client()
            for index in 0..<200 { try client.run("SET", "key\(index)", "x") }
            let lost = try servers[3].client().run("CLUSTER", "MYID").text ?? ""
            servers[3].kill()
            #expect(
                try eventually {
                    try client.run("CLUSTER", "SLOTS").items
                        .allSatisfy { $0.items[2].items[2].text != lost }
                })
            let line =
                (try client.run("CLUSTER", "NODES").text ?? "").split(separator: "\n")
                .first { $0.hasPrefix(lost) } ?? ""
            #expect(line.contains("fail?") && line.contains("disconnected"))
            #expect(try client.run("CLUSTER", "INFO").text?.hasPrefix("cluster_state:ok") == true)
            // Of some keys one of both replicas is down. Two were written, so one knows all.
            #expect(try client.run("KEYS", "*").text?.hasPrefix("NOQUORUM") == true)
            try client.run("CONSISTENCY", "R", "ONE")
            #expect(try client.run("KEYS", "*").items.count == 200)
        }

        @Test func `a flush without a majority of the voters is refused, and says why`() throws {
            let servers = try start(2)
            let client = try servers[1].client()
            let port = AdminPort(servers[1])
            #expect(try eventually { try port.metric("martlet_consensus_voters") == 2 })
            servers[0].kill()
            #expect(
                try eventually {
                    try client.run("CLUSTER", "NODES").text?.contains("fail?") == true
                })
            #expect(
                try client.run("FLUSHALL").text?.hasSuffix(
                    "no majority of the voters can be reached: 1 of 2; "
                        + "the topology cannot change now, data is served as before") == true)
        }

        @Test func `READONLY and READWRITE change nothing`() throws {
            let server = try TestServer.martlet()
            let client = try server.client()
            #expect(try client.run("READONLY") == .ok)
            #expect(try client.run("SET", "a", "1") == .ok)
            #expect(try client.run("READWRITE") == .ok)
            #expect(
                try client.run("ASKING").text?.hasPrefix("ERR unknown command 'ASKING'") == true)
            #expect(
                try client.run("CLUSTER", "COUNTKEYSINSLOT", "16384") == .error("ERR Invalid slot"))
        }
    }
}
