import Essentials
import Membership
import Testing

@Suite struct TopologyAuthorityTests {
    private static let id = ProposalID(rawValue: 1)

    private func apply(
        _ event: AuthorityEvent, to authority: inout TopologyAuthority, at seconds: Double = 0
    ) -> [AuthorityEffect] {
        var effects: [AuthorityEffect] = []
        authority.apply(event, now: at(seconds), into: &effects)
        return effects
    }

    private func preparations(in effects: [AuthorityEffect]) -> [Preparation] {
        effects.compactMap {
            if case .prepare(_, let preparation) = $0 { preparation } else { nil }
        }
    }

    private func deciding(_ topology: Topology, term: UInt64 = 1) -> TopologyAuthority {
        TopologyAuthority(topology: topology, node: node(1), term: term)
    }

    /// An authority of three members that waits for their answers to a join, and what it asked.
    private func joining() throws -> (authority: TopologyAuthority, preparation: Preparation) {
        var authority = deciding(try cluster(3))
        let effects = apply(.proposed(Self.id, .join(description(4))), to: &authority)
        let asked = preparations(in: effects)
        #expect(asked.count == 3)
        return (authority, try #require(asked.first))
    }

    @Test func `a member that answers twice counts once`() throws {
        var (authority, preparation) = try joining()
        for _ in 0..<3 {
            #expect(
                apply(.prepared(by: node(2), preparation, isEmpty: true), to: &authority) == [])
        }
        #expect(authority.topology.epoch == 3)
    }

    @Test func `the topology is committed before anybody hears of it`() throws {
        var (authority, preparation) = try joining()
        _ = apply(.prepared(by: node(1), preparation, isEmpty: true), to: &authority)
        _ = apply(.prepared(by: node(2), preparation, isEmpty: true), to: &authority)
        let effects = apply(.prepared(by: node(3), preparation, isEmpty: true), to: &authority)
        let newest = try cluster(4)
        #expect(effects == [.append(newest)])
        #expect(authority.topology.epoch == 3)
        #expect(
            apply(.committed(newest), to: &authority) == [
                .distribute(newest, to: node(2)), .distribute(newest, to: node(3)),
                .distribute(newest, to: node(4)), .accept(Self.id, newest),
            ])
    }

    @Test func `an answer to an attempt that was given up does not count for the next`() throws {
        var (authority, first) = try joining()
        _ = apply(.prepared(by: node(2), first, isEmpty: false), to: &authority)
        let effects = apply(
            .proposed(ProposalID(rawValue: 2), .join(description(4))), to: &authority)
        let second = try #require(preparations(in: effects).first)
        #expect(second.epoch == first.epoch)
        #expect(second.attempt > first.attempt)
        for number in 1...3 {
            #expect(
                apply(.prepared(by: node(number), first, isEmpty: true), to: &authority) == [])
        }
        #expect(authority.topology.epoch == 3)
    }

    @Test func `attempts grow from one term to the next`() throws {
        let (authority, first) = try joining()
        var restarted = deciding(authority.topology, term: 2)
        let effects = apply(
            .proposed(Self.id, .join(description(4))), to: &restarted, at: 0.5)
        let second = try #require(preparations(in: effects).first)
        #expect(second.attempt > first.attempt)
    }

    @Test func `an answer after the time-out does not count`() throws {
        var (authority, preparation) = try joining()
        for number in 1...2 {
            _ = apply(.prepared(by: node(number), preparation, isEmpty: true), to: &authority)
        }
        let effects = apply(
            .prepared(by: node(3), preparation, isEmpty: true), to: &authority, at: 2)
        #expect(
            effects.last
                == .refuse(
                    Self.id,
                    reason:
                        "node 3 did not answer: a change that moves partitions needs all members"
                ))
        #expect(authority.topology.epoch == 3)
    }

    @Test func `the queue is bounded`() throws {
        var (authority, _) = try joining()
        for number in 1...TopologyAuthority.proposalsMax {
            let id = ProposalID(rawValue: UInt64(100 + number))
            #expect(apply(.proposed(id, .flush(stamp: 1)), to: &authority) == [])
        }
        let effects = apply(
            .proposed(ProposalID(rawValue: 99), .flush(stamp: 1)), to: &authority)
        #expect(
            effects == [
                .refuse(
                    ProposalID(rawValue: 99),
                    reason: "64 changes of the topology are waiting: try again later",
                    isFinal: false)
            ])
    }

    @Test func `what is refused without asking anybody is refused at once`() throws {
        var authority = deciding(try cluster(1))
        let effects = apply(.proposed(Self.id, .leave(description(1).id)), to: &authority)
        #expect(effects == [.refuse(Self.id, reason: "the only member cannot leave")])
    }

    @Test func `a proposal that is made again while it is treated is treated once`() throws {
        var (authority, _) = try joining()
        #expect(apply(.proposed(Self.id, .join(description(4))), to: &authority) == [])
        let other = ProposalID(rawValue: 2)
        #expect(apply(.proposed(other, .flush(stamp: 1)), to: &authority) == [])
        #expect(apply(.proposed(other, .flush(stamp: 1)), to: &authority) == [])
        let effects = apply(.deposed(reason: "gone"), to: &authority)
        #expect(
            effects.suffix(2) == [
                .refuse(Self.id, reason: "gone", isFinal: false),
                .refuse(other, reason: "gone", isFinal: false),
            ])
    }

    /// A flush waits for all members, and so for one that does not know yet that it is one.
    @Test func `a node that is in already and asks again does not wait for a flush`() throws {
        var authority = deciding(try cluster(3))
        let flush = apply(.proposed(Self.id, .flush(stamp: 9)), to: &authority)
        guard case .append(let flushed)? = flush.first else {
            Issue.record("\(flush)")
            return
        }
        _ = apply(.committed(flushed), to: &authority)
        let again = ProposalID(rawValue: 2)
        #expect(
            apply(.proposed(again, .join(description(3))), to: &authority)
                == [.accept(again, flushed)])
        #expect(apply(.proposed(again, .join(description(4))), to: &authority) == [])
    }

    @Test func `members hold writes no longer for what the log did not take`() throws {
        var (authority, preparation) = try joining()
        for index in 1...3 {
            _ = apply(
                .prepared(by: node(index), preparation, isEmpty: true), to: &authority)
        }
        let effects = apply(.declined(reason: "not now"), to: &authority)
        #expect(
            effects == (1...3).map { .release(node($0), preparation) }
                + [.refuse(Self.id, reason: "not now", isFinal: false)])
        #expect(apply(.declined(reason: "not now"), to: &authority) == [])
    }

    @Test func `who decides no more lets members go on, unless the change may be made`() throws {
        var (authority, preparation) = try joining()
        var effects = apply(.deposed(reason: "gone"), to: &authority)
        #expect(
            effects == [
                .release(node(1), preparation), .release(node(2), preparation),
                .release(node(3), preparation),
                .refuse(Self.id, reason: "gone", isFinal: false),
            ])
        (authority, preparation) = try joining()
        for number in 1...3 {
            _ = apply(.prepared(by: node(number), preparation, isEmpty: true), to: &authority)
        }
        effects = apply(.deposed(reason: "gone"), to: &authority)
        #expect(
            effects == [
                .refuse(
                    Self.id, reason: "gone; this change may still be made", isFinal: false)
            ])
    }

    @Test func `what the log declines is refused, and the next proposal is treated`() throws {
        var authority = deciding(try cluster(1))
        _ = apply(.proposed(Self.id, .flush(stamp: 9)), to: &authority)
        #expect(
            apply(.declined(reason: "full"), to: &authority)
                == [.refuse(Self.id, reason: "full", isFinal: false)])
        let next = apply(.proposed(ProposalID(rawValue: 2), .flush(stamp: 9)), to: &authority)
        #expect(next.count == 1)
    }

    @Test func `after a start, the topology is distributed until all have adopted it`() throws {
        var authority = deciding(try cluster(3))
        let topology = authority.topology
        #expect(
            apply(.ticked, to: &authority, at: 1) == [
                .distribute(topology, to: node(2)), .distribute(topology, to: node(3)),
            ])
        #expect(apply(.ticked, to: &authority, at: 1.1) == [])
        _ = apply(.adopted(by: node(2), epoch: 3), to: &authority, at: 1.2)
        #expect(apply(.ticked, to: &authority, at: 2) == [.distribute(topology, to: node(3))])
        _ = apply(.adopted(by: node(3), epoch: 2), to: &authority, at: 2)
        #expect(authority.deadlineNs == at(2.5).monotonicNs)
        _ = apply(.adopted(by: node(3), epoch: 3), to: &authority, at: 2)
        #expect(authority.deadlineNs == nil)
    }

    @Test func `a flush is answered when all have adopted it`() throws {
        var authority = deciding(try cluster(1))
        let flushed = try cluster(1).applying(.flush(stamp: 9), clusterIsEmpty: false)
        #expect(
            apply(.proposed(Self.id, .flush(stamp: 9)), to: &authority) == [.append(flushed)])
        #expect(apply(.committed(flushed), to: &authority) == [.accept(Self.id, flushed)])
        authority = deciding(try cluster(2))
        let both = try cluster(2).applying(.flush(stamp: 9), clusterIsEmpty: false)
        _ = apply(.proposed(Self.id, .flush(stamp: 9)), to: &authority)
        #expect(apply(.committed(both), to: &authority) == [.distribute(both, to: node(2))])
        #expect(
            apply(.adopted(by: node(2), epoch: 3), to: &authority) == [.accept(Self.id, both)])
    }

    @Test func `members hold for longer than the authority waits`() {
        let timing = TopologyTiming()
        #expect(timing.holdNs >= 2 * timing.prepareNs)
        #expect(timing.resendNs < timing.prepareNs)
    }
}
