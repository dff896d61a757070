internal import Engine
internal import Essentials
internal import Membership
internal import Platform
internal import Wire

/// Drives the node's `CommonClock` on the first shard's loop, and tells everybody what it says.
///
/// Confined to its loop.
final class ClockShell {
    private unowned let shard: Shard
    private let services: NodeServices
    private var clock: CommonClock
    private var effects: [CommonClock.Effect] = []
    private let timer: Timer
    /// Whether it has been known since the start what time the members have.
    private var wasKnown = false
    /// The topology whose members the clock knows.
    private var epoch: UInt64

    init(shard: Shard, _ topology: Topology) {
        self.shard = shard
        services = shard.services
        epoch = topology.epoch
        clock = CommonClock(
            node: shard.number, members: topology.members.map(\.number),
            boundMs: UInt64(shard.configuration.clockDriftMsMax), now: shard.loop.now)
        timer = Timer(loop: shard.loop) { [unowned shard] in shard.control?.clock.tick() }
        timer.set(afterMs: CommonClock.tickMs, repeatingEveryMs: CommonClock.tickMs)
        services.clock.set(clock)
        if topology.members.count < 2 { services.clock.settle() }
    }

    func stop() { timer.close() }

    fileprivate func tick() {
        if epoch != shard.topology.epoch {
            epoch = shard.topology.epoch
            apply(.membersChanged(shard.topology.members.map(\.number)))
        }
        apply(.ticked)
    }

    /// - Parameter link: what answers leave on; 0 or nil: this node's own to the member.
    func apply(_ event: CommonClock.Event, on link: LinkID? = nil) {
        // The wall clock is the machine's here, and read now: what is compared is compared with
        // what the other side read at the end of a pass.
        clock.apply(event, now: shard.loop.now, into: &effects)
        services.clock.set(clock)
        let produced = effects
        effects.removeAll(keepingCapacity: true)
        for effect in produced { carryOut(effect, link) }
        if clock.judgement != .unknown { services.clock.settle() }
    }

    private func carryOut(_ effect: CommonClock.Effect, _ link: LinkID?) {
        switch effect {
        case .send(let node, let message):
            shard.peers.sendControl(ControlMessage.clock(message).encoded(), to: node)
        case .answer(let message):
            guard let link, link.rawValue != 0 else { return }
            let bytes = ControlMessage.clock(message).encoded()
            services.mailboxes[link.loop].send(.answer(link, .control(bytes)))
        case .judged(let judgement): judged(judgement)
        case .moved(let ms):
            services.log.warn(
                "the members' common clock has moved", ["ms": .integer(Int(ms))])
        }
    }

    private func judged(_ judgement: ClockJudgement) {
        defer { wasKnown = judgement != .unknown }
        services.reachability.judgeClock(judgement.defect)
        for mailbox in services.mailboxes { mailbox.send(.clockJudged(judgement)) }
        switch judgement {
        case .unknown: break
        case .sound where !wasKnown: break
        case .sound:
            services.log.error(
                "this node's clock is near the members' again: the node coordinates", [:])
        case .ahead(let ms), .behind(let ms):
            let isAhead = judgement == .ahead(ms)
            services.log.error(
                "this node's clock is wrong: the node does not coordinate until it is set right",
                [
                    isAhead ? "ahead_ms" : "behind_ms": .integer(Int(clamping: ms)),
                    "bound_ms": .integer(shard.configuration.clockDriftMsMax),
                ])
        }
    }
}
