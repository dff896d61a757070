import Foundation
import Testing
import Wire

extension ProcessTests {
    /// What a client may say about its own connection.
    @Suite struct SessionConnectionTests {
        @Test func `HELLO chooses the protocol for what follows and not for what came before`()
            throws
        {
            let server = try TestServer.martlet()
            let client = try server.client()
            try client.send(
                inline: "GET nothing", "HELLO 3", "GET nothing", "HELLO 2", "GET nothing")
            client.finishSending()
            let bytes = try client.receivedToEnd()
            let text = String(decoding: bytes, as: UTF8.self)
            #expect(text.hasPrefix("$-1\r\n%7\r\n"))
            #expect(text.contains("*0\r\n_\r\n*14\r\n"))
            #expect(text.hasSuffix("*0\r\n$-1\r\n"))
        }

        @Test func `RESET forgets everything but the connection`() throws {
            let server = try TestServer.martlet("--request-timeout-ms", "1000")
            let client = try server.client()
            try client.run("HELLO", "3", "SETNAME", "mine")
            try client.run("CONSISTENCY", "R", "1", "TIMEOUT", "77")
            #expect(try client.run("RESET") == .simple("RESET"))
            #expect(try client.run("CLIENT", "GETNAME") == .null)
            #expect(try client.run("CONSISTENCY")["timeout"] == .integer(1000))
        }

        @Test func `CONSISTENCY answers all numbers, resolved`() throws {
            let server = try TestServer.martlet("--n", "3", "--r", "2")
            let client = try server.client()
            let reply = try client.run("CONSISTENCY", "W", "ALL", "PR", "one", "R", "DEFAULT")
            #expect(reply["r"] == .integer(2))
            #expect(reply["w"] == .integer(3))
            #expect(reply["pr"] == .integer(1))
            #expect(try client.run("CONSISTENCY", "R", "0").text?.hasPrefix("ERR") == true)
            #expect(try client.run("CONSISTENCY", "X", "1") == .error("ERR syntax error"))
        }

        // MARK: Replies

        @Test func `CLIENT REPLY silences one command or all that follow`() throws {
            let server = try TestServer.martlet()
            let client = try server.client()
            try client.send(
                inline: "CLIENT REPLY SKIP", "SET a 1", "GET a", "CLIENT REPLY OFF", "GET a",
                "INCR a",
                "PING", "CLIENT REPLY ON", "GET a")
            client.finishSending()
            let bytes = try client.receivedToEnd()
            #expect(String(decoding: bytes, as: UTF8.self) == "$1\r\n1\r\n+OK\r\n$1\r\n2\r\n")
        }

        @Test func `a silenced pipeline deeper than what runs side by side is carried out`() throws
        {
            let server = try TestServer.martlet("--wal-sync", "1000")
            let client = try server.client()
            try client.run("SET", "n", "0")
            try client.send(inline: "CLIENT REPLY OFF")
            let increment = TestClient.encode(["INCR", "n"])
            for _ in 0..<50 { try client.send((0..<100).flatMap { _ in increment }) }
            try client.send(inline: "CLIENT REPLY ON", "GET n")
            #expect(try client.reply() == .ok)
            #expect(try client.reply() == .bulk("5000"))
        }

        @Test func `nothing after QUIT is carried out`() throws {
            let server = try TestServer.martlet()
            let client = try server.client()
            try client.send(inline: "SET a 1", "QUIT", "SET a 2")
            #expect(try client.reply() == .ok)
            #expect(try client.reply() == .ok)
            #expect(client.isClosedByServer())
            #expect(try server.client().run("GET", "a") == .bulk("1"))
        }

        @Test func `a client that ends its side is still answered`() throws {
            let server = try TestServer.martlet()
            let client = try server.client()
            try client.send((0..<3000).flatMap { _ in TestClient.encode(["INCR", "n"]) })
            client.finishSending()
            for _ in 0..<3000 { #expect(try client.reply().integer != nil) }
            #expect(client.isClosedByServer())
            #expect(try server.client().run("GET", "n") == .bulk("3000"))
        }

        // MARK: Passwords

        private static let wrongPassword = Reply.error(
            "WRONGPASS invalid username-password pair or user is disabled.")
        private static let passwordWanted = Reply.error("NOAUTH Authentication required.")

        @Test func `with a password nothing but unknown commands is answered before AUTH`() throws {
            let server = try TestServer.martlet("--password", "secret")
            let client = try server.client()
            #expect(try client.run("GET", "a") == Self.passwordWanted)
            #expect(try client.run("SET", "a", "b", "WRONG") == Self.passwordWanted)
            #expect(try client.run("CLIENT", "LIST") == Self.passwordWanted)
            #expect(try client.run("GET").text?.hasPrefix("ERR wrong number") == true)
            #expect(try client.run("NOTHING").text?.hasPrefix("ERR unknown command") == true)
            #expect(try client.run("HELLO").text?.hasPrefix("NOAUTH HELLO must be called") == true)
            #expect(try client.run("AUTH", "other", "secret") == Self.wrongPassword)
            #expect(try client.run("AUTH", "secret") == .ok)
            #expect(try client.run("SET", "a", "1") == .ok)
            #expect(try client.run("RESET") == .simple("RESET"))
            #expect(try client.run("GET", "a") == Self.passwordWanted)
            let hello = try client.run("HELLO", "3", "AUTH", "default", "secret", "SETNAME", "x")
            #expect(hello["proto"] == .integer(3))
            #expect(try client.run("GET", "a") == .bulk("1"))
        }

        @Test func `a wrong password holds its connection up, and no other`() throws {
            let server = try TestServer.martlet("--password", "secret")
            let guesser = try server.client()
            let start = Date()
            try guesser.send(inline: "AUTH a", "AUTH b", "AUTH c", "AUTH secret", "PING")
            for _ in 0..<3 { #expect(try guesser.reply() == Self.wrongPassword) }
            #expect(try guesser.reply() == .ok)
            #expect(try guesser.reply() == .simple("PONG"))
            #expect(Date().timeIntervalSince(start) > 0.7)
            // Ten seconds of guesses: many commands of others are answered before the last of them.
            let guesses = 40
            try guesser.send((0..<guesses).flatMap { TestClient.encode(["AUTH", "guess\($0)"]) })
            let other = try server.client()
            #expect(try other.run("AUTH", "secret") == .ok)
            for _ in 0..<guesses { #expect(try other.run("PING") == .simple("PONG")) }
            let info = try other.run("INFO", "errorstats").text ?? ""
            let refused = try #require(info.firstMatch(of: /errorstat_WRONGPASS:count=(\d+)/))
            #expect(try #require(Int(refused.1)) < 3 + guesses)
            #expect(!server.log.contains("secret"))
        }

        @Test func `little is accepted before AUTH, and as usual after it`() throws {
            let server = try TestServer.martlet("--password", "secret")
            let stranger = try server.client()
            try stranger.send(inline: "*100")
            #expect(
                try stranger.reply()
                    == .error("ERR Protocol error: unauthenticated multibulk length"))
            #expect(stranger.isClosedByServer())
            let client = try server.client()
            try client.run("AUTH", "secret")
            #expect(try client.run("SET", "a", String(repeating: "x", count: 1 << 20)) == .ok)
        }

        @Test func `a password that is set later binds new clients only`() throws {
            let server = try TestServer.martlet()
            let old = try server.client()
            #expect(try old.run("CONFIG", "SET", "password", "secret") == .ok)
            #expect(try old.run("PING") == .simple("PONG"))
            let new = try server.client()
            #expect(try new.run("PING") == Self.passwordWanted)
            #expect(try old.run("CONFIG", "SET", "password", "") == .ok)
            #expect(try new.run("PING") == .simple("PONG"))
        }

        // MARK: Other clients

        @Test func `CLIENT LIST shows the clients of all loops`() throws {
            let server = try TestServer.martlet("--shards", "3")
            let clients = try (0..<7).map { _ in try server.client() }
            for (index, client) in clients.enumerated() {
                try client.run("CLIENT", "SETNAME", "client-\(index)")
            }
            try clients[3].run("CLIENT", "SETINFO", "LIB-NAME", "kit")
            try clients[4].run("GET", "a")
            let lines = try clients[0].run("CLIENT", "LIST").text?.split(separator: "\n") ?? []
            #expect(lines.count == 7)
            #expect(
                lines.filter { $0.contains(" name=client-3 ") && $0.contains("lib-name=kit") }.count
                    == 1)
            #expect(lines.contains { $0.contains(" name=client-4 ") && $0.contains(" cmd=get ") })
            #expect(
                lines.contains {
                    $0.contains(" name=client-0 ") && $0.contains(" cmd=client|list ")
                })
            let id = try clients[5].run("CLIENT", "ID").integer ?? 0
            let one = try clients[0].run("CLIENT", "LIST", "ID", "\(id)").text ?? ""
            #expect(one.contains(" name=client-5 ") && one.hasPrefix("id=\(id) "))
            #expect(try clients[0].run("CLIENT", "LIST", "TYPE", "pubsub").text == "")
        }

        @Test func `CLIENT KILL closes who is meant, the asker after its reply`() throws {
            let server = try TestServer.martlet("--shards", "2")
            let clients = try (0..<4).map { _ in try server.client() }
            let ids = try clients.map { try $0.run("CLIENT", "ID").integer ?? 0 }
            #expect(try clients[0].run("CLIENT", "KILL", "ID", "\(ids[1])") == .integer(1))
            #expect(clients[1].isClosedByServer())
            #expect(try clients[0].run("CLIENT", "KILL", "ID", "\(ids[0])") == .integer(0))
            let line = try clients[2].run("CLIENT", "INFO").text ?? ""
            let address =
                line.split(separator: " ").first { $0.hasPrefix("addr=") }?.dropFirst(5) ?? ""
            #expect(try clients[0].run("CLIENT", "KILL", String(address)) == .ok)
            #expect(clients[2].isClosedByServer())
            let missing = Reply.error("ERR No such client")
            #expect(try clients[0].run("CLIENT", "KILL", String(address)) == missing)
            #expect(
                try clients[0].run("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "no")
                    == .integer(2))
            #expect(clients[0].isClosedByServer())
            #expect(clients[3].isClosedByServer())
        }
    }
}
