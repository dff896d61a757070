public import Essentials

/// The clock that the members share: what stamps, deadlines and actor epochs go by, on every node.
///
/// Each node's runs with its own monotonic clock, so that nothing which happens to a wall clock
/// moves it. Members tell each other once a second how their clocks stand. A node that starts takes
/// over what those have who know it; where nobody does, all take the middle of the wall clocks that
/// they have heard of. From then on members come, go and die without its moving:
///
/// - It is drawn towards the middle of all members' wall clocks, at most so fast that no deadline
///   notices, so that the cluster follows whoever sets its clocks (NTP).
/// - A node whose common clock differs from what most others have, be it that its machine was
///   suspended, goes over to theirs.
/// - It jumps to the wall clocks where most members' agree with each other, and it is further from
///   them than the bound; and while members join, before there are data.
///
/// A node whose own wall clock is beyond the bound is told so (`judgement`).
///
/// With an even number of wall clocks all between the middle two is right, so two members that
/// disagree stay with what they have.
///
/// A pure machine, confined to its node's control loop.
public struct CommonClock: Sendable {
    /// How often `ticked` is due, in ms.
    public static let tickMs: UInt64 = 100
    /// A start goes on after so long, whoever is missing.
    public static let startMsMax: UInt64 = 2000

    public enum Event: Sendable {
        case ticked
        /// This node's connection to the member is open.
        case linkOpened(NodeNumber)
        case received(ClockMessage, from: NodeNumber)
        /// All members, this node among them or not.
        case membersChanged([NodeNumber])
        /// An admin has set another bound.
        case boundChanged(ms: UInt64)
    }

    public enum Effect: Sendable, Equatable {
        case send(NodeNumber, ClockMessage)
        /// On the link on which the event came.
        case answer(ClockMessage)
        case judged(ClockJudgement)
        /// The common clock has jumped.
        case moved(byMs: Int64)
    }

    /// Members are asked so often.
    static let askNs: UInt64 = 1_000_000_000
    /// Who has not been heard for so long may have another clock by now.
    static let silenceNs: UInt64 = 10_000_000_000
    /// A start waits so long for somebody to be there at all.
    static let lonelyNs: UInt64 = 500_000_000
    /// So long for the others, once most members' clocks are known.
    static let gatherNs: UInt64 = 500_000_000
    /// While members have just joined, wall clocks decide for so long.
    static let formingNs: UInt64 = 5_000_000_000
    /// For so long most members' clocks must disagree with the common one before it follows.
    static let persistNs: UInt64 = 2_000_000_000
    /// An only member follows a clock that was set after so long: not every jump lasts.
    static let alonePersistNs: UInt64 = 10_000_000_000
    /// Differences that nobody notices.
    static let toleranceNs: Int64 = 250_000_000
    /// An only member's clock is right to this without being followed.
    static let aloneToleranceNs: Int64 = 1_000_000_000
    /// 500 ppm, as NTP slews.
    static let slewNsPerMs: Int64 = 500

    let node: NodeNumber
    private(set) var boundMs: UInt64
    private(set) var members: [NodeNumber] = []
    /// Ascending; without this node. Of those that left nothing is kept.
    private var peers: [ClockPeer] = []
    /// How much later the common clock is than the monotonic one.
    public private(set) var offsetNs: Int64
    /// Whether it is the members', and not only this node's guess.
    public private(set) var isShared = false
    public private(set) var judgement = ClockJudgement.unknown
    private let startedNs: UInt64
    /// When the clocks of most members were known first.
    private var mostKnownNs: UInt64?
    private var hasContact = false
    private var formingUntilNs: UInt64 = 0
    private var disagreesSinceNs: UInt64?
    private var nextAskNs: UInt64 = 0
    private var lastTickNs: UInt64

    /// - Parameter now: with the wall clock of this machine.
    public init(node: NodeNumber, members: [NodeNumber], boundMs: UInt64, now: Now) {
        self.node = node
        self.boundMs = boundMs
        startedNs = now.monotonicNs
        lastTickNs = now.monotonicNs
        offsetNs = Self.offset(now)
        setMembers(members)
        isShared = isAlone
        if isAlone { judgement = .sound }
    }

    private var isAlone: Bool { peers.isEmpty }

    /// The common time.
    public func commonMs(atNs monotonicNs: UInt64) -> UInt64 {
        Self.ms(monotonicNs, offsetNs: offsetNs)
    }

    /// The time at `monotonicNs` of a clock that is so much later.
    public static func ms(_ monotonicNs: UInt64, offsetNs: Int64) -> UInt64 {
        UInt64(max(0, Int64(monotonicNs) &+ offsetNs)) / 1_000_000
    }

    /// Whether a node that has just started may take commands: its clock is the members', or there
    /// is nobody to ask.
    public func isSettled(nowNs: UInt64) -> Bool {
        let sinceNs = nowNs - min(nowNs, startedNs)
        return isShared || sinceNs >= (hasContact ? Self.startMsMax * 1_000_000 : Self.lonelyNs)
    }

    /// What this node says of its clocks.
    public func message(now: Now, echoNs: UInt64 = 0) -> ClockMessage {
        ClockMessage(
            monotonicNs: now.monotonicNs, wallMs: now.wallMs,
            commonMs: isShared ? commonMs(atNs: now.monotonicNs) : 0, echoNs: echoNs)
    }

    /// - Parameter now: with the wall clock of this machine.
    public mutating func apply(_ event: Event, now: Now, into effects: inout [Effect]) {
        switch event {
        case .ticked: tick(now: now, into: &effects)
        case .linkOpened(let peer): effects.append(.send(peer, message(now: now)))
        case .received(let message, let peer):
            receive(message, from: peer, now: now, into: &effects)
        case .membersChanged(let members):
            let before = self.members
            guard members != before else { return }
            setMembers(members)
            formingUntilNs = now.monotonicNs + Self.formingNs
            adjust(now: now, into: &effects)
        case .boundChanged(let ms):
            boundMs = ms
            judge(now: now, into: &effects)
        }
    }

    private mutating func setMembers(_ members: [NodeNumber]) {
        self.members = members
        let others = members.filter { $0 != node }.sorted()
        let known = peers
        peers = others.map { other in
            known.first { $0.node == other } ?? ClockPeer(node: other)
        }
    }

    private mutating func receive(
        _ message: ClockMessage, from peer: NodeNumber, now: Now, into effects: inout [Effect]
    ) {
        guard let index = peers.firstIndex(where: { $0.node == peer }) else { return }
        hasContact = true
        peers[index].take(message, nowNs: now.monotonicNs)
        if !isShared || now.monotonicNs < formingUntilNs { adjust(now: now, into: &effects) }
        guard message.echoNs == 0 else { return }
        effects.append(.answer(self.message(now: now, echoNs: message.monotonicNs)))
    }

    private mutating func tick(now: Now, into effects: inout [Effect]) {
        if now.monotonicNs >= nextAskNs {
            nextAskNs = now.monotonicNs + Self.askNs
            for peer in peers { effects.append(.send(peer.node, message(now: now))) }
        }
        adjust(now: now, into: &effects)
        slew(now: now)
    }

    // MARK: Where it stands

    /// A wall clock's distance from the monotonic one.
    private static func offset(_ now: Now) -> Int64 {
        Int64(min(now.wallMs, ClockMessage.msMax)) * 1_000_000 - Int64(now.monotonicNs)
    }

    /// All wall clocks that are known, as distances from the monotonic one, ascending. Those of
    /// members that are away count as they were: a clock goes on without its process.
    private func walls(_ now: Now) -> [Int64] {
        (peers.compactMap(\.wall) + [Self.offset(now)]).sorted()
    }

    private func isMost(_ count: Int) -> Bool { 2 * count > peers.count + 1 }

    private mutating func adjust(now: Now, into effects: inout [Effect]) {
        let before = offsetNs
        let wasShared = isShared
        if isShared {
            follow(now: now)
        } else {
            begin(now: now)
        }
        let movedMs = (offsetNs - before) / 1_000_000
        if wasShared, movedMs.magnitude > 0 { effects.append(.moved(byMs: movedMs)) }
        judge(now: now, into: &effects)
    }

    /// Before it is known what the members have.
    private mutating func begin(now: Now) {
        let commons = freshCommons(now)
        if !commons.isEmpty {
            offsetNs = Self.lowerMiddle(commons.sorted())
            isShared = true
            return
        }
        let walls = walls(now)
        if isMost(walls.count), mostKnownNs == nil { mostKnownNs = now.monotonicNs }
        let hasWaited = mostKnownNs.map { now.monotonicNs >= $0 + Self.gatherNs } ?? false
        guard walls.count > peers.count || hasWaited else {
            offsetNs = Self.offset(now)
            return
        }
        offsetNs = Self.lowerMiddle(walls)
        isShared = true
    }

    private mutating func follow(now: Now) {
        let walls = walls(now)
        if isAlone {
            let offset = Self.offset(now)
            let isOff = abs(offset - offsetNs) > Self.aloneToleranceNs
            if persists(isOff, for: Self.alonePersistNs, now) { offsetNs = offset }
            return
        }
        if now.monotonicNs < formingUntilNs {
            guard isMost(walls.count) else { return }
            let wanted = Self.middle(of: walls, nearest: offsetNs)
            if abs(wanted - offsetNs) > Self.toleranceNs { offsetNs = wanted }
            return
        }
        let agreed = agreedWall(walls)
        let isOff = agreed.map { abs($0 - offsetNs) > boundNs } ?? false
        if let agreed, persists(isOff, for: Self.persistNs, now) {
            offsetNs = agreed
            formingUntilNs = now.monotonicNs + Self.formingNs
            return
        }
        let wanted = Self.lowerMiddle((freshCommons(now) + [offsetNs]).sorted())
        if abs(wanted - offsetNs) > Self.toleranceNs { offsetNs = wanted }
    }

    private mutating func persists(_ condition: Bool, for ns: UInt64, _ now: Now) -> Bool {
        guard condition else {
            disagreesSinceNs = nil
            return false
        }
        let sinceNs = disagreesSinceNs ?? now.monotonicNs
        disagreesSinceNs = sinceNs
        guard now.monotonicNs >= sinceNs + ns else { return false }
        disagreesSinceNs = nil
        return true
    }

    /// What members have that were heard lately. What may be this node's own is taken for that:
    /// what is known of others is known to half a round trip only.
    private func freshCommons(_ now: Now) -> [Int64] {
        peers.compactMap { peer in
            guard let common = peer.common, now.monotonicNs < peer.heardNs + Self.silenceNs else {
                return nil
            }
            guard isShared else { return common }
            let errorNs = peer.errorNs(nowNs: now.monotonicNs)
            return min(max(offsetNs, common - errorNs), common + errorNs)
        }
    }

    private var boundNs: Int64 { Int64(clamping: boundMs) * 1_000_000 }

    /// What the clocks of most members say, if so many agree to within the bound: the middle of
    /// those that are closest together.
    private func agreedWall(_ walls: [Int64]) -> Int64? {
        let count = (peers.count + 1) / 2 + 1
        guard walls.count >= count else { return nil }
        var best: (first: Int, spread: Int64)?
        for first in 0...(walls.count - count) {
            let spread = walls[first + count - 1] - walls[first]
            if best.map({ spread < $0.spread }) ?? true { best = (first, spread) }
        }
        guard let best, best.spread <= boundNs else { return nil }
        return Self.lowerMiddle(Array(walls[best.first..<best.first + count]))
    }

    private static func lowerMiddle(_ sorted: [Int64]) -> Int64 { sorted[(sorted.count - 1) / 2] }

    /// Of what lies between the middle two, the nearest to `offset`.
    private static func middle(of sorted: [Int64], nearest offset: Int64) -> Int64 {
        min(max(offset, sorted[(sorted.count - 1) / 2]), sorted[sorted.count / 2])
    }

    /// Draws the common clock to the middle of the wall clocks.
    private mutating func slew(now: Now) {
        let passedMs = Int64((now.monotonicNs - min(now.monotonicNs, lastTickNs)) / 1_000_000)
        lastTickNs = now.monotonicNs
        let walls = walls(now)
        guard isShared, isMost(walls.count) else { return }
        let wanted = Self.middle(of: walls, nearest: offsetNs)
        let most = min(passedMs, 1000) * Self.slewNsPerMs
        offsetNs += min(max(wanted - offsetNs, -most), most)
    }

    /// As if the monotonic clock had stood for so long, for tests.
    package mutating func suspend(ms: Int64) { offsetNs -= ms * 1_000_000 }

    // MARK: This node's own clock

    private mutating func judge(now: Now, into effects: inout [Effect]) {
        let found = judged(now)
        guard !found.isLike(judgement) else { return }
        judgement = found
        effects.append(.judged(found))
    }

    private func judged(_ now: Now) -> ClockJudgement {
        guard !isAlone else { return .sound }
        let own = Self.offset(now)
        var reference = offsetNs
        let walls = walls(now)
        if let agreed = agreedWall(walls) {
            // The common clock is about to follow what most members say.
            if !isShared || abs(agreed - offsetNs) > boundNs { reference = agreed }
        } else if !isShared, let first = walls.first, let last = walls.last {
            // Nobody knows yet who is right.
            if last - first > boundNs { reference = own == first ? last : first }
        }
        let found = ClockJudgement(
            deviationMs: (own - reference) / 1_000_000, boundMs: boundMs)
        return found == .sound && !isSettled(nowNs: now.monotonicNs) ? .unknown : found
    }
}
