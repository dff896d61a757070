public import Essentials

/// Finds out which members can be reached right now: SWIM with Lifeguard's refinements.
///
/// In each period one member is pinged. If it does not answer, three others are asked to ping it;
/// if none of them gets through, it is suspected, and everybody is told on the back of later
/// messages. Who is suspected hears of it by the next ping and objects with a higher incarnation;
/// who does not object in time is dead. So each node sends and receives a constant number of
/// messages, however many members there are.
///
/// Deviations from the papers (numbered as in `DetectorTiming`):
/// - Members come from the topology alone. Rumours about others are ignored, and the dead stay
///   members: they are probed on, at a quarter of the rate.
/// - Nobody is dead by hearsay: of a member in good standing, a rumour of its death is a suspicion,
///   against which it may object here, too. So the two sides of a healed cut do not bury each
///   other's members anew.
/// - A member that is reached only through others three times in a row is suspect for this node
///   alone, since requests take the direct way.
/// - Time during which this node stood still counts for nobody: all deadlines move by it.
/// - While there is news, it is also told to three members a period (memberlist's gossip), and two
///   members compare all they know every 20 periods (its push/pull).
/// - Whoever suspects a member by its own probe tells it so at once and in every period, and who
///   objects tells others at once. Whatever the health of the two, an error of theirs is cleared up
///   within a period in which they reach each other.
///
/// Invariant: a member has at most one probe and one suspicion under way.
///
/// Confined to the node's control loop.
public struct FailureDetector: Sendable {
    /// How often `ticked` should come at least, in ms: the grain of time-outs. It may come only
    /// when `nextDeadlineNs` is reached.
    public static let tickMs: UInt64 = 20

    public enum Event: Sendable {
        /// The topology's members, this node included or not.
        case membersChanged([NodeNumber])
        case received(DetectorMessage, from: NodeNumber)
        /// The connection that carries the detector's messages to a node.
        case linkOpened(NodeNumber)
        /// Any connection to the node broke.
        case linkClosed(NodeNumber)
        /// A request to the node was not answered in time. Never more than a reason to look.
        case peerTimedOut(NodeNumber)
        /// Whether some of this node's shards stand still.
        case stalled(Bool)
        /// An admin asks whom the members see; `viewed` tells.
        case viewsWanted(UInt64)
        case ticked
    }

    public enum Effect: Sendable, Equatable {
        /// On the connection that this node opened. May be lost.
        case send(NodeNumber, DetectorMessage)
        /// On the connection that the message which is being handled came on. May be lost.
        case answer(DetectorMessage)
        case judge(NodeNumber, Liveness)
        /// What `node` sees, for the question with this number.
        case viewed(UInt64, by: NodeNumber, [Rumour])
    }

    /// What this node knows of a member.
    struct Peer: Sendable {
        let node: NodeNumber
        /// As the members agree.
        var liveness = Liveness.alive
        var incarnation: UInt64 = 0
        /// Probes in a row that reached it only through others.
        var detours = 0
        /// By its own words, shards of it stand still.
        var isStalled = false
        /// What the data planes were told last.
        var judged = Liveness.alive
        var timeouts = 0
        var timeoutsSinceNs: UInt64 = 0

        /// What this node makes of it all.
        var verdict: Liveness {
            let isDoubtful = isStalled || detours >= DetectorTiming.detoursUntilDoubt
            return liveness == .alive && isDoubtful ? .suspect : liveness
        }

        var state: Rumour { Rumour(node, liveness, incarnation: incarnation) }
    }

    /// A member that was asked for a sign of life.
    struct Probe: Sendable {
        let target: NodeNumber
        let number: UInt64
        /// Of the phase: the time for its own answer, then the time for helpers' answers.
        var deadlineNs: UInt64
        var isIndirect = false
        /// How many were asked to help, and how many said that they were there.
        var helpers = 0
        var answeredHelpers = 0
        var wasReached = false
    }

    /// A ping in another's stead.
    struct Help: Sendable {
        let asker: NodeNumber
        let askerNumber: UInt64
        let target: NodeNumber
        let number: UInt64
        var deadlineNs: UInt64
    }

    struct Suspicion: Sendable {
        let subject: NodeNumber
        var startedNs: UInt64
        var accusers: [NodeNumber]
    }

    /// Probes at once: one a period, and those out of turn.
    static let probesMax = 8
    /// Pings in others' stead at once. With k = 3 helpers, three are usual when one member fails.
    static let helpsMax = 64

    public let node: NodeNumber
    let timing: DetectorTiming
    var random: SeededRandom
    /// This node's own.
    var incarnation: UInt64
    var isMember = false
    var isStalled = false
    var health = LocalHealth()
    var counters = DetectorReport.Counters()
    /// By number.
    var peers: [Peer] = []
    /// Whom to probe, shuffled anew after each round, so that everybody is probed within two rounds
    /// (SWIM section 4.3).
    var round: [NodeNumber] = []
    var roundIndex = 0
    var lastNumber: UInt64 = 0
    var probes: [Probe] = []
    var helps: [Help] = []
    var suspicions: [Suspicion] = []
    var rumours = RumourQueue()
    /// Comparisons that this node has begun.
    var syncs = 0
    /// Whether the last tick found that time was lost.
    var hasSkipped = false
    var nextPeriodNs: UInt64 = .max
    var nextNewsNs: UInt64 = .max
    var nextDeadProbeNs: UInt64 = .max
    var nextSyncNs: UInt64 = .max

    /// - Parameter incarnation: greater than in an earlier life, so that a restart refutes what was
    ///   said of that: the wall clock, in ms. If the clock has gone back, the first rumour of the
    ///   earlier life makes up for it.
    /// - Parameter seed: for the order of probes, and the choice of helpers.
    public init(
        node: NodeNumber, incarnation: UInt64, seed: UInt64,
        timing: DetectorTiming = DetectorTiming()
    ) {
        self.node = node
        self.incarnation = min(incarnation, DetectorMessage.incarnationMax)
        self.timing = timing
        random = SeededRandom(seed: seed)
    }

    /// When `ticked` is due; .max without other members.
    public var nextDeadlineNs: UInt64 {
        var next = min(nextPeriodNs, nextNewsNs, nextDeadProbeNs, nextSyncNs)
        for probe in probes { next = min(next, probe.deadlineNs) }
        for help in helps { next = min(next, help.deadlineNs) }
        for suspicion in suspicions { next = min(next, deadlineNs(of: suspicion)) }
        return next
    }

    public var report: DetectorReport {
        DetectorReport(
            peers: peers.map {
                .init(node: $0.node, liveness: $0.verdict, incarnation: $0.incarnation)
            }, incarnation: incarnation, healthScore: health.score, counters: counters)
    }

    /// Alive for this node itself and for strangers.
    public func liveness(of node: NodeNumber) -> Liveness {
        index(of: node).map { peers[$0].verdict } ?? .alive
    }

    public mutating func apply(_ event: Event, now: Now, into effects: inout [Effect]) {
        let nowNs = now.monotonicNs
        switch event {
        case .membersChanged(let members): adopt(members, nowNs: nowNs)
        case .received(let message, let node):
            receive(message, from: node, nowNs: nowNs, into: &effects)
        case .linkOpened(let node): greet(node, into: &effects)
        case .linkClosed(let node): probe(node, nowNs: nowNs, into: &effects)
        case .peerTimedOut(let node): noteTimeout(of: node, nowNs: nowNs, into: &effects)
        case .stalled(let isStalled): self.isStalled = isStalled
        case .viewsWanted(let number): askForViews(number, into: &effects)
        case .ticked: tick(nowNs: nowNs, into: &effects)
        }
    }

    // MARK: Members

    private mutating func adopt(_ members: [NodeNumber], nowNs: UInt64) {
        isMember = members.contains(node)
        let others = members.filter { $0 != node }.sorted()
        for peer in peers where !others.contains(peer.node) { forget(peer.node) }
        for peer in others where index(of: peer) == nil {
            round.insert(peer, at: Int.random(in: 0...round.count, using: &random))
        }
        peers = others.map { other in index(of: other).map { peers[$0] } ?? Peer(node: other) }
        let isActive = isMember && !peers.isEmpty
        guard isActive != (nextPeriodNs < .max) else { return }
        // Nodes that are started together do not probe in step.
        let firstNs = nowNs + UInt64.random(in: 0..<timing.periodNs, using: &random)
        nextPeriodNs = isActive ? firstNs : .max
        nextNewsNs = isActive ? firstNs : .max
        nextDeadProbeNs = isActive ? firstNs + timing.deadPeriodNs : .max
        nextSyncNs = isActive ? firstNs : .max
    }

    private mutating func forget(_ node: NodeNumber) {
        round.removeAll { $0 == node }
        roundIndex = min(roundIndex, round.count)
        probes.removeAll { $0.target == node }
        helps.removeAll { $0.target == node || $0.asker == node }
        suspicions.removeAll { $0.subject == node }
        rumours.remove(node)
    }

    /// In `peers`.
    func index(of node: NodeNumber) -> Int? {
        var low = 0
        var high = peers.count
        while low < high {
            let middle = (low + high) / 2
            if peers[middle].node < node { low = middle + 1 } else { high = middle }
        }
        return low < peers.count && peers[low].node == node ? low : nil
    }

    /// Tells the data planes if this node has another opinion than before.
    mutating func judge(_ index: Int, into effects: inout [Effect]) {
        let verdict = peers[index].verdict
        guard verdict != peers[index].judged else { return }
        peers[index].judged = verdict
        effects.append(.judge(peers[index].node, verdict))
    }

    // MARK: Messages

    /// Dresses a message for `node`: news on its back, first of all what the receiver is accused
    /// of, so that it can object at once (Lifeguard IV.C, the buddy system).
    mutating func message(_ body: DetectorMessage.Body, to node: NodeNumber) -> DetectorMessage {
        counters.messages += 1
        var news: [Rumour] = []
        if let index = index(of: node), peers[index].liveness != .alive {
            var accusation = peers[index].state
            accusation.accuser = self.node
            news.append(accusation)
        }
        let sendingsMax = DetectorTiming.retransmissions(members: peers.count + 1)
        rumours.take(
            DetectorMessage.rumoursMax - news.count, sendingsMax: sendingsMax, into: &news)
        return DetectorMessage(
            body, incarnation: incarnation, isStalled: isStalled, rumours: news)
    }

    mutating func send(
        _ body: DetectorMessage.Body, to node: NodeNumber, into effects: inout [Effect]
    ) {
        effects.append(.send(node, message(body, to: node)))
    }

    mutating func drawNumber() -> UInt64 {
        lastNumber += 1
        return lastNumber
    }

    private mutating func receive(
        _ message: DetectorMessage, from node: NodeNumber, nowNs: UInt64,
        into effects: inout [Effect]
    ) {
        guard let index = index(of: node) else { return counters.strangers += 1 }
        peers[index].isStalled = message.isStalled
        hear(
            Rumour(node, .alive, incarnation: message.incarnation), from: node, nowNs: nowNs,
            into: &effects)
        for rumour in message.rumours { hear(rumour, from: node, nowNs: nowNs, into: &effects) }
        judge(index, into: &effects)
        switch message.body {
        case .ping(let number): effects.append(.answer(self.message(.ack(number), to: node)))
        case .ack(let number): acked(number, by: node, into: &effects)
        case .pingRequest(let number, let target):
            help(node, number, target, nowNs: nowNs, into: &effects)
        case .nack(let number): nacked(number)
        case .sync(let states):
            hear(states, from: node, nowNs: nowNs, into: &effects)
            effects.append(.answer(self.message(.synced(self.states), to: node)))
        case .synced(let states): hear(states, from: node, nowNs: nowNs, into: &effects)
        case .viewRequest(let number):
            effects.append(.answer(self.message(.view(number, view), to: node)))
        case .view(let number, let view):
            effects.append(.viewed(number, by: node, view))
        case .news: break
        }
    }
}
