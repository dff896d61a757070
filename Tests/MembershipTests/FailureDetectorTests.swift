import Essentials
import Testing

@testable import Membership

/// The rules of the failure detector, one node at a time: the test is the network and all other
/// members. How many of them behave together is the simulation's part (`DetectorStudyTests`).
@Suite struct FailureDetectorTests {
    /// Node 1 of a few, and what it has done since it was last looked at.
    private struct Watch {
        var detector: FailureDetector
        private(set) var nowMs: UInt64 = 1000
        var effects: [FailureDetector.Effect] = []
        /// Members that answer pings at once.
        var answering: Set<NodeNumber> = []
        /// What those who answer tell of themselves.
        var incarnations: [NodeNumber: UInt64] = [:]

        init(members: UInt16, answering: [UInt16] = []) {
            detector = FailureDetector(node: node(1), incarnation: 10, seed: 1)
            self.answering = Set(answering.map(node))
            apply(.membersChanged((1...members).map(node)))
        }

        mutating func apply(_ event: FailureDetector.Event) {
            var produced: [FailureDetector.Effect] = []
            let now = Now(monotonicNs: nowMs * 1_000_000, wallMs: 0)
            detector.apply(event, now: now, into: &produced)
            effects += produced
            for case .send(let node, let message) in produced {
                guard answering.contains(node), case .ping(let number) = message.body else {
                    continue
                }
                receive(.ack(number), from: node)
            }
        }

        mutating func receive(
            _ body: DetectorMessage.Body, from node: NodeNumber, _ rumours: [Rumour] = []
        ) {
            let incarnation = incarnations[node] ?? 1
            apply(
                .received(
                    DetectorMessage(body, incarnation: incarnation, rumours: rumours),
                    from: node))
        }

        mutating func hear(_ rumours: Rumour..., from number: UInt16 = 2) {
            receive(.ack(0), from: node(number), rumours)
        }

        mutating func wait(ms: UInt64) {
            let endMs = nowMs + ms
            while nowMs < endMs {
                nowMs += FailureDetector.tickMs
                apply(.ticked)
            }
        }

        /// Time passes, and this node does nothing.
        mutating func sleep(ms: UInt64) { nowMs += ms }

        /// Waits until `isReached`; returns for how long, in ms; nil after `msMax`.
        mutating func wait(msMax: UInt64, until isReached: (Watch) -> Bool) -> UInt64? {
            let startMs = nowMs
            while nowMs < startMs + msMax {
                if isReached(self) { return nowMs - startMs }
                wait(ms: FailureDetector.tickMs)
            }
            return nil
        }

        mutating func takeSends() -> [(to: NodeNumber, message: DetectorMessage)] {
            defer { effects = [] }
            return effects.compactMap { effect in
                if case .send(let node, let message) = effect { (node, message) } else { nil }
            }
        }

        func liveness(_ number: UInt16) -> Liveness { detector.liveness(of: node(number)) }

        var counters: DetectorReport.Counters { detector.report.counters }
    }

    // MARK: Probing

    @Test func `everybody is probed once in a round, one in a period`() {
        var watch = Watch(members: 6, answering: [2, 3, 4, 5, 6])
        watch.wait(ms: 5000)
        let pinged = watch.takeSends().compactMap { send in
            if case .ping = send.message.body { send.to } else { nil }
        }
        #expect(pinged.count == 10 || pinged.count == 9)
        #expect(Set(pinged.prefix(5)).count == 5)
        #expect(watch.counters.acks == watch.counters.probes)
    }

    @Test func `a ping is answered on its own connection`() {
        var watch = Watch(members: 2)
        watch.effects = []
        watch.receive(.ping(77), from: node(2))
        #expect(watch.effects == [.answer(DetectorMessage(.ack(77), incarnation: 10))])
    }

    @Test func `strangers are not answered, and rumours about them change nothing`() {
        var watch = Watch(members: 2)
        watch.effects = []
        watch.receive(.ping(1), from: node(9))
        watch.hear(Rumour(node(9), .dead, incarnation: 5))
        #expect(watch.effects.isEmpty)
        #expect(watch.detector.report.peers.map(\.node) == [node(2)])
        #expect(watch.counters.strangers == 2)
    }

    @Test func `who does not answer is asked about through three others, and then suspected`() {
        var watch = Watch(members: 6, answering: [2, 3, 4, 5])
        let waited = watch.wait(msMax: 6000) { $0.liveness(6) == .suspect }
        #expect(waited != nil)
        let helpers = watch.takeSends().filter { send in
            if case .pingRequest(_, node(6)) = send.message.body { true } else { false }
        }
        #expect(Set(helpers.map(\.to)).count == 3)
        #expect(watch.counters.accusations == 1)
    }

    @Test func `a helper's way keeps a member alive, and is a reason to look at the own one`() {
        var watch = Watch(members: 4, answering: [2, 3])
        // Node 2 gets through to node 4, this node does not.
        for _ in 0..<2000 {
            watch.wait(ms: FailureDetector.tickMs)
            for send in watch.takeSends() {
                guard case .pingRequest(let number, node(4)) = send.message.body,
                    send.to == node(2)
                else { continue }
                watch.receive(.ack(number), from: node(2))
            }
            if watch.liveness(4) != .alive { break }
        }
        // Suspect for this node alone: nobody is told.
        #expect(watch.liveness(4) == .suspect)
        #expect(watch.counters.suspicions == 0)
        #expect(watch.detector.peers.last?.detours == DetectorTiming.detoursUntilDoubt)
        watch.answering.insert(node(4))
        watch.wait(ms: 1000)
        #expect(watch.liveness(4) == .alive)
    }

    @Test func `a helper passes on what it finds`() {
        var watch = Watch(members: 3, answering: [3])
        watch.receive(.pingRequest(50, target: node(3)), from: node(2))
        #expect(watch.takeSends().contains { $0.to == node(2) && $0.message.body == .ack(50) })
        watch.answering = []
        watch.receive(.pingRequest(51, target: node(3)), from: node(2))
        watch.wait(ms: 200)
        #expect(watch.takeSends().contains { $0.to == node(2) && $0.message.body == .nack(51) })
    }

    @Test func `time-outs of requests and broken connections make it look at once`() {
        var watch = Watch(members: 100)
        watch.wait(ms: 600)
        _ = watch.takeSends()
        watch.apply(.peerTimedOut(node(50)))
        watch.apply(.peerTimedOut(node(50)))
        #expect(watch.takeSends().isEmpty)
        watch.apply(.peerTimedOut(node(50)))
        watch.apply(.peerTimedOut(node(50)))
        #expect(watch.takeSends().map(\.to) == [node(50)])
        watch.apply(.linkClosed(node(60)))
        watch.apply(.linkClosed(node(60)))
        #expect(watch.takeSends().map(\.to) == [node(60)])
        // A reason to look, and no verdict.
        #expect(watch.liveness(50) == .alive)
    }

    @Test func `time-outs that are far apart are no reason`() {
        var watch = Watch(members: 100)
        for _ in 0..<5 {
            watch.effects = []
            watch.apply(.peerTimedOut(node(50)))
            #expect(watch.takeSends().isEmpty)
            watch.wait(ms: 600)
        }
    }

    // MARK: Suspicion

    @Test func `suspicion lasts long alone, and is short when others share it`() {
        func lasts(accusers: [UInt16]) -> UInt64? {
            var watch = Watch(members: 8, answering: [2, 3, 4, 5, 6, 7])
            for accuser in accusers {
                watch.hear(Rumour(node(8), .suspect, incarnation: 1, accuser: node(accuser)))
            }
            // Its own probe would be a confirmation.
            watch.detector.round = [node(2)]
            return watch.wait(msMax: 20_000) { $0.liveness(8) == .dead }
        }
        let alone = lasts(accusers: [2])
        let shared = lasts(accusers: [2, 3])
        let certain = lasts(accusers: [2, 3, 4, 5])
        let repeated = lasts(accusers: [2, 2, 2, 2])
        #expect(alone == 6000)
        #expect(shared == 4000)
        #expect(certain == 2000)
        #expect(repeated == alone)
    }

    @Test func `the first accusers are passed on, later ones not`() {
        var watch = Watch(members: 8)
        var passedOn: [UInt16] = []
        for accuser: UInt16 in 2...7 {
            watch.hear(Rumour(node(8), .suspect, incarnation: 1, accuser: node(accuser)))
            watch.effects = []
            watch.receive(.ping(1), from: node(2))
            guard case .answer(let message) = watch.effects.first else { continue }
            passedOn.append(message.rumours[0].accuser.rawValue)
        }
        #expect(passedOn == [2, 3, 4, 5, 5, 5])
    }

    @Test func `whoever is accused is told first, objects, and moves on`() {
        var watch = Watch(members: 8)
        watch.hear(Rumour(node(8), .suspect, incarnation: 1, accuser: node(3)))
        watch.effects = []
        watch.receive(.ping(1), from: node(8))
        guard case .answer(let message) = watch.effects.first else {
            Issue.record("no answer")
            return
        }
        #expect(
            message.rumours.first
                == Rumour(node(8), .suspect, incarnation: 1, accuser: node(1)))
        // The same, seen from the accused.
        watch.hear(Rumour(node(1), .suspect, incarnation: 10, accuser: node(3)))
        #expect(watch.detector.report.incarnation == 11)
        #expect(watch.counters.refutations == 1)
        #expect(watch.detector.report.healthScore == 1)
        watch.effects = []
        watch.receive(.ping(1), from: node(2))
        guard case .answer(let objection) = watch.effects.first else {
            Issue.record("no answer")
            return
        }
        #expect(objection.incarnation == 11)
        #expect(objection.rumours.contains(Rumour(node(1), .alive, incarnation: 11)))
    }

    @Test func `who accuses says so at once and in every period, however ill it is itself`() {
        var watch = Watch(members: 8)
        #expect(watch.wait(msMax: 6000) { $0.counters.accusations > 0 } != nil)
        func accused() -> [NodeNumber] {
            watch.takeSends().filter { $0.message.rumours.first?.accuser == node(1) }
                .filter { $0.message.rumours.first?.subject == $0.to }.map(\.to)
        }
        let first = Set(accused())
        #expect(first.count == 1)
        // Nobody helped: its own probes have become slow.
        #expect(watch.detector.report.healthScore > 0)
        watch.wait(ms: 500)
        #expect(first.isSubset(of: accused()))
        watch.wait(ms: 500)
        #expect(first.isSubset(of: accused()))
    }

    @Test func `who objects tells others at once`() {
        var watch = Watch(members: 8)
        watch.effects = []
        watch.receive(.news, from: node(2), [Rumour(node(1), .suspect, incarnation: 10)])
        let news = watch.takeSends()
        #expect(news.count == DetectorTiming.newsTargets)
        #expect(
            news.allSatisfy {
                $0.message.rumours.contains(Rumour(node(1), .alive, incarnation: 11))
            })
        // The same accusation again is none of this incarnation.
        watch.receive(.news, from: node(3), [Rumour(node(1), .suspect, incarnation: 10)])
        #expect(watch.takeSends().isEmpty)
    }

    @Test func `a ping that went with its connection is sent again on the next one`() {
        var watch = Watch(members: 3)
        watch.apply(.linkOpened(node(2)))
        _ = watch.takeSends()
        watch.apply(.linkClosed(node(3)))
        let lost = watch.takeSends()
        watch.apply(.linkOpened(node(3)))
        let again = watch.takeSends()
        #expect(again.map(\.to) == [node(3)])
        #expect(again.map(\.message.body) == lost.map(\.message.body))
        #expect(watch.counters.probes == 1)
    }

    @Test func `an objection clears a member, an older one does not`() {
        var watch = Watch(members: 8)
        watch.hear(Rumour(node(8), .suspect, incarnation: 5, accuser: node(3)))
        watch.hear(Rumour(node(8), .alive, incarnation: 5))
        #expect(watch.liveness(8) == .suspect)
        watch.hear(Rumour(node(8), .alive, incarnation: 6))
        #expect(watch.liveness(8) == .alive)
        watch.hear(Rumour(node(8), .suspect, incarnation: 5, accuser: node(4)))
        #expect(watch.liveness(8) == .alive)
    }

    @Test func `nobody in good standing is dead by hearsay`() {
        var watch = Watch(members: 8)
        watch.hear(Rumour(node(8), .dead, incarnation: 1))
        #expect(watch.liveness(8) == .suspect)
        watch.hear(Rumour(node(8), .dead, incarnation: 1))
        #expect(watch.liveness(8) == .dead)
    }

    @Test func `news order is a total order of incarnation and liveness`() {
        let states = [UInt64(1), 2].flatMap { incarnation in
            Liveness.allCases.map { Rumour(node(2), $0, incarnation: incarnation) }
        }
        for (low, one) in states.enumerated() {
            for (high, other) in states.enumerated() {
                #expect(other.isNewer(than: one) == (low < high))
            }
        }
    }

    // MARK: The dead

    @Test func `the dead are probed on, more seldom, and come back by their own word`() {
        var watch = Watch(members: 3, answering: [2])
        #expect(watch.wait(msMax: 10_000) { $0.liveness(3) == .dead } != nil)
        _ = watch.takeSends()
        watch.wait(ms: 20_000)
        let pings = watch.takeSends().filter { $0.to == node(3) }
        #expect((9...11).contains(pings.count))
        #expect(pings.allSatisfy { $0.message.rumours.first?.liveness == .dead })
        // The answer carries a new incarnation, since the ping said what it is accused of.
        watch.incarnations[node(3)] = 2
        watch.answering.insert(node(3))
        watch.wait(ms: 2100)
        #expect(watch.liveness(3) == .alive)
        #expect(watch.counters.returns == 1)
    }

    @Test func `a connection that opens makes it greet the dead`() {
        var watch = Watch(members: 3, answering: [2])
        watch.apply(.linkOpened(node(2)))
        #expect(watch.wait(msMax: 10_000) { $0.liveness(3) == .dead } != nil)
        _ = watch.takeSends()
        watch.apply(.linkOpened(node(3)))
        #expect(watch.takeSends().map(\.to) == [node(3)])
        watch.apply(.linkOpened(node(2)))
        #expect(watch.takeSends().isEmpty)
    }

    @Test func `a restart refutes what was said of the earlier life`() {
        var watch = Watch(members: 3)
        watch.hear(Rumour(node(1), .dead, incarnation: 9))
        #expect(watch.detector.report.incarnation == 10)
        // The clock has gone back since.
        watch.hear(Rumour(node(1), .dead, incarnation: 900))
        #expect(watch.detector.report.incarnation == 901)
    }

    // MARK: This node itself

    @Test(arguments: [150, 700, 5000, 100_000])
    func `a node that stood still accuses nobody`(ms: UInt64) {
        var watch = Watch(members: 4, answering: [2, 3, 4])
        watch.wait(ms: 3000)
        watch.hear(Rumour(node(4), .suspect, incarnation: 1, accuser: node(3)))
        // A ping is under way when it stops; the answer lies in its socket when it goes on.
        watch.answering = []
        #expect(watch.wait(msMax: 600) { !$0.detector.probes.isEmpty } != nil)
        watch.sleep(ms: ms)
        watch.apply(.ticked)
        watch.answering = [node(2), node(3), node(4)]
        watch.incarnations[node(4)] = 2
        watch.wait(ms: 100)
        let late = watch.detector.probes
        for probe in late { watch.receive(.ack(probe.number), from: probe.target) }
        watch.wait(ms: 10_000)
        #expect(watch.counters.deaths == 0)
        #expect(watch.counters.accusations == 0)
        #expect([2, 3, 4].allSatisfy { watch.liveness($0) == .alive })
    }

    @Test func `a node that is always late still does its work`() {
        var watch = Watch(members: 3, answering: [2])
        let startMs = watch.nowMs
        while watch.liveness(3) != .dead, watch.nowMs < startMs + 120_000 {
            watch.sleep(ms: 250)
            watch.apply(.ticked)
        }
        #expect(watch.liveness(3) == .dead)
    }

    @Test func `helpers that say nothing make it distrust itself, and answers heal that`() {
        var watch = Watch(members: 6)
        watch.wait(ms: 8000)
        #expect(watch.detector.report.healthScore == 8)
        #expect(watch.counters.probes < 8)
        watch.answering = Set((2...6).map(node))
        for number: UInt16 in 2...6 { watch.incarnations[node(number)] = 2 }
        watch.wait(ms: 60_000)
        #expect(watch.detector.report.healthScore == 0)
    }

    @Test func `a member whose shards stand still is asked last, by its own words`() {
        var watch = Watch(members: 3)
        watch.apply(
            .received(DetectorMessage(.ack(0), incarnation: 1, isStalled: true), from: node(2)))
        #expect(watch.liveness(2) == .suspect)
        #expect(watch.effects.contains(.judge(node(2), .suspect)))
        watch.apply(.received(DetectorMessage(.ack(0), incarnation: 1), from: node(2)))
        #expect(watch.effects.contains(.judge(node(2), .alive)))
    }

    // MARK: Members, comparisons

    @Test func `who leaves the topology is forgotten, and who joins is probed`() {
        var watch = Watch(members: 3)
        watch.hear(Rumour(node(3), .suspect, incarnation: 1, accuser: node(2)))
        watch.apply(.membersChanged([1, 2, 4].map(node)))
        #expect(watch.detector.report.peers.map(\.node) == [node(2), node(4)])
        _ = watch.takeSends()
        watch.wait(ms: 1200)
        #expect(Set(watch.takeSends().map(\.to)) == [node(2), node(4)])
        watch.apply(.membersChanged([node(1)]))
        _ = watch.takeSends()
        watch.wait(ms: 5000)
        #expect(watch.takeSends().isEmpty)
        #expect(watch.detector.nextDeadlineNs == .max)
    }

    @Test func `two members tell each other all they know`() {
        var watch = Watch(members: 4)
        watch.apply(.linkOpened(node(2)))
        let own = [
            Rumour(node(1), .alive, incarnation: 10), Rumour(node(2), .alive, incarnation: 0),
            Rumour(node(3), .alive, incarnation: 0), Rumour(node(4), .alive, incarnation: 0),
        ]
        #expect(watch.takeSends().map(\.message.body) == [.sync(own)])
        watch.receive(
            .sync([Rumour(node(3), .suspect, incarnation: 7, accuser: node(3))]), from: node(2))
        #expect(watch.liveness(3) == .suspect)
        let answered = watch.effects.contains { effect in
            if case .answer(let message) = effect, case .synced = message.body {
                true
            } else {
                false
            }
        }
        #expect(answered)
    }

    @Test func `who is asked whom it sees says so`() {
        var watch = Watch(members: 3)
        watch.hear(Rumour(node(3), .suspect, incarnation: 7, accuser: node(2)))
        watch.effects = []
        watch.receive(.viewRequest(5), from: node(2))
        guard case .answer(let message) = watch.effects.first,
            case .view(5, let seen) = message.body
        else {
            Issue.record("no view")
            return
        }
        #expect(seen.map(\.subject) == [node(2), node(3)])
        #expect(seen.map(\.liveness) == [.alive, .suspect])
        watch.effects = []
        watch.receive(.view(6, seen), from: node(2))
        #expect(watch.effects == [.viewed(6, by: node(2), seen)])
    }

    @Test func `a rumour is passed on a bounded number of times`() {
        var queue = RumourQueue()
        queue.put(Rumour(node(2), .dead, incarnation: 1))
        queue.put(Rumour(node(3), .dead, incarnation: 1))
        queue.put(Rumour(node(2), .alive, incarnation: 2))
        var taken: [Rumour] = []
        // The latest first, then what was sent least.
        queue.take(1, sendingsMax: 2, into: &taken)
        queue.take(1, sendingsMax: 2, into: &taken)
        #expect(taken.map(\.subject) == [node(2), node(3)])
        queue.take(5, sendingsMax: 2, into: &taken)
        #expect(queue.isEmpty)
        #expect(taken.count == 4)
    }
}

private func node(_ number: UInt16) -> NodeNumber { NodeNumber(rawValue: number) }
