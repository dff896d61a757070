/// The hybrid timestamp of a flush: every value with this one or an earlier one is gone.
///
/// It has to be later than every stamp that any node may have given before, or taken: all that is
/// within the bound, as seen from the node whose common clock is the furthest ahead. Stamps to come
/// are later than it, wherever clocks stand.
public enum FlushStamp {
    /// By how much members' common clocks may differ, with ample room.
    static let agreementMs: UInt64 = 2000

    private static let countMax: UInt64 = 0xFFFF

    /// The stamp of a flush at the common time `nowMs`.
    ///
    /// - Parameter boundMs: how far ahead stamps may be.
    /// - Parameter last: the stamp of the flush before, or 0.
    public static func next(nowMs: UInt64, boundMs: UInt64, after last: UInt64) -> UInt64 {
        let ms = nowMs + boundMs + agreementMs
        let lastMs = last >> 16
        // A flush by a clock that was wrong: what came since is later than that, by counts.
        if lastMs > ms { return (lastMs + boundMs + agreementMs) << 16 | countMax }
        return max(ms, lastMs + 1) << 16 | countMax
    }

    /// Whether a flush with this stamp may be made at `nowMs`: not for one who took the time from a
    /// clock that is wrong.
    static func isPlausible(
        _ stamp: UInt64, nowMs: UInt64, boundMs: UInt64, after last: UInt64
    ) -> Bool {
        stamp >> 16 <= max(nowMs, last >> 16) + 2 * (boundMs + agreementMs)
    }

    /// A flush always advances: that of one who has not heard of the last comes after it.
    static func advanced(_ stamp: UInt64, past last: UInt64) -> UInt64 {
        stamp < last ? ((last >> 16) + 1) << 16 | countMax : stamp
    }
}
