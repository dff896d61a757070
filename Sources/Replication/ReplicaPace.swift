/// How fast one peer has been answering, and how much it owes: what a coordinator needs to choose
/// whom to ask, and to know when an answer is late.
///
/// The mean decays within some ten answers, so a slow spell is soon forgotten (the slow reset of
/// Cassandra's dynamic snitch is a known complaint); it is multiplied by what is outstanding, as in
/// C3 (Suresh et al., NSDI 2015). While nothing comes though something is owed, the silence itself
/// counts as latency: a process that stands still is avoided after a few times its usual latency,
/// long before a failure detector can tell.
///
/// Times are monotonic, in ns.
public struct ReplicaPace: Sendable {
    /// Differences below this are noise: two replicas in one data centre are equally good.
    static let meanNsMin: UInt64 = 128_000
    /// An estimate that nothing has confirmed for so long is replaced by the next answer.
    static let staleNs: UInt64 = 1_000_000_000
    /// A read is not helped out earlier: a second message costs more than so short a wait.
    static let lateNsMin: UInt64 = 1_000_000
    /// Nor later: people notice, and a peer that is always as slow has no tail worth waiting for.
    public static let lateNsMax: UInt64 = 100_000_000
    /// For a peer that has not answered often enough to say.
    static let lateNsUnknown: UInt64 = 10_000_000
    /// The part of a new answer in the mean: an eighth.
    private static let meanShift: UInt64 = 3
    /// An unconfirmed estimate loses half in this time (2^28 ns), so that a peer which was slow for
    /// a second is tried again after three.
    private static let fadeShift: UInt64 = 28

    public private(set) var outstanding: UInt32 = 0
    private var meanNs: UInt64 = 0
    /// When the last answer came; 0 before the first.
    private var heardNs: UInt64 = 0
    /// When the peer last showed that it lives, or was first asked after it owed nothing.
    private var silentSinceNs: UInt64 = 0
    private var tail = LatencyTail()

    public init() {}

    /// How long an answer usually takes at most: after that, another replica may be asked.
    public var lateNs: UInt64 {
        guard let p99Ns = tail.p99Ns else { return Self.lateNsUnknown }
        return min(max(p99Ns, Self.lateNsMin), Self.lateNsMax)
    }

    public mutating func noteAsked(nowNs: UInt64) {
        if outstanding == 0 { silentSinceNs = nowNs }
        outstanding += 1
    }

    /// An answer has come, after so long; nil where nobody knows.
    public mutating func noteAnswered(afterNs ns: UInt64?, nowNs: UInt64) {
        settle(nowNs: nowNs)
        guard let ns else { return }
        take(ns, nowNs: nowNs)
        tail.note(ns: ns)
    }

    /// Nobody waits any longer, after so long: it would have taken at least that.
    public mutating func noteUnanswered(afterNs ns: UInt64, nowNs: UInt64) {
        if outstanding > 0 { outstanding -= 1 }
        if ns > meanNs { take(ns, nowNs: nowNs) }
    }

    /// What was asked will not be answered, for reasons that say nothing about speed.
    public mutating func forgetOutstanding() { outstanding = 0 }

    /// How dear it is to ask this peer: the smaller, the better.
    public func cost(nowNs: UInt64) -> UInt64 { cost(meanNs: meanNs, nowNs: nowNs) }

    /// The same where a peer is heard of only when it is chosen: a bad estimate fades with time.
    public func fadingCost(nowNs: UInt64) -> UInt64 {
        let idleNs = nowNs - min(nowNs, heardNs)
        return cost(meanNs: meanNs >> min(idleNs >> Self.fadeShift, 63), nowNs: nowNs)
    }

    /// Whether the estimate is so old that the peer should be asked, only to know.
    public func isStale(nowNs: UInt64) -> Bool {
        heardNs > 0 && outstanding == 0 && nowNs >= heardNs + Self.staleNs
    }

    private func cost(meanNs: UInt64, nowNs: UInt64) -> UInt64 {
        var ns = max(meanNs, Self.meanNsMin)
        if outstanding > 0, nowNs > silentSinceNs { ns = max(ns, nowNs - silentSinceNs) }
        return ns &* UInt64(1 + outstanding)
    }

    private mutating func settle(nowNs: UInt64) {
        if outstanding > 0 { outstanding -= 1 }
        silentSinceNs = nowNs
    }

    private mutating func take(_ ns: UInt64, nowNs: UInt64) {
        if heardNs == 0 || nowNs >= heardNs + Self.staleNs {
            meanNs = ns
        } else if ns > meanNs {
            meanNs += (ns - meanNs) >> Self.meanShift
        } else {
            meanNs -= (meanNs - ns) >> Self.meanShift
        }
        heardNs = nowNs
    }
}
