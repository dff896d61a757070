import Foundation
import Testing
import Wire

extension ProcessTests {
    /// What clients can make a node hold, and for how long.
    @Suite struct SessionLimitTests {
        @Test func `one client too many is told so`() throws {
            let server = try TestServer.martlet("--maxclients", "2")
            let first = try server.client()
            let second = try server.client()
            #expect(try first.run("PING") == .simple("PONG"))
            #expect(try second.run("PING") == .simple("PONG"))
            let third = try server.client()
            #expect(try third.reply() == .error("ERR max number of clients reached"))
            #expect(third.isClosedByServer())
            #expect(try second.run("QUIT") == .ok)
            #expect(second.isClosedByServer())
            // A node counts a client out after it has closed the connection.
            #expect(try eventually { try Self.figure("connected_clients", first) == 1 })
            let fourth = try server.client()
            #expect(try fourth.run("PING") == .simple("PONG"))
            let info = try first.run("INFO", "stats").text ?? ""
            #expect(info.contains("rejected_connections:1\r\n"))
        }

        @Test func `an idle client is disconnected, one that talks is not`() throws {
            let server = try TestServer.martlet("--timeout", "3")
            let busy = try server.client()
            // While the second is idle for so long, the busy one is older than that.
            for _ in 0..<2 {
                let idle = try server.client()
                try idle.run("PING")
                let isClosed = try eventually {
                    let answer = try busy.run("PING")
                    #expect(answer == .simple("PONG"))
                    return idle.isClosedByServer(withinMs: 0)
                }
                #expect(isClosed)
            }
        }

        @Test func `a client that does not read its replies stops being read itself`() throws {
            let server = try TestServer.martlet(
                "--client-output-limit", "4mb", "--value-max", "512kb", "--wal-sync", "1000")
            let other = try server.client()
            let value = String(repeating: "v", count: 100_000)
            try other.run("SET", "big", value)
            let lazy = try server.client()
            // 40 MB of replies, asked for by some kilobytes.
            let ask = TestClient.encode(["GET", "big"])
            try lazy.send((0..<400).flatMap { _ in ask })
            usleep(1_000_000)
            let held = try Self.figure("mem_clients_normal", other)
            #expect(held < 3 << 20)
            // It reads after all: nothing was lost.
            for _ in 0..<400 {
                let reply = try lazy.reply()
                #expect(reply.text?.utf8.count == 100_000, "\(reply)")
            }
        }

        @Test func `a reply larger than the limit closes the client that does not take it`() throws
        {
            let server = try TestServer.martlet(
                "--client-output-limit", "1mb", "--value-max", "512kb", "--wal-sync", "1000")
            let other = try server.client()
            for index in 0..<40 {
                try other.run("SET", "key\(index)", String(repeating: "v", count: 500_000))
            }
            let greedy = try server.client()
            try greedy.run("PING")
            try greedy.send(TestClient.encode(["MGET"] + (0..<40).map { "key\($0)" }))
            #expect(eventually { server.log.contains("does not read its replies") })
            #expect(greedy.isClosedByServer())
            #expect(try other.run("PING") == .simple("PONG"))
        }

        @Test func `half-sent commands of all clients together are bounded`() throws {
            let server = try TestServer.martlet(
                "--client-memory", "80mb", "--client-output-limit", "1mb", "--value-max", "512kb")
            let small = try server.client()
            try small.run("PING")
            // Each announces a command of 100 arguments and sends half of it: 25 MB.
            let part =
                Array("*100\r\n".utf8)
                + (0..<50).flatMap { _ in
                    Array("$500000\r\n".utf8) + [UInt8](repeating: 120, count: 500_000) + [13, 10]
                }
            var hogs: [TestClient] = []
            for _ in 0..<5 {
                let hog = try server.client()
                try? hog.send(part)
                hogs.append(hog)
            }
            #expect(eventually { server.log.contains("client-memory") })
            #expect(try small.run("PING") == .simple("PONG"))
            let evicted = try Self.figure("evicted_clients", small)
            #expect(evicted >= 1)
            #expect(try eventually { try Self.figure("mem_clients_normal", small) < 80 << 20 })
        }

        @Test func `KEYS refuses what would be more than the output limit`() throws {
            let server = try TestServer.martlet(
                "--client-output-limit", "1mb", "--value-max", "512kb", "--wal-sync", "1000")
            let client = try server.client()
            let name = String(repeating: "n", count: 50_000)
            for index in 0..<30 { try client.run("SET", "\(index)\(name)", "1") }
            let refusal = "ERR more keys than client-output-limit allows: use SCAN"
            #expect(try client.run("KEYS", "*") == .error(refusal))
            #expect(try client.run("KEYS", "7n*").items.count == 1)
        }

        private static func figure(_ name: String, _ client: TestClient) throws -> Int {
            let info = try client.run("INFO", "everything").text ?? ""
            let line = info.split(separator: "\r\n").first { $0.hasPrefix("\(name):") }
            return line.flatMap { Int($0.dropFirst(name.count + 1)) } ?? -1
        }
    }
}
