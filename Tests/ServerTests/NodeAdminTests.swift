import Essentials
import Foundation
import Testing
import Wire

@testable import Server

extension ProcessTests {
    /// What the admin port of a running node tells, and martletctl with it.
    @Suite struct NodeAdminTests {
        private static let settings = [
            "--partitions", "64", "--shards", "2", "--wal-sync", "1000", "--zone", "z",
        ]

        private func start(_ count: Int, _ more: String...) throws -> [TestServer] {
            var servers = [try TestServer.martlet(Self.settings + more)]
            for _ in 1..<max(2, count) where servers.count < count {
                let seed = ["--join", servers[0].peerAddress]
                servers.append(try TestServer.martlet(Self.settings + more + seed))
            }
            for server in servers { #expect(try reaches(count, server)) }
            return servers
        }

        /// Waits until `server` reaches `count` members, itself included.
        private func reaches(_ count: Int, _ server: TestServer) throws -> Bool {
            let port = AdminPort(server)
            return try eventually {
                let members = try port.get("/v1/status")["members"]?.elements ?? []
                return members.count { $0["reachable"]?.bool == true } == count
            }
        }

        @Test func `the status shows the node, its cluster and the members`() throws {
            let servers = try start(3)
            // A joiner hears who leads after it was taken in.
            #expect(
                try eventually {
                    let leaders = try servers.map {
                        try AdminPort($0).get("/v1/status")["cluster"]?["authority"]?.integer ?? 0
                    }
                    return (1...3).contains(leaders[0]) && Set(leaders).count == 1
                })
            let status = try AdminPort(servers[1]).get("/v1/status")
            let node = try #require(status["node"])
            let cluster = try #require(status["cluster"])
            #expect(node["number"]?.integer == 2)
            #expect(node["ready"]?.bool == true)
            #expect(node["shards"]?.integer == 2)
            #expect(node["version"]?.string == Release.version)
            #expect(node["disk_state"]?.string == "ample")
            #expect(node["unclean_starts"]?.integer == 0)
            #expect((node["disk_free_bytes"]?.integer ?? 0) > 0)
            #expect((node["memory_bytes"]?.integer ?? 0) > 1 << 20)
            #expect(cluster["epoch"]?.integer == 3)
            #expect(cluster["partitions"]?.integer == 64)
            let members = status["members"]?.elements ?? []
            #expect(members.map { $0["number"]?.integer } == [1, 2, 3])
            #expect(members.map { $0["self"]?.bool } == [false, true, false])
            #expect(members.map { $0["peer_address"]?.string } == servers.map(\.peerAddress))
            #expect(members.allSatisfy { $0["zone"]?.string == "z" })
            #expect(members.allSatisfy { $0["vnodes"]?.integer == 64 })
            let firsts = members.compactMap { $0["first_places"]?.integer }
            #expect(firsts.reduce(0, +) == 64)
        }

        @Test func `the status shows what is under way and what is refused`() throws {
            let servers = try start(3)
            #expect(try reaches(3, servers[0]))
            #expect(try servers[0].client().run("SET", "k", "v") == .simple("OK"))
            let load = try #require(try AdminPort(servers[0]).get("/v1/status")["load"])
            let shards = load["shards"]?.elements ?? []
            #expect(shards.count == 2)
            #expect(shards.allSatisfy { $0["behind"]?.bool == false })
            #expect(shards.allSatisfy { (0...1).contains($0["background_share"]?.number ?? 2) })
            #expect(shards.allSatisfy { $0["requests_parked"]?.integer == 0 })
            let causes = load["refusals"]?.members ?? []
            #expect(causes.map(\.name) == ["loop", "disk", "in_flight", "mailbox"])
            #expect(causes.allSatisfy { $0.value.integer == 0 })
            let peers = load["peers"]?.elements ?? []
            #expect(peers.map { $0["node"]?.integer } == [2, 3])
            #expect(peers.allSatisfy { $0["lagging"]?.bool == false })
        }

        @Test func `the ring is the placement with its figures`() throws {
            let servers = try start(4)
            let ring = try AdminPort(servers[0]).get("/v1/ring")
            #expect(ring["zone_violations"]?.integer == 0)
            let table = ring["table"]?.elements.map { $0.elements.compactMap(\.integer) } ?? []
            #expect(table.count == 64)
            #expect(table.allSatisfy { Set($0).count == 3 })
            for node in ring["nodes"]?.elements ?? [] {
                #expect(node["vnodes"]?.integer == 48)
                #expect(node["vnodes_asked"]?.number == 48)
                #expect(node["first_places"]?.integer == 16)
            }
            #expect(try AdminPort(servers[3]).get("/v1/ring")["table"] == ring["table"])
        }

        @Test func `explain shows every replica's copy, at any node`() throws {
            let servers = try start(4)
            let client = try servers[0].client()
            #expect(try client.run("SET", "k", "value", "EX", "1000") == .simple("OK"))
            for server in servers {
                let port = AdminPort(server)
                #expect(try eventually { try port.get("/v1/explain?key=k")["agree"]?.bool == true })
                let report = try port.get("/v1/explain?key=k")
                #expect(report["slot"]?.integer == 7629)
                #expect(report["fallbacks"]?.elements.count == 1)
                let replicas = report["replicas"]?.elements ?? []
                #expect(replicas.count == 3)
                for replica in replicas {
                    #expect(replica["state"]?.string == "object")
                    #expect(replica["type"]?.string == "string")
                    #expect(replica["siblings"]?.integer == 1)
                    #expect(replica["value_bytes"]?.integer == 5)
                    #expect(replica["digest"] == replicas[0]["digest"])
                    #expect(replica["digest"]?.string?.count == 16)
                    #expect(replica["timestamp"]?.string?.contains("@") == true)
                    #expect((replica["expires_at_ms"]?.integer ?? 0) > 1_000_000_000_000)
                }
            }
            #expect(try client.run("DEL", "k") == .integer(1))
            let port = AdminPort(servers[2])
            #expect(
                try eventually {
                    let replicas = try port.get("/v1/explain?key=k")["replicas"]?.elements ?? []
                    return replicas.allSatisfy { $0["state"]?.string == "tombstone" }
                })
            let unknown = try port.get("/v1/explain?key=nobody")["replicas"]?.elements ?? []
            #expect(unknown.allSatisfy { $0["state"]?.string == "none" })
            let tooLong = String(repeating: "x", count: 65_536)
            // The head of a request has a bound of its own, below that of keys.
            #expect(throws: (any Error).self) { try port.get("/v1/explain?key=\(tooLong)") }
        }

        @Test func `keyspaces are set in the whole cluster, and a key says which one it has`()
            throws
        {
            let servers = try start(3)
            let ports = servers.map { AdminPort($0) }
            func put(_ query: String, _ body: String) throws -> (Int, String) {
                try ports[1].exchange("PUT", "/v1/keyspaces?prefix=" + query, body)
            }
            #expect(try put("cache%3A", #"{"r":1,"w":"one"}"#).0 == 200)
            #expect(try put("cache%3Asafe%3A", #"{"w":"ALL"}"#).0 == 200)
            for port in ports {
                #expect(
                    try eventually {
                        let found = try port.get("/v1/keyspaces")["keyspaces"]?.elements ?? []
                        return found.map { $0["prefix"]?.string } == ["cache:", "cache:safe:"]
                    })
                #expect(try port.metric("martlet_keyspaces") == 2)
            }
            let cached = try ports[2].get("/v1/explain?key=cache%3A1")
            #expect(cached["keyspace"]?.string == "cache:")
            #expect(cached["quorums"] == ["r": 1, "w": 1, "pr": 0, "pw": 0, "dw": 0])
            let safe = try ports[2].get("/v1/explain?key=cache%3Asafe%3A1")
            #expect(safe["quorums"] == ["r": 2, "w": 3, "pr": 0, "pw": 0, "dw": 0])
            let other = try ports[2].get("/v1/explain?key=cache")
            #expect(other["keyspace"] == .null)

            let (status, refusal) = try put("x", #"{"w":4}"#)
            #expect(status == 400)
            #expect(refusal.contains("'w' is 4, more than the 3 replicas of 'n'"))
            #expect(try ports[0].get("/v1/status")["cluster"]?["keyspaces"]?.integer == 2)
            let path = "/v1/keyspaces?prefix=cache%3A"
            #expect(try ports[0].exchange("DELETE", path, "{}").0 == 200)
            #expect(try ports[0].get("/v1/explain?key=cache%3A1")["keyspace"] == .null)
            #expect(try ports[0].exchange("DELETE", path, "{}").0 == 400)
        }

        @Test func `siblings are counted`() throws {
            let server = try TestServer.martlet(Self.settings)
            let client = try server.client()
            try client.run("DPUT", "k", "", "a")
            try client.run("DPUT", "k", "", "bc")
            let report = try AdminPort(server).get("/v1/explain?key=k")
            let replica = try #require(report["replicas"]?.elements.first)
            #expect(replica["siblings"]?.integer == 2)
            #expect(replica["value_bytes"]?.integer == 2)
            #expect(try AdminPort(server).metric("martlet_siblings_total") == 1)
        }

        @Test func `a node is ready while it reaches enough members`() throws {
            let servers = try start(3)
            let port = AdminPort(servers[0])
            #expect(try port.readiness == (200, "ready"))
            servers[2].kill()
            #expect(try reaches(2, servers[0]))
            #expect(try port.readiness == (200, "ready"))
            #expect(try port.set("w", "3") == 200)
            let text = "2 of 3 members can be reached, requests need 3"
            #expect(try port.readiness == (503, text))
            #expect(try port.get("/v1/status")["node"]?["unreadiness"]?.string == text)
            #expect(try port.metric("martlet_ready") == 0)
            #expect(try port.metric("martlet_partitions_unavailable") == 64)
            #expect(try port.metric("martlet_peer_reachable") == 1)
            let copies = try port.get("/v1/explain?key=k")["replicas"]?.elements ?? []
            let away = copies.first { $0["number"]?.integer == 3 }
            #expect(away?["error"]?.string == "cannot be reached")
            #expect(servers[0].log.contains("a member cannot be reached"))
        }

        @Test func `a member that stands still is given up, and taken back`() throws {
            // It is asked long before it is given up.
            let servers = try start(
                3, "--probe-period-ms", "1500", "--request-timeout-ms", "1000")
            servers[2].send(signal: SIGSTOP)
            let client = try servers[0].client()
            let port = AdminPort(servers[0])
            #expect(try client.run("SET", "k", "v") == .simple("OK"))
            let copies = try port.get("/v1/explain?key=k")["replicas"]?.elements ?? []
            let silent = copies.first { $0["number"]?.integer == 3 }
            #expect(silent?["error"]?.string == "did not answer in time")
            #expect(
                try eventually {
                    for index in 0..<32 { try client.run("SET", "k\(index)", "v") }
                    let members = try port.get("/v1/status")["members"]?.elements ?? []
                    return members.last?["reachable"]?.bool == false
                })
            servers[2].send(signal: SIGCONT)
            #expect(try reaches(3, servers[0]))
        }
    }
}
