import Essentials
import Foundation
import Storage
import TestSupport
import Testing
import Wire

@testable import Server

extension ProcessTests {
    /// Nodes whose data directory lacks what they had agreed on with the others.
    @Suite struct AgreedStartTests {
        private static let anywhere = ["--listen", "--peer-listen", "--admin-listen"]
            .flatMap { [$0, "127.0.0.1:0"] }

        /// A cluster of which the last node has stopped, in a directory that stays.
        ///
        /// The first of the others can come back where it was: nobody takes its port meanwhile.
        private func stoppedMember(
            beside count: Int = 1, _ body: (_ first: TestServer, _ home: URL) throws -> Void
        ) throws {
            let home = FileManager.default.temporaryDirectory
                .appendingPathComponent("martlet-agreed-\(UUID().uuidString)")
            try FileManager.default.createDirectory(at: home, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(at: home) }
            let first = try TestServer.martlet(
                "--partitions", "64", "--peer-listen", "127.0.0.1:\(Ports.take(1)[0])")
            let others = try (1..<count).map { _ in
                try TestServer.martlet("--join", first.peerAddress)
            }
            let last = try TestServer.martlet("--join", first.peerAddress, directory: home)
            let port = AdminPort(first)
            #expect(
                try eventually {
                    try port.metric("martlet_consensus_voters") == Double(count + 1)
                })
            last.stop()
            try withExtendedLifetime(others) { try body(first, home) }
        }

        private func change(
            _ home: URL, _ body: (any StorageEngine) throws -> Void
        ) throws {
            let options = StorageOptions(directory: home.appendingPathComponent("data").path)
            let storage = try RocksDBStorage(options)
            defer { storage.close() }
            try body(storage)
            try storage.sync()
        }

        private func removeLog(_ storage: any StorageEngine) throws {
            var batch = WriteBatch()
            let first = Array("raft-".utf8)
            batch.deleteRange(from: first, to: Array("raft.".utf8), in: .meta)
            #expect(try storage.write(batch, mayStall: true) == .written)
        }

        private func refusal(_ home: URL, _ settings: [String] = []) throws -> String {
            let data = ["--data-dir", home.appendingPathComponent("data").path]
            let run = try ProgramRun("martlet", data + Self.anywhere + settings)
            #expect(run.status == 1)
            return run.complaint
        }

        @Test func `a voter that has lost its log is refused`() throws {
            try stoppedMember { _, home in
                try change(home) { try removeLog($0) }
                #expect(
                    try refusal(home).contains(
                        "what this node has agreed on with the others is lost: start it with an "
                            + "empty data-dir"))
            }
        }

        @Test func `a voter that has kept only its identifier is refused by the others`() throws {
            try stoppedMember(beside: 2) { first, home in
                try change(home) { storage in
                    try removeLog(storage)
                    var batch = WriteBatch()
                    batch.delete(Array("topology".utf8), in: .meta)
                    #expect(try storage.write(batch, mayStall: true) == .written)
                }
                #expect(
                    try refusal(home, ["--join", first.peerAddress]).contains(
                        "has this node's id, and took part in decisions that are not in this "
                            + "data-dir: start it with an empty one"))
            }
        }

        @Test func `a directory of the first release opens, and its members vote`() throws {
            try stoppedMember { first, home in
                first.send(signal: SIGTERM)
                #expect(first.ends())
                for directory in [first.directory, home] {
                    try change(directory) { storage in
                        try removeLog(storage)
                        let key = Array("topology".utf8)
                        guard
                            case .found(var bytes) = try storage.read(
                                key, from: .meta, mayBlock: true)
                        else { throw TestServer.Failure(description: "no topology") }
                        // As it was: version 1, and node 1 decides.
                        bytes[0] = 1
                        bytes.insert(contentsOf: [0, 1], at: 26)
                        var batch = WriteBatch()
                        batch.put(key, bytes, in: .meta)
                        #expect(try storage.write(batch, mayStall: true) == .written)
                    }
                }
                // The other one has a new address; it must find this one.
                let again = try TestServer.martlet(
                    "--peer-listen", first.peerAddress, directory: first.directory)
                let port = AdminPort(again)
                #expect(try port.get("/v1/status")["cluster"]?["epoch"]?.integer ?? 0 >= 2)
                #expect(try port.metric("martlet_consensus_voters") == 1)
                let other = try TestServer.martlet(directory: home)
                #expect(try eventually { try port.metric("martlet_consensus_voters") == 2 })
                #expect(
                    try eventually {
                        try AdminPort(other).metric("martlet_consensus_leader") == 1
                    })
            }
        }
    }
}
