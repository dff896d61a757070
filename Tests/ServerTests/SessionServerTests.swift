import Foundation
import Testing
import Wire

extension ProcessTests {
    /// Commands about the whole server.
    @Suite struct SessionServerTests {
        @Test func `INFO has the sections that tools read, and only what is asked for`() throws {
            let server = try TestServer.martlet("--shards", "2")
            let client = try server.client()
            let info = try client.run("INFO").text ?? ""
            for line in [
                "# Server\r\n", "redis_version:7.", "redis_mode:standalone\r\n", "loading:0\r\n",
                "role:master\r\n", "cluster_enabled:0\r\n", "# Keyspace\r\n", "used_memory:",
                "used_cpu_user:", "connected_clients:1\r\n", "# Martlet\r\n", "shards:2\r\n",
            ] { #expect(info.contains(line), "\(line)") }
            #expect(!info.contains("# Modules"))
            let two = try client.run("INFO", "cpu", "REPLICATION").text ?? ""
            #expect(two.hasPrefix("# Replication\r\n") && two.contains("\r\n\r\n# CPU\r\n"))
            #expect(try client.run("INFO", "nothing").text == "")
            try client.run("HELLO", "3")
            guard case .verbatim = try client.run("INFO", "server") else {
                Issue.record("not a verbatim text")
                return
            }
        }

        @Test func `cluster-mode is what INFO and HELLO say`() throws {
            let server = try TestServer.martlet("--cluster-mode", "yes")
            let client = try server.client()
            let info = try client.run("INFO").text ?? ""
            #expect(
                info.contains("redis_mode:cluster\r\n") && info.contains("cluster_enabled:1\r\n"))
            #expect(try client.run("HELLO")["mode"] == .bulk("cluster"))
            #expect(try client.run("SELECT", "1").text?.hasPrefix("ERR") == true)
        }

        @Test func `counters of errors and commands start anew with RESETSTAT`() throws {
            let server = try TestServer.martlet()
            let client = try server.client()
            for _ in 0..<3 { try client.run("NOTHING") }
            try client.run("HELLO", "9")
            let before = try client.run("INFO", "errorstats", "stats").text ?? ""
            #expect(before.contains("errorstat_ERR:count=3\r\nerrorstat_NOPROTO:count=1\r\n"))
            #expect(before.contains("total_error_replies:4\r\n"))
            #expect(try client.run("CONFIG", "RESETSTAT") == .ok)
            let after = try client.run("INFO", "errorstats", "stats").text ?? ""
            #expect(!after.contains("errorstat_"))
            #expect(after.contains("total_error_replies:0\r\n"))
            #expect(after.contains("total_commands_processed:1\r\n"))
        }

        @Test func `keys that reads find and miss are counted`() throws {
            let server = try TestServer.martlet()
            let client = try server.client()
            try client.run("MSET", "a", "1", "b", "2")
            try client.run("MGET", "a", "b", "nope")
            try client.run("EXISTS", "a", "nope")
            try client.run("DGET", "b")
            try client.run("DGET", "nope")
            try client.run("TTL", "nope")
            // Commands that write are not reads, though they look.
            try client.run("SET", "a", "3", "NX")
            try client.run("GETDEL", "b")
            let info = try client.run("INFO", "stats").text ?? ""
            #expect(info.contains("keyspace_hits:4\r\nkeyspace_misses:4\r\n"))
            #expect(try client.run("CONFIG", "RESETSTAT") == .ok)
            let anew = try client.run("INFO", "stats").text ?? ""
            #expect(anew.contains("keyspace_hits:0\r\nkeyspace_misses:0\r\n"))
        }

        @Test func `settings are read, changed, and written into the file`() throws {
            let server = try TestServer.martlet()
            let client = try server.client()
            #expect(
                try client.run("CONFIG", "GET", "maxcl*", "save").texts == [
                    "maxclients", "10000", "save", "",
                ])
            #expect(try client.run("CONFIG", "SET", "maxclients", "77", "timeout", "9") == .ok)
            #expect(try client.run("CONFIG", "GET", "maxclients").texts == ["maxclients", "77"])
            let unknown = "ERR Unknown option or number of arguments for CONFIG SET - 'nope'"
            #expect(try client.run("CONFIG", "SET", "nope", "1") == .error(unknown))
            let failed =
                try client.run("CONFIG", "SET", "timeout", "5", "maxclients", "x").text ?? ""
            #expect(
                failed.hasPrefix(
                    "ERR CONFIG SET failed (possibly related to argument 'maxclients') - ")
            )
            #expect(try client.run("CONFIG", "GET", "timeout").texts == ["timeout", "9"])
            let fileless = "ERR The server is running without a config file"
            #expect(try client.run("CONFIG", "REWRITE") == .error(fileless))
        }

        @Test func `REWRITE makes the file say what the server does`() throws {
            let home = FileManager.default.temporaryDirectory
                .appendingPathComponent("martlet-test-\(UUID().uuidString)")
            try FileManager.default.createDirectory(at: home, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(at: home) }
            let file = home.appendingPathComponent("martlet.conf")
            try "# mine\ntimeout 5\n".write(to: file, atomically: true, encoding: .utf8)
            let server = try TestServer.martlet([file.path], directory: home)
            let client = try server.client()
            try client.run("CONFIG", "SET", "timeout", "8", "maxclients", "66")
            #expect(try client.run("CONFIG", "REWRITE") == .ok)
            let text = try String(contentsOf: file, encoding: .utf8)
            #expect(text.hasPrefix("# mine\ntimeout 8\n") && text.contains("maxclients 66"))
        }

        @Test func `slow commands are kept for SLOWLOG`() throws {
            let server = try TestServer.martlet("--slowlog-log-slower-than", "0")
            let client = try server.client()
            try client.run("CLIENT", "SETNAME", "slow")
            for index in 0..<15 { try client.run("SET", "key\(index)", "value") }
            #expect(try client.run("SLOWLOG", "GET").items.count <= 10)
            let entry = try client.run("SLOWLOG", "GET", "1").items.first?.items ?? []
            #expect(entry.count == 6)
            #expect(entry.last == .bulk("slow"))
            #expect(try client.run("SLOWLOG", "GET", "-2").text?.hasPrefix("ERR count") == true)
            #expect(try client.run("SLOWLOG", "RESET") == .ok)
            #expect(try client.run("SLOWLOG", "LEN") == .integer(0))
        }

        @Test func `TIME tells the time`() throws {
            let server = try TestServer.martlet()
            let texts = try server.client().run("TIME").texts
            let seconds = Double(texts.first ?? "") ?? 0
            #expect(abs(seconds - Date().timeIntervalSince1970) < 60)
            #expect((0..<1_000_000).contains(Int(texts.last ?? "") ?? -1))
        }

        // MARK: SHUTDOWN

        @Test(arguments: ["SHUTDOWN", "SHUTDOWN NOSAVE", "shutdown save now force"])
        func `SHUTDOWN ends the node without a reply`(command: String) throws {
            let server = try TestServer.martlet()
            let bystanders = try (0..<3).map { _ in try server.client() }
            for client in bystanders { try client.run("PING") }
            let client = try server.client()
            try client.send(inline: "SET a 1", command, "SET a 2")
            #expect(try client.reply() == .ok)
            #expect(try client.receivedToEnd().isEmpty)
            #expect(server.ends())
            #expect(server.exitStatus == 0, "\(server.log)")
            let second = try TestServer.martlet(directory: server.directory)
            #expect(try second.client().run("GET", "a") == .bulk("1"))
        }

        @Test func `SHUTDOWN refuses what it does not understand`() throws {
            let server = try TestServer.martlet()
            let client = try server.client()
            for words in [["SAVE", "NOSAVE"], ["LATER"], ["ABORT", "NOW"]] {
                #expect(try client.run(["SHUTDOWN"] + words) == .error("ERR syntax error"))
            }
            #expect(try client.run("SHUTDOWN", "ABORT") == .error("ERR No shutdown in progress."))
            #expect(try client.run("PING") == .simple("PONG"))
        }
    }
}
