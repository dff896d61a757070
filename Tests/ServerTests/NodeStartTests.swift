import Essentials
import Foundation
import Testing
import Wire

@testable import Server

extension ProcessTests {
    /// Starts that must not be, ends, and what a running node lets itself be told.
    @Suite struct NodeStartTests {
        private static let anywhere = ["--listen", "--peer-listen", "--admin-listen"]
            .flatMap { [$0, "127.0.0.1:0"] }

        private func directory() throws -> URL {
            let directory = FileManager.default.temporaryDirectory
                .appendingPathComponent("martlet-start-\(UUID().uuidString)")
            try FileManager.default.createDirectory(
                at: directory, withIntermediateDirectories: true)
            return directory
        }

        /// Starts a node that must refuse, with one line, and returns the line.
        private func refusal(_ arguments: [String]) throws -> String {
            let run = try ProgramRun("martlet", arguments)
            #expect(run.status == 1)
            #expect(run.output == "")
            let lines = run.complaint.split(separator: "\n")
            #expect(lines.count { $0.hasPrefix("martlet: ") } == 1)
            return lines.last.map(String.init) ?? ""
        }

        @Test func `a second node on the same data is refused`() throws {
            let server = try TestServer.martlet()
            let data = server.directory.appendingPathComponent("data").path
            let line = try refusal(["--data-dir", data] + Self.anywhere)
            #expect(line.contains("data directory \(data) is in use by another process"))
            #expect(try server.client().run("PING") == .simple("PONG"))
        }

        @Test func `an address in use is named with its setting`() throws {
            let server = try TestServer.martlet()
            let home = try directory()
            defer { try? FileManager.default.removeItem(at: home) }
            let taken = [
                ("listen", "127.0.0.1:\(server.port)"), ("peer-listen", server.peerAddress),
                ("admin-listen", server.adminAddress),
            ]
            for (setting, address) in taken {
                let data = home.appendingPathComponent("data").path
                let addresses = taken.flatMap { name, _ in
                    ["--\(name)", name == setting ? address : "127.0.0.1:0"]
                }
                let line = try refusal(["--data-dir", data] + addresses)
                #expect(
                    line == "martlet: cannot listen at '\(setting)': \(address): "
                        + "address already in use")
                #expect(!FileManager.default.fileExists(atPath: data))
            }
        }

        @Test func `a data directory that cannot be made or written is named`() throws {
            let home = try directory()
            defer { try? FileManager.default.removeItem(at: home) }
            let file = home.appendingPathComponent("file").path
            _ = FileManager.default.createFile(atPath: file, contents: nil)
            for path in [file, file + "/below", "/proc/nowhere"] {
                #expect(try refusal(["--data-dir", path] + Self.anywhere).contains(path))
            }
        }

        @Test func `a join that makes no sense is refused at once`() throws {
            let home = try directory()
            defer { try? FileManager.default.removeItem(at: home) }
            let data = ["--data-dir", home.appendingPathComponent("data").path]
            let line = try refusal(data + Self.anywhere + ["--join", "nonsense"])
            #expect(line.contains("'join' must be an address"))
        }

        @Test func `a cluster with data takes nobody in, and the refused start leaves no mark`()
            throws
        {
            let founder = try TestServer.martlet()
            #expect(try founder.client().run("SET", "k", "v") == .simple("OK"))
            let home = try directory()
            defer { try? FileManager.default.removeItem(at: home) }
            let data = ["--data-dir", home.appendingPathComponent("data").path]
            for _ in 0..<2 {
                let line = try refusal(
                    data + Self.anywhere + ["--join", founder.peerAddress])
                #expect(line.contains("the cluster holds data"))
            }
            let server = try TestServer.martlet(directory: home)
            let status = try AdminPort(server).get("/v1/status")
            #expect(status["node"]?["unclean_starts"]?.integer == 0)
        }

        @Test func `a node with a cluster of its own does not pretend to join another`() throws {
            let founder = try TestServer.martlet()
            let home = try directory()
            defer { try? FileManager.default.removeItem(at: home) }
            try TestServer.martlet(directory: home).stop()
            let data = ["--data-dir", home.appendingPathComponent("data").path]
            let line = try refusal(data + Self.anywhere + ["--join", founder.peerAddress])
            #expect(line.contains("has a cluster of its own and cannot join another"))
        }

        @Test func `a crash is counted at the next start, an ordered end is not`() throws {
            let home = try directory()
            defer { try? FileManager.default.removeItem(at: home) }
            var server = try TestServer.martlet(directory: home)
            #expect(try server.client().run("SET", "k", "v") == .simple("OK"))
            for (isOrdered, expected) in [(false, 1), (true, 1), (false, 2)] {
                if isOrdered { server.stop() } else { server.kill() }
                server = try TestServer.martlet(directory: home)
                let status = try AdminPort(server).get("/v1/status")
                #expect(status["node"]?["unclean_starts"]?.integer == expected)
                #expect(server.log.contains("recovered: the last run "))
            }
            #expect(try server.client().run("GET", "k") == .bulk(Array("v".utf8)))
        }

        @Test func `the log tells of start, join, members and stop`() throws {
            let founder = try TestServer.martlet("--zone", "here")
            let joiner = try TestServer.martlet("--join", founder.peerAddress)
            let port = AdminPort(founder)
            #expect(
                try eventually {
                    let members = try port.get("/v1/status")["members"]?.elements ?? []
                    return members.count { $0["reachable"]?.bool == true } == 2
                })
            joiner.stop()
            #expect(joiner.exitStatus == 0)
            #expect(eventually { founder.log.contains("a member cannot be reached") })
            founder.send(signal: SIGHUP)
            #expect(eventually { founder.log.contains("hang-up ignored") })
            #expect(founder.isRunning)
            founder.stop()
            #expect(founder.exitStatus == 0)
            for message in [
                "message=starting version=\(Release.version)", "zone=here", "founded a cluster",
                "message=serving", "a member has joined", "topology adopted",
                "a member can be reached", "message=stopping", "message=stopped",
            ] {
                #expect(founder.log.contains(message), "\(message)")
            }
            #expect(joiner.log.contains("joined a cluster"))
            #expect(!founder.log.contains("level=error"))
        }

        @Test func `settings that are changed count at once`() throws {
            let server = try TestServer.martlet("--n", "2", "--w", "1", "--r", "1")
            let client = try server.client()
            let port = AdminPort(server)
            #expect(try port.set("value-max", "1kb") == 200)
            try client.run("SET", "k", String(repeating: "x", count: 1024))
            #expect(
                try eventually {
                    guard case .error = try client.run("APPEND", "k", "x") else { return false }
                    return true
                })
            #expect(try port.set("maxclients", "1") == 200)
            #expect(
                try eventually {
                    let second = try server.client()
                    return try second.reply().text == "ERR max number of clients reached"
                })
            #expect(try port.set("log-level", "error") == 200)
            let length = server.log.count
            #expect(try port.set("log-format", "json") == 200)
            #expect(server.log.count == length)
            #expect(try port.set("disk-floor", "1tb") == 200)
            #expect(
                try eventually {
                    try port.get("/v1/status")["node"]?["disk_state"]?.string == "low"
                })
            #expect(
                try eventually {
                    try client.run("SET", "new", "v").text?.hasPrefix("DISKFULL") == true
                })
            #expect(try port.set("disk-floor", "1mb") == 200)
            #expect(try eventually { try client.run("SET", "new", "v") == .simple("OK") })
            #expect(try port.set("n", "1") == 400)
            #expect(try port.set("r", "3") == 400)
        }
    }
}
