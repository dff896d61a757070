import Essentials
import Membership
import Testing

@Suite struct MemberTopologyTests {
    private func apply(
        _ event: MemberTopology.Event, to member: inout MemberTopology, at seconds: Double = 0
    ) -> [MemberTopology.Effect] {
        var effects: [MemberTopology.Effect] = []
        member.apply(event, now: at(seconds), into: &effects)
        return effects
    }

    /// Node 2 of three.
    private func second() throws -> MemberTopology {
        MemberTopology(id: description(2).id, topology: try cluster(3))
    }

    private let preparation = Preparation(epoch: 4, attempt: 7)

    // MARK: Newer topologies

    @Test func `a newer topology is stored before it is acknowledged`() throws {
        var member = try second()
        let newer = try cluster(4)
        #expect(
            apply(.received(newer), to: &member) == [
                .adopt(newer), .acknowledge(epoch: 4),
            ])
        #expect(member.member?.number == node(2))
    }

    @Test func `an older topology is ignored, the same acknowledged again`() throws {
        var member = try second()
        #expect(apply(.received(try cluster(2)), to: &member) == [])
        #expect(
            apply(.received(try cluster(3)), to: &member) == [
                .acknowledge(epoch: 3)
            ])
    }

    @Test func `another cluster's topology is not adopted`() throws {
        var member = try second()
        let foreign = UniqueID(high: 6, low: 6)
        var other = Topology.founded(by: description(2), clusterID: foreign, n: 3, partitions: 64)
        for stamp in 1...9 as ClosedRange<UInt64> {
            other = try other.applying(.flush(stamp: stamp), clusterIsEmpty: true)
        }
        #expect(
            apply(.received(other), to: &member) == [.report(.foreignCluster(foreign))])
        #expect(member.epoch == 3)
    }

    @Test func `another topology of the same epoch is reported`() throws {
        var member = try second()
        let other = try cluster(2).applying(.flush(stamp: 1), clusterIsEmpty: true)
        #expect(apply(.received(other), to: &member) == [.report(.sameEpoch(3))])
        #expect(member.topology == (try cluster(3)))
    }

    @Test func `a joining node takes only what makes it a member`() throws {
        var joiner = MemberTopology(id: description(4).id, topology: nil)
        #expect(apply(.received(try cluster(3)), to: &joiner) == [])
        #expect(joiner.epoch == 0)
        _ = apply(.received(try cluster(4)), to: &joiner)
        #expect(joiner.member?.number == node(4))
    }

    @Test func `a higher epoch is fetched, once at a time`() throws {
        var member = try second()
        #expect(apply(.heard(epoch: 3, from: node(3)), to: &member) == [])
        #expect(
            apply(.heard(epoch: 4, from: node(3)), to: &member) == [.fetch(from: node(3))])
        #expect(apply(.heard(epoch: 4, from: node(1)), to: &member, at: 0.1) == [])
        #expect(
            apply(.heard(epoch: 4, from: node(1)), to: &member, at: 0.6)
                == [.fetch(from: node(1))])
    }

    @Test func `whoever asks gets the topology`() throws {
        var member = try second()
        let topology = try cluster(3)
        #expect(
            apply(.requested(by: node(3)), to: &member) == [.send(topology, to: node(3))])
        var joiner = MemberTopology(id: description(4).id, topology: nil)
        #expect(apply(.requested(by: node(3)), to: &joiner) == [])
    }

    // MARK: Holding writes

    @Test func `writes are held before the look into the storage`() throws {
        var member = try second()
        #expect(
            apply(.prepareRequested(preparation, by: node(1)), to: &member) == [
                .holdWrites, .inspect(preparation),
            ])
        #expect(member.isHoldingWrites)
        #expect(
            apply(.inspected(preparation, isEmpty: true), to: &member) == [
                .answer(preparation, isEmpty: true, to: node(1))
            ])
        #expect(member.isHoldingWrites)
    }

    @Test func `a node with data holds nothing`() throws {
        var member = try second()
        _ = apply(.prepareRequested(preparation, by: node(1)), to: &member)
        #expect(
            apply(.inspected(preparation, isEmpty: false), to: &member) == [
                .answer(preparation, isEmpty: false, to: node(1)), .resumeWrites,
            ])
        #expect(!member.isHoldingWrites)
    }

    @Test func `a repeated request repeats the answer and does not prolong the hold`() throws {
        var member = try second()
        _ = apply(.prepareRequested(preparation, by: node(1)), to: &member)
        #expect(apply(.prepareRequested(preparation, by: node(1)), to: &member) == [])
        _ = apply(.inspected(preparation, isEmpty: true), to: &member)
        #expect(
            apply(.prepareRequested(preparation, by: node(1)), to: &member, at: 1) == [
                .answer(preparation, isEmpty: true, to: node(1))
            ])
        #expect(member.deadlineNs == at(10).monotonicNs)
    }

    @Test func `a request overtaken by its release holds nothing`() throws {
        var member = try second()
        #expect(apply(.released(preparation), to: &member) == [])
        #expect(apply(.prepareRequested(preparation, by: node(1)), to: &member) == [])
        #expect(!member.isHoldingWrites)
    }

    @Test func `a late release does not end the next attempt's hold`() throws {
        var member = try second()
        let next = Preparation(epoch: 4, attempt: 8)
        _ = apply(.prepareRequested(next, by: node(1)), to: &member)
        #expect(apply(.released(preparation), to: &member) == [])
        #expect(member.isHoldingWrites)
    }

    @Test func `a new attempt goes on with the hold and looks again`() throws {
        var member = try second()
        _ = apply(.prepareRequested(preparation, by: node(1)), to: &member)
        let next = Preparation(epoch: 4, attempt: 8)
        #expect(
            apply(.prepareRequested(next, by: node(1)), to: &member, at: 1) == [.inspect(next)])
        // The look of the attempt before is of no use to anybody.
        #expect(apply(.inspected(preparation, isEmpty: true), to: &member) == [])
        #expect(member.deadlineNs == at(11).monotonicNs)
    }

    @Test func `a hold without a decision ends, and the newest topology is asked for`() throws {
        var member = try second()
        _ = apply(.prepareRequested(preparation, by: node(1)), to: &member)
        #expect(apply(.ticked, to: &member, at: 9.9) == [])
        #expect(
            apply(.ticked, to: &member, at: 10) == [.resumeWrites, .fetch(from: node(1))])
    }

    @Test func `an authority of the past is not prepared for`() throws {
        var member = try second()
        let newer = Preparation(epoch: 4, attempt: 9)
        _ = apply(.prepareRequested(newer, by: node(3)), to: &member)
        #expect(apply(.prepareRequested(preparation, by: node(1)), to: &member) == [])
        #expect(
            apply(.inspected(newer, isEmpty: true), to: &member) == [
                .answer(newer, isEmpty: true, to: node(3))
            ])
    }

    @Test func `who is behind fetches first`() throws {
        var member = try second()
        let far = Preparation(epoch: 6, attempt: 7)
        #expect(
            apply(.prepareRequested(far, by: node(1)), to: &member) == [.fetch(from: node(1))])
        #expect(!member.isHoldingWrites)
    }

    @Test func `the decision ends the hold after it is stored`() throws {
        var member = try second()
        _ = apply(.prepareRequested(preparation, by: node(1)), to: &member)
        let newer = try cluster(4)
        #expect(
            apply(.received(newer), to: &member) == [
                .adopt(newer), .acknowledge(epoch: 4), .resumeWrites,
            ])
    }
}
