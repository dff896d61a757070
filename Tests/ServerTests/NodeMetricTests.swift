import Essentials
import Foundation
import Testing

@testable import Server

extension ProcessTests {
    /// What a running node measures.
    @Suite struct NodeMetricTests {
        private static let settings = ["--partitions", "64", "--shards", "2"]

        @Test func `every metric has a name with its unit, and a sentence`() throws {
            let server = try TestServer.martlet(Self.settings)
            let (status, text) = try AdminPort(server).exchange("GET", "/metrics")
            #expect(status == 200)
            var kinds: [String: String] = [:]
            for line in text.split(separator: "\n") where line.hasPrefix("# TYPE ") {
                let words = line.split(separator: " ").map(String.init)
                #expect(kinds.updateValue(words[3], forKey: words[2]) == nil)
            }
            #expect(kinds.count > 60)
            for (name, kind) in kinds {
                #expect(name.hasPrefix("martlet_"))
                #expect(name.hasSuffix("_total") == (kind == "counter"), "\(name) is a \(kind)")
                #expect(name.allSatisfy { $0.isLowercase || $0.isNumber || $0 == "_" })
            }
            for line in text.split(separator: "\n") where line.hasPrefix("# HELP ") {
                let help = line.split(separator: " ").dropFirst(3).joined(separator: " ")
                #expect(help.last == "." || help.hasSuffix("NOQUORUM."), "\(line)")
                #expect(help.first?.isUppercase == true || help.first?.isNumber == true)
            }
        }

        @Test func `text and JSON tell the same`() throws {
            let server = try TestServer.martlet(Self.settings)
            let port = AdminPort(server)
            let text = try port.exchange("GET", "/metrics").1
            let names = text.split(separator: "\n").filter { $0.hasPrefix("# TYPE ") }
                .map { String($0.split(separator: " ")[2]) }
            let json = try port.get("/v1/metrics")["metrics"]?.elements ?? []
            #expect(json.compactMap { $0["name"]?.string } == names)
        }

        @Test func `what clients do is counted`() throws {
            let server = try TestServer.martlet(Self.settings)
            let client = try server.client()
            for index in 0..<50 { try client.run("SET", "k\(index)", "v") }
            for index in 0..<100 { try client.run("GET", "k\(index)") }
            try client.run("NOSUCH")
            let port = AdminPort(server)
            #expect(try port.metric("martlet_writes_total") == 50)
            #expect(try port.metric("martlet_reads_total") == 100)
            #expect(try port.metric("martlet_commands_total") == 151)
            #expect(try port.metric("martlet_error_replies_total") == 1)
            #expect(try port.metric("martlet_clients") == 1)
            #expect(try port.metric("martlet_client_connections_total") == 1)
            #expect(try port.metric("martlet_client_received_bytes_total") > 1000)
            #expect(try port.metric("martlet_client_sent_bytes_total") > 500)
            #expect(try port.metric("martlet_object_cache_bytes") > 0)
            #expect(try port.metric("martlet_object_cache_hits_total") > 0)
            // wal-sync is always: every command was answered after an fsync.
            #expect(try port.metric("martlet_wal_syncs_total") > 0)
            #expect(try port.metric("martlet_wal_sync_seconds_total") > 0)
            #expect(try port.metric("martlet_cpu_seconds_total") > 0)
            #expect(try port.metric("martlet_storage_memtable_bytes") > 0)
            #expect(try port.metric("martlet_disk_state") == 0)
            #expect(try port.metric("martlet_members") == 1)
            #expect(try eventually { try port.metric("martlet_keys") == 50 })
            let durations = try port.get("/v1/metrics?pattern=martlet_command_duration_seconds")
            let sample = durations["metrics"]?.elements.first?["samples"]?.elements.first
            #expect(sample?["count"]?.integer == 151)
        }
    }
}
