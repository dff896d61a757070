internal import Commands
internal import Wire

/// How many replicas one request needs, and how long it waits for them: numbers, resolved from
/// `DEFAULT`, `QUORUM` and the like, and not yet bounded by the replicas a partition has.
public struct Consistency: Sendable, Equatable {
    // Every request is moved a few times with them, so they are kept small.
    private var numbers: (r: UInt16, w: UInt16, pr: UInt16, pw: UInt16, dw: UInt16)
    public var timeoutMs: UInt32

    public init(r: Int, w: Int, pr: Int = 0, pw: Int = 0, dw: Int = 0, timeoutMs: UInt32) {
        numbers = (
            UInt16(clamping: r), UInt16(clamping: w), UInt16(clamping: pr), UInt16(clamping: pw),
            UInt16(clamping: dw)
        )
        self.timeoutMs = timeoutMs
    }

    public var r: Int {
        get { Int(numbers.r) }
        set { numbers.r = UInt16(clamping: newValue) }
    }
    public var w: Int {
        get { Int(numbers.w) }
        set { numbers.w = UInt16(clamping: newValue) }
    }
    public var pr: Int {
        get { Int(numbers.pr) }
        set { numbers.pr = UInt16(clamping: newValue) }
    }
    public var pw: Int {
        get { Int(numbers.pw) }
        set { numbers.pw = UInt16(clamping: newValue) }
    }
    public var dw: Int {
        get { Int(numbers.dw) }
        set { numbers.dw = UInt16(clamping: newValue) }
    }

    public static func == (left: Consistency, right: Consistency) -> Bool {
        left.numbers == right.numbers && left.timeoutMs == right.timeoutMs
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
        let most = UInt16(clamping: replicas)
        var bounded = self
        bounded.numbers = (
            min(max(numbers.r, 1), most), min(max(numbers.w, 1), most), min(numbers.pr, most),
            min(numbers.pw, most), min(numbers.dw, most)
        )
        return bounded
    }
}
