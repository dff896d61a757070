import Essentials
import Membership
import Placement
import Testing

@testable import Server

/// What a node says of itself without asking its loops.
@Suite struct ReachabilityTests {
    private func node(_ number: UInt16) -> NodeNumber { NodeNumber(rawValue: number) }

    private func description(_ index: UInt64) -> MemberDescription {
        MemberDescription(
            id: UniqueID(high: 0, low: index),
            addresses: MemberAddresses(
                peer: "a:\(index)", client: "b:\(index)", admin: "c:\(index)"),
            zone: "z", weight: 100)
    }

    private func topology(members: UInt64) throws -> Topology {
        var topology = Topology.founded(
            by: description(1), clusterID: UniqueID(high: 0, low: 9), n: 3, partitions: 64)
        for index in 2...max(2, members) where index <= members {
            topology = try topology.applying(.join(description(index)), clusterIsEmpty: true)
        }
        return topology
    }

    private func text(_ reachability: Reachability, nowNs: UInt64 = 0) -> String? {
        reachability.current.unreadiness(Configuration(), nowNs: nowNs)
    }

    @Test func `every shard must serve`() throws {
        let topology = try topology(members: 1)
        let reachability = Reachability(shards: 2, topology: topology)
        #expect(text(reachability) == "shard 0 has not started yet")
        _ = reachability.note(0, connected: [], topology, nowNs: 0)
        #expect(text(reachability) == "shard 1 has not started yet")
        _ = reachability.note(1, connected: [], topology, nowNs: 3_000_000_000)
        #expect(text(reachability, nowNs: 3_000_000_000) == nil)
        #expect(text(reachability, nowNs: 7_000_000_000) == "shard 0 has been silent for 7 s")
        reachability.stop()
        #expect(text(reachability) == "the node is stopping")
    }

    @Test func `enough members must be reachable from all shards`() throws {
        let topology = try topology(members: 3)
        let reachability = Reachability(shards: 2, topology: topology)
        _ = reachability.note(0, connected: [node(2), node(3)], topology, nowNs: 0)
        _ = reachability.note(1, connected: [], topology, nowNs: 0)
        #expect(text(reachability) == "1 of 3 members can be reached, requests need 2")
        let state = reachability.current
        #expect(state.unavailablePartitions(Configuration(), own: node(1)) == 64)
        _ = reachability.note(1, connected: [node(3)], topology, nowNs: 0)
        #expect(text(reachability) == nil)
        #expect(reachability.current.reachable == [node(3)])
        #expect(reachability.current.unavailablePartitions(Configuration(), own: node(1)) == 0)
    }

    @Test func `partitions without a quorum are counted though the node serves others`() throws {
        let topology = try topology(members: 6)
        let reachability = Reachability(shards: 1, topology: topology)
        _ = reachability.note(0, connected: [node(2), node(3)], topology, nowNs: 0)
        #expect(text(reachability) == nil)
        let away = [node(4), node(5), node(6)]
        let expected = topology.partitioning.all.count { partition in
            topology.placement.replicas(of: partition).count { away.contains($0) } > 1
        }
        let state = reachability.current
        #expect(expected > 0)
        #expect(state.unavailablePartitions(Configuration(), own: node(1)) == expected)
    }

    @Test func `who comes and goes is told once`() throws {
        let topology = try topology(members: 3)
        let reachability = Reachability(shards: 2, topology: topology)
        #expect(reachability.note(0, connected: [node(2)], topology, nowNs: 0).found == [])
        #expect(reachability.note(1, connected: [node(2)], topology, nowNs: 0).found == [node(2)])
        #expect(reachability.note(1, connected: [node(2)], topology, nowNs: 0).found == [])
        #expect(reachability.note(0, connected: [], topology, nowNs: 0).lost == [node(2)])
        #expect(reachability.note(1, connected: [], topology, nowNs: 0).lost == [])
    }

    @Test func `an earlier topology does not replace a later one`() throws {
        let later = try topology(members: 3)
        let reachability = Reachability(shards: 1, topology: later)
        _ = reachability.note(0, connected: [], try topology(members: 1), nowNs: 0)
        #expect(reachability.current.topology == later)
    }
}

@Suite struct LatencyMetricTests {
    @Test func `each power of two has a bucket, and none is lost`() {
        var latencies = LatencyHistogram()
        for us: UInt64 in [0, 1, 2, 3, 4, 1000, 100_000_000_000] {
            latencies.note(ns: us * 1000)
        }
        let seconds = latencies.seconds
        #expect(seconds.bounds.first == 0.000002)
        #expect(Array(seconds.counts.prefix(3)) == [2, 2, 1])
        let millisecond = seconds.bounds.firstIndex { $0 >= 0.001 }
        #expect(millisecond.map { seconds.counts[$0] } == 1)
        #expect(seconds.count == 7)
        #expect(seconds.counts.reduce(0, +) == 6)
    }
}
