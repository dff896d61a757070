/// How far the clocks that nodes go by have been from the true time.
struct ClockErrors {
    private(set) var leastMs: Int64 = 0
    private(set) var mostMs: Int64 = 0

    mutating func note(_ errorMs: Int64) {
        leastMs = min(leastMs, errorMs)
        mostMs = max(mostMs, errorMs)
    }

    /// By how much a deadline may have come too early or too late: it may have been set by the
    /// clock that was furthest ahead, and looked at by the one that was furthest behind.
    var spreadMs: Int64 { mostMs - leastMs }
}
