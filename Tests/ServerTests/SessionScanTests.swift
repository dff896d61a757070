import Foundation
import Testing
import Wire

extension ProcessTests {
    /// Commands about all keys.
    @Suite struct SessionScanTests {
        private func fill(_ client: TestClient, _ count: Int) throws {
            try client.send(
                (0..<count).flatMap { TestClient.encode(["SET", "key:\($0)", "\($0)"]) })
            for _ in 0..<count { #expect(try client.reply() == .ok) }
        }

        private func scan(_ client: TestClient, _ options: String...) throws -> [String] {
            var found: [String] = []
            var cursor = "0"
            repeat {
                let reply = try client.run(["SCAN", cursor] + options)
                cursor = reply.items.first?.text ?? "0"
                // JavaScript's clients keep it in a double, PHP's in a signed word.
                #expect(UInt64(cursor).map { UInt64(Double($0)) == $0 } == true)
                found += reply.items.last?.texts ?? []
            } while cursor != "0"
            return found
        }

        @Test(arguments: ["1", "7", "100", "100000"])
        func `a scan finds every key once, whatever its step`(count: String) throws {
            let server = try TestServer.martlet("--wal-sync", "1000")
            let client = try server.client()
            try fill(client, 700)
            let found = try scan(client, "COUNT", count)
            #expect(found.count == 700)
            #expect(Set(found).count == 700)
            #expect(try scan(client, "COUNT", count, "MATCH", "key:1?").count == 10)
            #expect(try scan(client, "TYPE", "string", "COUNT", count).count == 700)
            #expect(try scan(client, "TYPE", "hash", "COUNT", count).isEmpty)
        }

        @Test func `keys that stay are found while others come and go`() throws {
            let server = try TestServer.martlet("--wal-sync", "1000")
            let client = try server.client()
            try fill(client, 300)
            var found: Set<String> = []
            var cursor = "0"
            var turn = 0
            repeat {
                let reply = try client.run("SCAN", cursor, "COUNT", "5")
                cursor = reply.items.first?.text ?? "0"
                found.formUnion(reply.items.last?.texts ?? [])
                try client.run("SET", "new:\(turn)", "x")
                try client.run("DEL", "key:\(turn)")
                turn += 1
            } while cursor != "0"
            for index in turn..<300 { #expect(found.contains("key:\(index)")) }
        }

        @Test func `what a pipeline wrote before it, a scan sees`() throws {
            let server = try TestServer.martlet()
            let client = try server.client()
            try client.send(
                inline: "SET a 1", "KEYS *", "DBSIZE", "SET b 2", "SCAN 0", "DEL a b", "KEYS *")
            let replies = try (0..<7).map { _ in try client.reply() }
            #expect(replies[1].texts == ["a"])
            #expect(replies[2] == .integer(1))
            #expect(Set(replies[4].items[1].texts) == ["a", "b"])
            #expect(replies[6].items.isEmpty)
        }

        @Test func `deleted and expired keys are gone`() throws {
            let server = try TestServer.martlet("--wal-sync", "1000")
            let client = try server.client()
            try fill(client, 20)
            for index in 0..<5 { try client.run("DEL", "key:\(index)") }
            for index in 5..<9 { try client.run("PEXPIRE", "key:\(index)", "1") }
            usleep(20_000)
            #expect(try scan(client).count == 11)
            #expect(try client.run("KEYS", "key:*").items.count == 11)
            let random = try client.run("RANDOMKEY").text ?? ""
            #expect(random.hasPrefix("key:"))
            try client.run(["DEL"] + (9..<20).map { "key:\($0)" })
            #expect(try client.run("RANDOMKEY") == .null)
            #expect(try client.run("KEYS", "*").items.isEmpty)
        }

        @Test func `DBSIZE is right after writes, after a restart, and after a crash`() throws {
            let server = try TestServer.martlet("--shards", "2")
            let client = try server.client()
            try fill(client, 500)
            try client.run(["DEL"] + (0..<100).map { "key:\($0)" })
            try client.run("SET", "key:100", "again")
            #expect(try client.run("DBSIZE") == .integer(400))
            server.kill()
            let second = try TestServer.martlet("--shards", "2", directory: server.directory)
            let again = try second.client()
            #expect(try isSoonCounted(again))
            #expect(try again.run("DBSIZE") == .integer(400))
            try again.run("SET", "one more", "1")
            try again.run("DEL", "key:200", "key:201")
            #expect(try again.run("DBSIZE") == .integer(399))
            second.stop()
            let third = try TestServer.martlet("--shards", "1", directory: server.directory)
            let last = try third.client()
            #expect(try isSoonCounted(last))
            #expect(try last.run("DBSIZE") == .integer(399))
            #expect(try last.run("INFO", "keyspace").text?.contains("keys=399,expires=0") == true)
        }

        /// Waits until a node has counted all its keys since its start. It takes its time where
        /// others want the processors: counting is done at the lowest priority, and paused for as
        /// long as a partition took, up to sixteen times that beside clients.
        private func isSoonCounted(_ client: TestClient) throws -> Bool {
            try eventually(withinSeconds: 120) {
                let info = try client.run("INFO", "martlet").text ?? ""
                return info.contains("partitions_counted:256\r\n")
            }
        }

        @Test func `an invalid cursor or option is told as Redis does`() throws {
            let server = try TestServer.martlet()
            let client = try server.client()
            #expect(try client.run("SCAN", "x") == .error("ERR invalid cursor"))
            #expect(try client.run("SCAN", "0", "COUNT", "0") == .error("ERR syntax error"))
            #expect(try client.run("SCAN", "18446744073709551615").items.first?.text == "0")
        }

        // MARK: Flushing

        @Test func `FLUSHALL needs leave, empties everything, and lets what follows stay`() throws {
            let server = try TestServer.martlet("--shards", "2")
            let client = try server.client()
            try fill(client, 50)
            #expect(try client.run("FLUSHALL").text?.contains("flush yes") == true)
            #expect(try client.run("DBSIZE") == .integer(50))
            try client.run("CONFIG", "SET", "flush", "yes")
            try client.send(
                inline: "SET before 1", "FLUSHALL ASYNC", "SET after 1", "KEYS *", "DBSIZE")
            let replies = try (0..<5).map { _ in try client.reply() }
            #expect(replies[1] == .ok)
            #expect(replies[2] == .ok)
            #expect(replies[3].texts == ["after"])
            #expect(replies[4] == .integer(1))
            #expect(try client.run("FLUSHDB", "later") == .error("ERR syntax error"))
            server.kill()
            let second = try TestServer.martlet("--shards", "2", directory: server.directory)
            #expect(try second.client().run("KEYS", "*").texts == ["after"])
        }
    }
}
