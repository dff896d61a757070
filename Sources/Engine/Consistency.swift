internal import Commands
internal import Wire

/// How many replicas one request needs, and how long it waits for them: numbers, resolved from
/// `DEFAULT`, `QUORUM` and the like, and not yet bounded by the replicas a partition has.
public struct Consistency: Sendable, Equatable {
    public var r: Int
    public var w: Int
    public var pr: Int
    public var pw: Int
    public var dw: Int
    public var timeoutMs: UInt32

    public init(r: Int, w: Int, pr: Int = 0, pw: Int = 0, dw: Int = 0, timeoutMs: UInt32) {
        self.r = r
        self.w = w
        self.pr = pr
        self.pw = pw
        self.dw = dw
        self.timeoutMs = timeoutMs
    }

    /// Nobody makes a request live longer here than a client may.
    init(_ peer: PeerConsistency) {
        self.init(
            r: Int(peer.r), w: Int(peer.w), pr: Int(peer.pr), pw: Int(peer.pw), dw: Int(peer.dw),
            timeoutMs: min(peer.timeoutMs, UInt32(ConsistencyOverride.timeoutMsMax)))
    }

    /// Whether one read can serve requests under both.
    func readsLike(_ other: Consistency) -> Bool { r == other.r && pr == other.pr }

    /// As it travels with a forwarded request, with what is left of the time.
    func forPeer(timeoutMs: UInt32) -> PeerConsistency {
        PeerConsistency(
            r: UInt8(clamping: r), w: UInt8(clamping: w), pr: UInt8(clamping: pr),
            pw: UInt8(clamping: pw), dw: UInt8(clamping: dw), timeoutMs: timeoutMs)
    }

    /// Bounded by what a partition of `replicas` replicas can give: a cluster of one node has one
    /// replica of everything, and its quorum is one.
    package func bounded(by replicas: Int) -> Consistency {
        Consistency(
            r: min(max(r, 1), replicas), w: min(max(w, 1), replicas), pr: min(pr, replicas),
            pw: min(pw, replicas), dw: min(dw, replicas), timeoutMs: timeoutMs)
    }
}
