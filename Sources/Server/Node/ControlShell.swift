internal import Engine
internal import Essentials
internal import Membership
internal import Platform
internal import Storage
internal import Wire

/// Drives the node's `ControlPlane` on the first shard's loop: stores topologies, tells the shards,
/// answers joiners, and looks whether the node holds data.
///
/// Effects after a `store` wait until it is durable, so the queue stands still meanwhile.
/// Confined to its loop.
final class ControlShell {
    private unowned let shard: Shard
    private let services: NodeServices
    private var plane: ControlPlane
    private var effects: [ControlPlane.Effect] = []
    private var next = 0
    /// Whether an effect is under way that the following ones wait for.
    private var isWaiting = false
    private var random = SeededRandom.fromSystem()
    private var waiting: [(id: ProposalID, done: (String?) -> Void)] = []
    private let timer: Timer
    private let facts: NodeFacts

    init(shard: Shard, topology: Topology) {
        self.shard = shard
        services = shard.services
        facts = NodeFacts(storage: shard.services.storage)
        plane = ControlPlane(id: shard.services.nodeID, topology: topology)
        timer = Timer(loop: shard.loop) { [unowned shard] in shard.control?.tick() }
        timer.set(afterMs: ControlPlane.tickMs, repeatingEveryMs: ControlPlane.tickMs)
    }

    var isAuthority: Bool { plane.isAuthority }

    /// Proposes a change; `done` gets nil when it is made, or the reason why not.
    func propose(_ change: TopologyChange, done: @escaping (String?) -> Void) {
        let id = ProposalID(rawValue: random.next())
        waiting.append((id, done))
        apply(.proposed(id, change))
    }

    /// Proposes a change until it is made: a node's own addresses must become known, also when the
    /// deciding node is away at first.
    func persist(_ change: TopologyChange) {
        if shard.topology.authority == shard.number || shard.peers.isReady(shard.topology.authority) {
            propose(change) { [services] reason in
                guard let reason else { return }
                services.log.warn(
                    "the cluster did not take this node's addresses", ["reason": .text(reason)])
            }
            return
        }
        shard.after(ms: 500) { [weak self] in self?.persist(change) }
    }

    func receive(_ bytes: [UInt8], from node: NodeNumber?, link: LinkID) {
        guard let message = try? ControlMessage(decoding: bytes) else {
            services.log.warn("a control message cannot be decoded", [:])
            return
        }
        if let node {
            apply(.received(message, from: node))
        } else {
            apply(.joinRequested(message, link: link))
        }
    }

    func heard(epoch: UInt64, from node: NodeNumber) { apply(.heard(epoch: epoch, from: node)) }

    func stop() { timer.close() }

    fileprivate func tick() { apply(.ticked) }

    private func apply(_ event: ControlPlane.Event) {
        plane.apply(event, now: shard.loop.now, into: &effects)
        carryOut()
    }

    private func carryOut() {
        while !isWaiting, next < effects.count {
            let effect = effects[next]
            next += 1
            carryOut(effect)
        }
        if next == effects.count {
            effects.removeAll(keepingCapacity: true)
            next = 0
        }
    }

    private func carryOut(_ effect: ControlPlane.Effect) {
        switch effect {
        case .send(let node, let message):
            // A lost message is sent again by the machines.
            _ = shard.peers.send(.control(message.encoded()), to: node)
        case .answer(let link, let message):
            services.mailboxes[link.loop].send(.answer(link, .control(message.encoded())))
        case .store(let topology): store(topology)
        case .adopt(let topology): adopt(topology)
        case .holdWrites(let areHeld):
            for mailbox in services.mailboxes { mailbox.send(.writesHeld(areHeld)) }
        case .inspect(let preparation): inspect(preparation)
        case .accepted(let id): finish(id, nil)
        case .refused(let id, let reason): finish(id, reason)
        case .report(let text): services.log.error("conflict of topologies", ["reason": .text(text)])
        }
    }

    private func finish(_ id: ProposalID, _ reason: String?) {
        guard let index = waiting.firstIndex(where: { $0.id == id }) else { return }
        waiting.remove(at: index).done(reason)
    }

    private func resume() {
        isWaiting = false
        carryOut()
    }

    private func store(_ topology: Topology) {
        isWaiting = true
        let facts = facts
        let services = services
        let resume = Confined(self, to: shard.loop)
        let mailbox = services.mailboxes[shard.index]
        let isAccepted = services.workers.submit {
            do throws(StorageError) {
                try facts.store(topology)
            } catch {
                services.fail(error.description)
            }
            mailbox.send(.call { _ in resume.value.resume() })
        }
        if !isAccepted { services.fail("cannot store the topology: the disk does not keep up") }
    }

    /// Hands the topology to all shards and goes on when each serves by it.
    private func adopt(_ topology: Topology) {
        isWaiting = true
        services.log.info(
            "topology adopted",
            [
                "epoch": .integer(Int(topology.epoch)),
                "members": .integer(topology.members.count),
            ])
        let count = CountDown(services.shardCount) { [unowned self] in resume() }
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

    /// Waits until no command is under way, then looks for a record.
    private func inspect(_ preparation: Preparation) {
        let confined = Confined(self, to: shard.loop)
        services.gather(origin: shard.index, { $0.dataPlane.inFlightCount }) { _, counts in
            confined.value.look(preparation, underWay: counts.reduce(0, +))
        }
    }

    private func look(_ preparation: Preparation, underWay: Int) {
        guard underWay == 0 else { return shard.after(ms: 10) { [weak self] in self?.inspect(preparation) } }
        let services = services
        let confined = Confined(self, to: shard.loop)
        let mailbox = services.mailboxes[shard.index]
        _ = services.workers.submit {
            var isEmpty = true
            do throws(StorageError) {
                let limits = ScanLimits(entriesMax: 1, bytesMax: .max)
                _ = try services.storage.scan(.objects, from: [], to: nil, limits: limits) { _, _ in
                    isEmpty = false
                    return false
                }
            } catch {
                services.log.error("the data cannot be read", ["reason": .describing(error)])
                isEmpty = false
            }
            let found = isEmpty
            mailbox.send(.call { _ in confined.value.apply(.inspected(preparation, isEmpty: found)) })
        }
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
