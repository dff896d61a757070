/// Whether new work is refused because work waits too long.
///
/// After CoDel (RFC 8289): a queue that is long for a moment does its duty, one in which even the
/// shortest wait has been too long for a whole interval only makes everybody late. Then new work is
/// refused until a wait is short again; when waits grow long soon after, it is refused at once.
/// Unlike CoDel, which drops single packets, all new work is refused for as long: who is told so
/// within a millisecond can go elsewhere, and what was taken is carried out.
///
/// A pure value; whoever owns it says how long something has waited.
struct DelayGate: Sendable {
    /// How long even the shortest wait must have been too long. CoDel's interval is a round trip of
    /// those who are to react; clients and their pools take about a second.
    static let intervalNs: UInt64 = 1_000_000_000

    private(set) var isRefusing = false
    /// Since when all waits were too long; 0 when the last was not.
    private var longSinceNs: UInt64 = 0
    /// When work was last refused; 0 for never.
    private var refusedNs: UInt64 = 0

    /// Takes note of a wait that ended now.
    ///
    /// - Parameter targetNs: what is too long; 0: nothing is.
    mutating func note(waitNs: UInt64, targetNs: UInt64, nowNs: UInt64) {
        guard targetNs > 0, waitNs >= targetNs else {
            if isRefusing { refusedNs = nowNs }
            (isRefusing, longSinceNs) = (false, 0)
            return
        }
        if longSinceNs == 0 { longSinceNs = nowNs - min(waitNs, nowNs) }
        let isRecent = refusedNs > 0 && nowNs - min(refusedNs, nowNs) < Self.intervalNs
        if isRecent || nowNs - longSinceNs >= Self.intervalNs { isRefusing = true }
    }
}
