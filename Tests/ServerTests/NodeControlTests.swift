import Foundation
import Testing

extension ProcessTests {
    /// martletctl against running nodes.
    @Suite struct NodeControlTests {
        private func control(_ server: TestServer, _ words: String...) throws -> ProgramRun {
            try ProgramRun("martletctl", ["--admin", server.adminAddress] + words)
        }

        @Test func `every command shows what the node says`() throws {
            let server = try TestServer.martlet("--partitions", "64", "--shards", "1")
            try server.client().run("SET", "a key", "v")

            let status = try control(server, "status")
            #expect(status.status == 0)
            #expect(status.output.hasPrefix("Cluster "))
            #expect(status.output.contains("Node 1 serves; up for "))
            #expect(status.output.contains("reachable"))

            let ring = try control(server, "ring", "--table")
            #expect(ring.output.contains("64 partitions, n = 3, epoch 1"))
            #expect(ring.output.contains("63  16128-16383  1"))

            let explain = try control(server, "explain", "a key")
            #expect(explain.output.hasPrefix("Key 'a key': slot "))
            #expect(explain.output.contains("All replicas have the same."))
            #expect(explain.output.contains("has it"))

            let metrics = try control(server, "metrics", "martlet_mem*")
            #expect(metrics.output.contains("martlet_members"))

            let json = try control(server, "--json", "status")
            #expect(json.output.hasPrefix(#"{"node":{"id":"#))
        }

        @Test func `settings are read and changed`() throws {
            let server = try TestServer.martlet("--shards", "1")
            #expect(try control(server, "config", "get", "r").output.contains("r        2"))
            let set = try control(server, "config", "set", "request-timeout-ms", "250")
            #expect(set.output == "request-timeout-ms is now 250\n")
            #expect(
                try server.client().run("CONFIG", "GET", "request-timeout-ms").texts
                    == ["request-timeout-ms", "250"])
            let refused = try control(server, "config", "set", "data-dir", "x")
            #expect(refused.status == 1)
            #expect(refused.complaint.hasPrefix("martletctl: "))
        }

        @Test func `a node that is gone is an error of one line`() throws {
            let server = try TestServer.martlet("--shards", "1")
            server.stop()
            let run = try control(server, "status")
            #expect(run.status == 1)
            #expect(run.complaint.split(separator: "\n").count == 1)
        }
    }
}
