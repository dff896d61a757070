internal import Engine
internal import Essentials
internal import Membership
internal import Platform
internal import Wire

/// Drives the node's `FailureDetector` on the first shard's loop, and tells all shards what it
/// says.
///
/// Beside the control plane and not inside it: what that says waits for the disk, and a node whose
/// disk is slow or full must not look dead. An answer therefore means that the node's first loop
/// runs; that another one does not is told in the answers (`isStalled`).
///
/// Confined to its loop.
final class DetectorShell {
    private unowned let shard: Shard
    private let services: NodeServices
    private var detector: FailureDetector
    private var effects: [FailureDetector.Effect] = []
    private let timer: Timer
    /// The topology whose members the detector knows.
    private var epoch: UInt64 = 0
    private var lastTickNs: UInt64 = 0
    private var nextLookNs: UInt64 = 0
    private var questions = ViewQuestions()

    /// Loops tell once a second that they run. One that has not for so long has missed two.
    private static let silenceNsMax: UInt64 = 3_000_000_000
    /// How often the loops are looked at.
    private static let lookPeriodNs: UInt64 = 500_000_000

    init(shard: Shard, seed: UInt64) {
        self.shard = shard
        services = shard.services
        let periodMs = UInt64(shard.configuration.probePeriodMs)
        detector = FailureDetector(
            node: shard.number, incarnation: shard.loop.now.wallMs, seed: seed,
            timing: DetectorTiming(periodMs: periodMs))
        timer = Timer(loop: shard.loop) { [unowned shard] in shard.control?.detector.tick() }
        timer.set(
            afterMs: FailureDetector.tickMs, repeatingEveryMs: FailureDetector.tickMs)
        learnMembers()
    }

    var report: DetectorReport { detector.report }

    func stop() { timer.close() }

    func receive(_ message: DetectorMessage, from node: NodeNumber, _ link: LinkID) {
        apply(.received(message, from: node), on: link)
    }

    /// - Parameter link: what answers leave on.
    func apply(_ event: FailureDetector.Event, on link: LinkID? = nil) {
        detector.apply(event, now: shard.loop.now, into: &effects)
        let produced = effects
        effects.removeAll(keepingCapacity: true)
        for effect in produced { carryOut(effect, link) }
    }

    /// Asks all members whom they see. `done` gets what came within `timeoutMs`, this node's own
    /// view first.
    func askForViews(timeoutMs: UInt64, done: @escaping ([MemberView]) -> Void) {
        let own = MemberView(by: shard.number, detector.report)
        let number = questions.begin(own, of: detector.report.peers.count, done: done)
        apply(.viewsWanted(number))
        shard.after(ms: timeoutMs) { [weak self] in self?.questions.end(number) }
    }

    fileprivate func tick() {
        if epoch != shard.topology.epoch { learnMembers() }
        lookAtLoops(shard.loop.now.monotonicNs)
        apply(.ticked)
    }

    private func lookAtLoops(_ nowNs: UInt64) {
        // After this loop has stood still itself, the others have to tell first.
        if nowNs > lastTickNs + Self.lookPeriodNs { nextLookNs = nowNs + Self.silenceNsMax }
        lastTickNs = nowNs
        guard nowNs >= nextLookNs else { return }
        nextLookNs = nowNs + Self.lookPeriodNs
        let silentNs = services.reachability.longestSilenceNs(nowNs: nowNs)
        apply(.stalled(silentNs > Self.silenceNsMax))
    }

    private func learnMembers() {
        epoch = shard.topology.epoch
        apply(.membersChanged(shard.topology.members.map(\.number)))
    }

    private func carryOut(_ effect: FailureDetector.Effect, _ link: LinkID?) {
        switch effect {
        case .send(let node, let message):
            let isPing = if case .ping = message.body { true } else { false }
            let bytes = ControlMessage.detector(message).encoded()
            shard.peers.sendControl(bytes, to: node, isAnsweredSoon: isPing)
        case .answer(let message):
            guard let link else { return }
            let bytes = ControlMessage.detector(message).encoded()
            services.mailboxes[link.loop].send(.answer(link, .control(bytes)))
        case .judge(let node, let liveness):
            for mailbox in services.mailboxes { mailbox.send(.peerJudged(node, liveness)) }
            services.reachability.judge(node, liveness)
            log(node, liveness)
            shard.noteReachability()
        case .viewed(let number, let node, let rumours):
            questions.answered(number, MemberView(by: node, rumours))
        }
    }

    private func log(_ node: NodeNumber, _ liveness: Liveness) {
        guard let member = shard.topology.member(node) else { return }
        let text =
            switch liveness {
            case .alive: "a member gives signs of life again"
            case .suspect: "a member gives no signs of life"
            case .dead: "a member is taken for dead"
            }
        services.log.log(
            liveness == .dead ? .warn : .info, text,
            ["node": .integer(Int(node.rawValue)), "address": .text(member.peerAddress)])
    }
}
