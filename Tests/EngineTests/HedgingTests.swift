import Commands
import Essentials
import Placement
import Testing
import Wire

@testable import Engine
@testable import Simulator

/// Whom reads ask, and what becomes of them when a replica is slow or stands still.
@Suite struct HedgingTests {
    /// Reads at r=2 through node 1 of three, one a millisecond, over a network that takes up to
    /// half a millisecond a message.
    private struct Readers {
        let cluster: Cluster
        /// Of each read in ms, in the order of their start; nil while it is under way.
        private(set) var latencies: [UInt64?] = []
        private var open: [(index: Int, number: UInt64, startNs: UInt64)] = []
        private var count = 0
        private let command: String
        private let node: Int

        init(_ cluster: Cluster, command: String = "GET", at node: Int = 1) {
            self.cluster = cluster
            self.command = command
            self.node = node
        }

        mutating func read(_ times: Int, timeoutMs: UInt32 = 1000) {
            for _ in 0..<times {
                count += 1
                let words = [Array(command.utf8), Array("k\(count % 200)".utf8)]
                var wanted = ConsistencyOverride()
                wanted.timeoutMs = Int(timeoutMs)
                let number = cluster.submit(words, at: node, wanted)
                open.append((latencies.count, number, cluster.timeNs))
                latencies.append(nil)
                cluster.wait(ms: 1)
                settle()
            }
        }

        /// Until all are answered that can be, within `ms`.
        mutating func finish(ms: Int) {
            for _ in 0..<ms {
                cluster.wait(ms: 1)
                settle()
            }
        }

        private mutating func settle() {
            for read in open where cluster.clients[read.number].reply != nil {
                latencies[read.index] = (cluster.timeNs - read.startNs) / 1_000_000
            }
            open.removeAll { cluster.clients[$0.number].reply != nil }
        }

        func percentile(_ share: Double, from start: Int) -> UInt64 {
            let sorted = latencies[start...].map { $0 ?? .max }.sorted()
            return sorted[min(sorted.count - 1, Int(Double(sorted.count) * share))]
        }
    }

    private func makeCluster(nodes: Int = 3) throws -> Cluster {
        var options = Cluster.Options()
        options.nodes = nodes
        let cluster = try Cluster(options)
        cluster.weather.messageMs = 1
        return cluster
    }

    private func counters(_ cluster: Cluster, _ index: Int) -> DataPlane.Counters {
        cluster[index].process?.shards[0].plane.counters ?? .init()
    }

    @Test func `load stays spread while nothing is wrong`() throws {
        let cluster = try makeCluster()
        var readers = Readers(cluster)
        readers.read(2000)
        let (one, other) = (counters(cluster, 2).replicaReads, counters(cluster, 3).replicaReads)
        #expect(min(one, other) > 600)
        #expect(counters(cluster, 1).hedges < 40)
    }

    @Test func `a replica that stands still shows in few reads, and is forgiven`() throws {
        let cluster = try makeCluster()
        var readers = Readers(cluster)
        readers.read(2000)
        cluster.pause(3)
        readers.read(2000)
        readers.finish(ms: 20)
        // Those that were under way, and a few that find out.
        #expect(readers.percentile(0.99, from: 2000) <= 4)
        #expect(readers.percentile(1, from: 2000) <= 20)
        let askedBefore = counters(cluster, 3).replicaReads
        cluster.resume(3)
        readers.read(3000)
        #expect(counters(cluster, 3).replicaReads > askedBefore + 500)
        #expect(counters(cluster, 1).quorumFailures == 0)
    }

    @Test func `a forward target that stands still shows in few reads`() throws {
        let cluster = try makeCluster(nodes: 4)
        let table = try #require(cluster[1].process?.shards[0].plane.routing.table)
        let keys = (0..<200).map { ObjectKey(Array("k\($0)".utf8)) }
        // The node that holds the fewest of the keys forwards most.
        let held = (1...4).map { index in
            keys.count { key in
                let partition = table.partitioning.partition(of: key.position)
                return table.place(of: cluster[index].number, in: partition) != nil
            }
        }
        let node = (held.firstIndex(of: held.min() ?? 0) ?? 0) + 1
        var readers = Readers(cluster, at: node)
        readers.read(2000)
        cluster.pause(node % 4 + 1)
        readers.read(2000)
        readers.finish(ms: 20)
        #expect(counters(cluster, node).forwards > 300)
        #expect(readers.percentile(0.99, from: 2000) <= 6)
        #expect(counters(cluster, node).quorumFailures == 0)
    }

    @Test func `when all are slow, a twentieth more is asked`() throws {
        let cluster = try makeCluster()
        var readers = Readers(cluster)
        for other in [2, 3] {
            cluster.network.rules[.init(from: 1, to: other)] = .lose
        }
        readers.read(1000, timeoutMs: 100)
        cluster.wait(ms: 200)
        let counters = counters(cluster, 1)
        #expect(counters.quorumFailures == 1000)
        #expect(counters.hedges + counters.probes <= 1000 / 20 + 16)
        #expect(counters.hedges > 40)
        #expect(counters.hedgesDenied > 0)
        #expect(cluster[1].process?.shards[0].plane.inFlightCount == 0)
    }

}
