import Essentials
import Membership
import Placement
import Testing

@testable import Server

/// What cluster clients route by.
@Suite struct ClusterViewTests {
    private func description(
        _ index: UInt64, client: String? = nil, peer: String? = nil
    ) -> MemberDescription {
        MemberDescription(
            id: UniqueID(high: 0xABCD, low: index),
            addresses: MemberAddresses(
                peer: peer ?? "10.0.0.\(index):7380", client: client ?? "10.0.0.\(index):7379",
                admin: "10.0.0.\(index):7381"),
            zone: "", weight: 100)
    }

    private func topology(_ members: UInt64, n: Int = 3, first: MemberDescription? = nil) throws
        -> Topology
    {
        var topology = Topology.founded(
            by: first ?? description(1), clusterID: UniqueID(high: 0, low: 9), n: n,
            partitions: 64)
        for index in 2...max(2, members) where index <= members {
            topology = try topology.applying(.join(description(index)), clusterIsEmpty: true)
        }
        return topology
    }

    private func view(
        _ topology: Topology, own: UInt16 = 1, host: String = "127.0.0.1", down: Set<UInt16> = []
    ) -> ClusterView {
        ClusterView(topology, own: NodeNumber(rawValue: own), ownHost: host) {
            !down.contains($0.rawValue)
        }
    }

    @Test(arguments: [1, 2, 3, 5] as [UInt64])
    func `the ranges hold every slot once, in order`(members: UInt64) throws {
        let view = view(try topology(members))
        var next = 0
        for range in view.ranges {
            #expect(Int(range.slots.lowerBound) == next)
            next = Int(range.slots.upperBound) + 1
            #expect(range.replicas.count == Int(min(3, members)))
            #expect(Set(range.replicas).count == range.replicas.count)
        }
        #expect(next == 16_384)
    }

    @Test func `neighbours with the same replicas are one range`() throws {
        #expect(view(try topology(1)).ranges.count == 1)
        let view = view(try topology(5))
        for (one, other) in zip(view.ranges, view.ranges.dropFirst()) {
            #expect(one.replicas != other.replicas)
        }
    }

    @Test func `the master is the first place that can be reached`() throws {
        let topology = try topology(5)
        let well = view(topology)
        let ill = view(topology, down: [3])
        #expect(well.ranges.contains { $0.replicas.first == 2 })
        #expect(!ill.ranges.contains { $0.replicas.first == 2 })
        // It is a replica still, the last to be asked.
        let places = ill.ranges.filter { $0.replicas.contains(2) }
        #expect(!places.isEmpty)
        for range in places { #expect(range.replicas.last == 2) }
        #expect(ill.nodes.map(\.isReachable) == [true, true, false, true, true])
    }

    @Test func `a node can always reach itself`() throws {
        let view = view(try topology(3), own: 2, down: [1, 2, 3])
        #expect(view.nodes.map(\.isReachable) == [false, true, false])
        #expect(view.nodes.map(\.isOwn) == [false, true, false])
        for range in view.ranges { #expect(range.replicas.first == 1) }
    }

    @Test func `with nobody reached, the order is that of the placement`() throws {
        let topology = try topology(5)
        let view = view(topology, own: 9, down: [1, 2, 3, 4, 5])
        let slots = topology.partitioning.slots(of: PartitionID(rawValue: 0))
        let range = view.ranges.first { $0.slots.contains(slots.lowerBound) }
        let replicas = topology.placement.replicas(of: PartitionID(rawValue: 0))
        #expect(range?.replicas == replicas.compactMap { topology.index(of: $0) })
    }

    @Test func `identifiers have the 40 digits that clients expect, and tell nodes apart`() throws {
        let ids = view(try topology(5)).nodes.map(\.id)
        #expect(Set(ids).count == 5)
        for id in ids {
            #expect(id.utf8.count == 40)
            #expect(id.allSatisfy { $0.isHexDigit && !$0.isUppercase })
            #expect(id.hasPrefix("000000000000abcd"))
        }
    }

    @Test(arguments: ["0.0.0.0:7379", "[::]:7379"])
    func `a node that listens everywhere says where it was reached`(client: String) throws {
        let topology = try topology(3, first: description(1, client: client))
        let own = view(topology, host: "192.168.7.7").nodes[0]
        #expect(own.host == "192.168.7.7")
        #expect(own.port == 7379)
        #expect(own.peerPort == 7380)
        // Of another one it knows no better.
        let other = view(topology, own: 2, host: "192.168.7.8").nodes[0]
        #expect(["0.0.0.0", "::"].contains(other.host))
        // One that listens somewhere says that.
        #expect(view(topology, own: 2, host: "192.168.7.8").nodes[1].host == "10.0.0.2")
    }

    @Test func `a node without slots of its own replicates the first that it holds`() throws {
        let view = view(try topology(3), down: [2])
        #expect(!view.ranges.contains { $0.replicas.first == 1 })
        let first = view.ranges.first { $0.replicas.contains(1) }
        #expect(view.master(of: 1) == first?.replicas.first)
        #expect(view.master(of: 1) != nil)
        for master in Set(view.ranges.compactMap(\.replicas.first)) {
            #expect(view.master(of: master) == nil)
        }
    }

    @Test func `where everything is held once nobody is a replica`() throws {
        let view = view(try topology(3, n: 1))
        for node in view.nodes.indices { #expect(view.master(of: node) == nil) }
    }
}
