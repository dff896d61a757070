import Essentials
import Membership
import Placement
import Testing

@Suite struct TopologyTests {
    // MARK: Changes

    @Test func `a new cluster has one member at epoch 1`() {
        let topology = Topology.founded(
            by: description(1), clusterID: clusterID, n: 3, partitions: 256)
        #expect(topology.epoch == 1)
        #expect(topology.members.map(\.number) == [node(1)])
        #expect(topology.placement.replicaCount == 1)
        #expect(topology.partitioning.count == 256)
    }

    @Test func `a join gives the next number, epoch and a placement over all`() throws {
        let topology = try cluster(4)
        #expect(topology.epoch == 4)
        #expect(topology.members.map(\.number) == (1...4).map(node))
        #expect(topology.placement.replicaCount == 3)
        #expect(topology.placement.members == (1...4).map(node))
        #expect(topology.member(node(3))?.id == description(3).id)
        #expect(topology.member(id: description(4).id)?.number == node(4))
        #expect(topology.member(node(5)) == nil)
    }

    @Test func `a number is never given out again`() throws {
        let topology = try cluster(3)
            .applying(.leave(description(3).id), clusterIsEmpty: true)
            .applying(.join(description(4)), clusterIsEmpty: true)
        #expect(topology.members.map(\.number) == [1, 2, 4].map(node))
    }

    @Test func `a cluster with data is not joined`() throws {
        let refusal = #expect(throws: TopologyRefusal.self) {
            try cluster(3).applying(.join(description(4)), clusterIsEmpty: false)
        }
        #expect(
            refusal?.description
                == "the cluster holds data: joining it is not supported until partitions can be moved"
        )
    }

    @Test(arguments: [true, false])
    func `joining twice changes nothing`(clusterIsEmpty: Bool) throws {
        let topology = try cluster(3)
        let again = try topology.applying(
            .join(description(2)), clusterIsEmpty: clusterIsEmpty)
        #expect(again == topology)
    }

    @Test func `an address that is another member's can be a member's, old or new`() throws {
        let newcomer = MemberDescription(
            id: UniqueID(high: 9, low: 9), addresses: addresses(1), zone: "", weight: 100)
        let joined = try cluster(3).applying(.join(newcomer), clusterIsEmpty: true)
        #expect(joined.members.map(\.description.addresses) == [1, 2, 3, 1].map(addresses))
        // Three that have exchanged theirs tell so one after the other.
        var rotated = joined
        for (member, place) in [(1, 2), (2, 3), (3, 1)] {
            let change = TopologyChange.updateAddresses(
                description(member).id, addresses(place))
            rotated = try rotated.applying(change, clusterIsEmpty: false)
            var bytes: [UInt8] = []
            rotated.encode(into: &bytes)
            var reader = ByteReader(bytes)
            #expect(try Topology(from: &reader) == rotated)
        }
        #expect(rotated.members.map(\.description.addresses) == [2, 3, 1, 1].map(addresses))
    }

    @Test func `addresses change while there is data`() throws {
        let topology = try cluster(3)
        let next = try topology.applying(
            .updateAddresses(description(2).id, addresses(9)), clusterIsEmpty: false)
        #expect(next.epoch == topology.epoch + 1)
        #expect(next.member(node(2))?.peerAddress == addresses(9).peer)
        #expect(next.placement == topology.placement)
    }

    @Test func `a flush stamp never falls`() throws {
        let flushed = try cluster(3).applying(.flush(stamp: 50), clusterIsEmpty: false)
        #expect(flushed.flushStamp == 50)
        #expect(flushed.epoch == 4)
        #expect(try flushed.applying(.flush(stamp: 40), clusterIsEmpty: false) == flushed)
    }

    @Test func `a weight changes shares`() throws {
        let topology = try cluster(4).applying(
            .weigh(description(1).id, weight: 200), clusterIsEmpty: true)
        let capacities = topology.members.map {
            Capacity(node: $0.number, weight: $0.weight, zone: $0.zone)
        }
        let figures = PlacementFigures(
            table: topology.placement, members: capacities, previous: nil)
        #expect(figures.nodes[0].vnodes == 64)
        #expect(figures.vnodeDeviationMax < 1)
    }

    @Test func `members that hold partitions are forgotten while the cluster is empty`() throws {
        let topology = try cluster(5)
        let forget = TopologyChange.forget([description(2).id, description(4).id])
        #expect(topology.movesVnodes(by: forget))
        let refusal = #expect(throws: TopologyRefusal.self) {
            try topology.applying(forget, clusterIsEmpty: false)
        }
        #expect(refusal?.description.contains("would have to be moved") == true)
        let next = try topology.applying(forget, clusterIsEmpty: true)
        #expect(next.members.map(\.number) == [1, 3, 5].map(node))
        #expect(next.placement.members == [1, 3, 5].map(node))
        #expect([2, 4, 6].map { next.standing(of: node($0)) } == [.removed, .removed, .unknown])
        // Asked again, nothing is left to do.
        #expect(try next.applying(forget, clusterIsEmpty: false) == next)
        #expect(throws: TopologyRefusal.lastMemberCannotLeave) {
            try next.applying(
                .forget([1, 3, 5].map { description($0).id }), clusterIsEmpty: true)
        }
    }

    @Test func `a member without partitions is forgotten at any time`() throws {
        // Weights are so far apart that the last one gets nothing.
        var topology = Topology.founded(
            by: description(1, weight: 10_000), clusterID: clusterID, n: 1, partitions: 64)
        topology = try topology.applying(.join(description(2, weight: 1)), clusterIsEmpty: true)
        #expect(topology.placement.members == [node(1)])
        let forget = TopologyChange.forget([description(2).id])
        #expect(!topology.movesVnodes(by: forget))
        let next = try topology.applying(forget, clusterIsEmpty: false)
        #expect(next.members.map(\.number) == [node(1)])
        #expect(next.placement == topology.placement)
    }

    @Test func `the only member does not leave`() throws {
        #expect(throws: TopologyRefusal.lastMemberCannotLeave) {
            try cluster(1).applying(.leave(description(1).id), clusterIsEmpty: true)
        }
    }

    @Test func `who is no member is not changed`() throws {
        #expect(throws: TopologyRefusal.memberUnknown(description(9).id)) {
            try cluster(3).applying(.leave(description(9).id), clusterIsEmpty: true)
        }
    }

    // MARK: Descriptions

    @Test(arguments: ["localhost:1", "10.0.0.1:65535", "[::1]:7380", "a.example.org:80"])
    func `host and port are an address`(address: String) {
        #expect(MemberAddresses.isValid(address))
    }

    @Test(arguments: [
        "", "host", "host:", ":80", "host:0", "host:65536", "host:+1", "host:8a", "::1:80", "[]:1",
        "a b:1", "hôte:1", String(repeating: "h", count: 255) + ":1",
    ])
    func `anything else is not`(address: String) {
        #expect(!MemberAddresses.isValid(address))
    }

    @Test func `a description says what is wrong with it`() {
        #expect(description(1).defect == nil)
        #expect(description(1, zone: String(repeating: "z", count: 64)).defect != nil)
        #expect(description(1, weight: 0).defect != nil)
        #expect(description(1, weight: 10_001).defect != nil)
        let same = MemberAddresses(peer: "h:1", client: "h:1", admin: "h:2")
        let twice = MemberDescription(
            id: clusterID, addresses: same, zone: "", weight: 100)
        #expect(twice.defect == "the same address is given twice: h:1")
    }
}
