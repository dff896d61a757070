internal import Consensus
internal import Engine
internal import Essentials
internal import Membership
internal import Platform
internal import Storage
internal import Wire

/// Drives the node's `ControlPlane` on the first shard's loop: stores what was agreed on and
/// topologies, tells the shards, answers joiners, and looks whether the node holds data.
///
/// Two queues keep the plane's ordering contract. All effects go through the first, which stands
/// still while what was agreed on is being written; those that wait for the topology go on through
/// the second, which stands still while one is being stored or adopted.
///
/// Confined to its loop.
final class ControlShell {
    private unowned let shard: Shard
    private let services: NodeServices
    private var plane: ControlPlane
    private var effects = FIFO<ControlPlane.Effect>()
    private var isPersisting = false
    private var topologyEffects = FIFO<ControlPlane.Effect>()
    private var isAdopting = false
    /// The connection on which each node was heard last: the way to one whose address changed.
    private var lastLinks: [NodeNumber: LinkID] = [:]
    private var random = SeededRandom.fromSystem()
    private var waiting: [Proposal] = []
    private var isStopped = false
    /// Whether a change of this node's addresses is proposed.
    private var isMoving = false
    private let timer: Timer
    private let facts: NodeFacts
    let detector: DetectorShell
    let clock: ClockShell

    /// A change that somebody here wants and waits for.
    private struct Proposal {
        let id: ProposalID
        let deadlineNs: UInt64
        let done: (String?) -> Void
    }

    /// The deciding node answers within seconds, a flush that members do not confirm included. An
    /// answer that is lost on the way would else be awaited for ever.
    private static let proposalNsMax: UInt64 = 15_000_000_000
    /// How long a node waits before it tells its addresses again.
    private static let moveAgainMs: UInt64 = 2000
    /// While the disk has no room for a topology, it is looked again after so long.
    private static let fullPauseMs: UInt64 = 1000
    /// While a disk does not write, other nodes are heard until so many effects wait for it. By
    /// then they have given up on this one.
    private static let backlogMax = 10_000

    init(shard: Shard, topology: Topology, consensus: RaftStored) {
        self.shard = shard
        services = shard.services
        facts = NodeFacts(storage: shard.services.storage)
        plane = ControlPlane(
            id: shard.services.nodeID, topology: topology, consensus: consensus,
            seed: random.next())
        detector = DetectorShell(shard: shard, seed: random.next())
        clock = ClockShell(shard: shard, topology)
        plane.driftMsMax = UInt64(shard.configuration.clockDriftMsMax)
        timer = Timer(loop: shard.loop) { [unowned shard] in shard.control?.tick() }
        timer.set(afterMs: ControlPlane.tickMs, repeatingEveryMs: ControlPlane.tickMs)
        // One that decides alone is to do so before somebody asks.
        shard.after(ms: 0) { [weak self] in
            self?.tick()
            self?.tellAddresses()
        }
    }

    var consensus: ConsensusStatus { plane.consensusStatus(now: shard.loop.now) }

    /// Proposes a change; `done` gets nil when it is made, or the reason why not.
    func propose(_ change: TopologyChange, done: @escaping (String?) -> Void) {
        let id = ProposalID(rawValue: random.next())
        let deadlineNs = shard.loop.now.monotonicNs + Self.proposalNsMax
        waiting.append(Proposal(id: id, deadlineNs: deadlineNs, done: done))
        apply(.proposed(id, change))
    }

    /// Tells the cluster where this node is, whenever it is written down elsewhere: again and
    /// again, also when nobody can decide at first.
    private func tellAddresses() {
        guard !isStopped, !isMoving, let member = plane.topology?.member(id: services.nodeID),
            member.description.addresses != services.addresses.own
        else { return }
        isMoving = true
        propose(.updateAddresses(member.id, services.addresses.own)) { [weak self] reason in
            guard let self else { return }
            if let reason {
                services.log.warn(
                    "the cluster did not take this node's addresses", ["reason": .text(reason)])
            }
            shard.after(ms: reason == nil ? 0 : Self.moveAgainMs) { [weak self] in
                self?.isMoving = false
                self?.tellAddresses()
            }
        }
    }

    /// This node has a connection to the member.
    func linkOpened(to node: NodeNumber) {
        send(ControlMessage.addresses(services.addresses.notices(for: node)).encoded(), to: node)
        detector.apply(.linkOpened(node))
        clock.apply(.linkOpened(node))
    }

    private func take(_ notices: [AddressNotice], from node: NodeNumber, _ link: LinkID) {
        let (found, passedOn) = services.addresses.heard(notices, from: node)
        for node in found { shard.look(for: node) }
        if link.rawValue != 0 {
            // It has just come: what it may not know, and cannot ask elsewhere if it reaches only
            // this node.
            let answer = ControlMessage.addresses(services.addresses.notices(for: node))
            services.mailboxes[link.loop].send(.answer(link, .control(answer.encoded())))
        }
        guard !passedOn.isEmpty else { return }
        let bytes = ControlMessage.addresses(passedOn).encoded()
        for member in shard.topology.members
        where member.number != node && member.number != shard.number {
            send(bytes, to: member.number)
        }
    }

    /// Goes on without `lost`, for which an admin answers; `done` gets nil, or why not.
    func recover(without lost: [NodeNumber], done: @escaping (String?) -> Void) {
        let id = ProposalID(rawValue: random.next())
        let deadlineNs = shard.loop.now.monotonicNs + Self.proposalNsMax
        waiting.append(Proposal(id: id, deadlineNs: deadlineNs, done: done))
        apply(.recoveryWanted(id, lost: lost))
    }

    func receive(_ bytes: [UInt8], from node: NodeNumber?, link: LinkID) {
        guard let message = try? ControlMessage(decoding: bytes) else {
            services.log.warn("a control message cannot be decoded", [:])
            return
        }
        // Probes count: a node that moved may have nothing else to say, as when it does not yet
        // know who decides.
        if let node, link.rawValue != 0 { lastLinks[node] = link }
        if case .detector(let message) = message {
            if let node { detector.receive(message, from: node, link) }
        } else if case .clock(let message) = message {
            if let node { clock.apply(.received(message, from: node), on: link) }
        } else if case .addresses(let notices) = message {
            if let node { take(notices, from: node, link) }
        } else if let node {
            guard effects.count < Self.backlogMax else { return }
            apply(.received(message, from: node))
        } else {
            apply(.joinRequested(message, link: link))
        }
    }

    /// This node's disk is an earlier state of it.
    func doubt() { apply(.doubted) }

    func configure(_ configuration: Configuration) {
        let boundMs = UInt64(configuration.clockDriftMsMax)
        plane.driftMsMax = boundMs
        clock.apply(.boundChanged(ms: boundMs))
    }

    func heard(epoch: UInt64, from node: NodeNumber) { apply(.heard(epoch: epoch, from: node)) }

    /// Nothing is decided or adopted any more: the shards are about to go.
    func stop() {
        apply(.leaving)
        timer.close()
        detector.stop()
        clock.stop()
        isStopped = true
        let abandoned = waiting
        waiting = []
        for proposal in abandoned { proposal.done("the node is stopping") }
    }

    fileprivate func tick() {
        let nowNs = shard.loop.now.monotonicNs
        for proposal in waiting where proposal.deadlineNs <= nowNs {
            finish(proposal.id, "the node that leads did not answer: the change may still be made")
        }
        apply(.ticked)
    }

    private func apply(_ event: ControlPlane.Event) {
        guard !isStopped else { return }
        var produced: [ControlPlane.Effect] = []
        plane.apply(event, now: shard.now, into: &produced)
        for effect in produced { effects.append(effect) }
        carryOut()
    }

    private func carryOut() {
        while !isPersisting, !isStopped, let effect = effects.popFirst() {
            if effect.waitsForTopology {
                topologyEffects.append(effect)
                adoptNext()
            } else {
                carryOut(effect)
            }
        }
    }

    private func adoptNext() {
        while !isAdopting, !isStopped, let effect = topologyEffects.popFirst() {
            carryOut(effect)
        }
    }

    private func carryOut(_ effect: ControlPlane.Effect) {
        switch effect {
        case .send(let node, let message):
            // A lost message is sent again by the machines.
            send(message.encoded(), to: node)
        case .answer(let link, let message):
            services.mailboxes[link.loop].send(.answer(link, .control(message.encoded())))
        case .persist(let write): store(write)
        case .store(let topology): store(topology)
        case .adopt(let topology): adopt(topology)
        case .holdWrites(let areHeld):
            for mailbox in services.mailboxes { mailbox.send(.writesHeld(areHeld)) }
        case .inspect(let preparation): inspect(preparation)
        case .accepted(let id): finish(id, nil)
        case .refused(let id, let reason): finish(id, reason)
        case .report(let text):
            services.log.error("conflict of topologies", ["reason": .text(text)])
        case .observed(let observation): log(observation)
        }
    }

    /// On our connection, or, where there is none, on one that the node has opened: its address may
    /// have changed, and the change is what this message is about.
    private func send(_ bytes: [UInt8], to node: NodeNumber) {
        if shard.peers.isControlReady(node) {
            shard.peers.sendControl(bytes, to: node)
        } else if let link = lastLinks[node] {
            services.mailboxes[link.loop].send(.answer(link, .control(bytes)))
        }
    }

    private func log(_ observation: ControlPlane.Observation) {
        switch observation {
        case .led(let term):
            services.log.info("this node leads the members", ["term": .integer(Int(term))])
        case .followed(let term):
            services.log.info(
                "this node no longer leads the members", ["term": .integer(Int(term))])
        case .applied: break
        }
    }

    private func finish(_ id: ProposalID, _ reason: String?) {
        guard let index = waiting.firstIndex(where: { $0.id == id }) else { return }
        waiting.remove(at: index).done(reason)
    }

    // MARK: What is stored

    private func store(_ write: RaftWrite) {
        isPersisting = true
        let facts = facts
        store("what was agreed on", { () throws(StorageError) in try facts.store(write) }) {
            $0.isPersisting = false
            $0.carryOut()
        }
    }

    private func store(_ topology: Topology) {
        isAdopting = true
        let facts = facts
        store("the topology", { () throws(StorageError) in try facts.store(topology) }) {
            $0.isAdopting = false
            $0.adoptNext()
        }
    }

    /// Writes on a worker, again and again as long as the disk has no room, then goes on with
    /// `done`.
    private func store(
        _ what: String, _ write: @escaping @Sendable () throws(StorageError) -> Void,
        done: @escaping @Sendable (ControlShell) -> Void
    ) {
        let services = services
        let confined = Confined(self, to: shard.loop)
        let mailbox = services.mailboxes[shard.index]
        let isAccepted = services.workers.submit {
            do throws(StorageError) {
                try write()
                mailbox.send(.call { _ in done(confined.value) })
            } catch {
                guard case .full = error else { services.fail(error.description) }
                services.log.error("the disk has no room", ["for": .text(what)])
                mailbox.send(.call { _ in confined.value.storeLater(what, write, done: done) })
            }
        }
        if !isAccepted { storeLater(what, write, done: done) }
    }

    private func storeLater(
        _ what: String, _ write: @escaping @Sendable () throws(StorageError) -> Void,
        done: @escaping @Sendable (ControlShell) -> Void
    ) {
        guard !isStopped else { return }
        shard.after(ms: Self.fullPauseMs) { [weak self] in
            guard let self, !isStopped else { return }
            store(what, write, done: done)
        }
    }

    // MARK: Adopting

    /// Hands the topology to all shards and goes on when each serves by it.
    private func adopt(_ topology: Topology) {
        if let reason = topology.reasonToEnd(of: shard.number) { services.fail(reason) }
        isAdopting = true
        logChanges(to: topology)
        services.log.info(
            "topology adopted",
            [
                "epoch": .integer(Int(topology.epoch)),
                "members": .integer(topology.members.count),
            ])
        let count = CountDown(services.shardCount) { [unowned self] in
            isAdopting = false
            tellAddresses()
            adoptNext()
        }
        let confined = Confined(count, to: shard.loop)
        let home = services.mailboxes[shard.index]
        for mailbox in services.mailboxes {
            mailbox.send(
                .call { host in
                    host.shard?.adopt(topology) {
                        home.send(.call { _ in confined.value.countDown() })
                    }
                })
        }
    }

    private func logChanges(to topology: Topology) {
        let before = shard.topology
        for member in topology.members where before.member(member.number) == nil {
            services.log.info(
                "a member has joined",
                [
                    "node": .integer(Int(member.number.rawValue)), "id": .describing(member.id),
                    "address": .text(member.peerAddress), "zone": .text(member.zone),
                    "weight": .integer(member.weight),
                ])
        }
        for member in topology.members
        where member.isLost && before.member(member.number)?.isLost == false {
            services.log.warn(
                "a member is given up: the cluster was recovered without it",
                ["node": .integer(Int(member.number.rawValue)), "id": .describing(member.id)])
        }
        for member in before.members where topology.member(member.number) == nil {
            services.log.info(
                "a member has left",
                ["node": .integer(Int(member.number.rawValue)), "id": .describing(member.id)])
        }
        if topology.flushStamp > before.flushStamp {
            services.log.warn("all data of the cluster is flushed", [:])
        }
    }

    /// Waits until no write is under way, then looks for a record.
    private func inspect(_ preparation: Preparation) {
        let confined = Confined(self, to: shard.loop)
        services.gather(origin: shard.index, { $0.unstoredWrites }) { _, counts in
            confined.value.look(preparation, underWay: counts.reduce(0, +))
        }
    }

    private func look(_ preparation: Preparation, underWay: Int) {
        guard !isStopped else { return }
        guard underWay == 0 else {
            return shard.after(ms: 10) { [weak self] in self?.inspect(preparation) }
        }
        let services = services
        let facts = facts
        let confined = Confined(self, to: shard.loop)
        let mailbox = services.mailboxes[shard.index]
        // Unheard, the deciding node asks again.
        _ = services.workers.submit {
            let isEmpty: Bool
            do throws(StorageError) {
                isEmpty = try !facts.holdsData()
            } catch {
                services.log.error("the data cannot be read", ["reason": .describing(error)])
                isEmpty = false
            }
            mailbox.send(
                .call { _ in confined.value.apply(.inspected(preparation, isEmpty: isEmpty)) })
        }
    }
}

extension Topology {
    /// Why whoever has this number must not serve; nil if it may. It has stored the topology, so
    /// that its next start says the same.
    func reasonToEnd(of number: NodeNumber) -> String? {
        let what: String
        switch standing(of: number) {
        case .member: return nil
        case .lost: what = "was given up when its cluster was recovered without it"
        case .removed, .unknown: what = "was removed from its cluster"
        }
        return "this node (number \(number)) \(what), at epoch \(epoch): it serves nothing any "
            + "more; start it with an empty data-dir to join as a new one"
    }
}

/// Calls back when it was counted down to nothing.
private final class CountDown {
    private var left: Int
    private let done: () -> Void

    init(_ count: Int, done: @escaping () -> Void) {
        left = count
        self.done = done
    }

    func countDown() {
        left -= 1
        if left == 0 { done() }
    }
}
