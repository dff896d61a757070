internal import Essentials

/// One run of a node: under which number it goes on.
///
/// The number names the run, and is its trust horizon: no actor of an earlier run is continued.
/// Nothing in a directory proves that it is the newest state of its node: it may have been put back
/// as it was after an orderly stop, on a machine whose clock has gone back, or twice. So each start
/// begins new actors, after an orderly stop as well. That costs a key one entry of its context for
/// each start after which this node writes it.
public enum Life {
    /// Chance moves the number up by less than this, so that two runs that begin with one state
    /// of the directory, at what their clocks take for the same time, differ.
    public static let spreadMs: UInt64 = 1 << 16
    /// No node's numbers get so far ahead of the clock by themselves. Each start moves them on by
    /// up to two minutes, so one that ends at once and is started again, for days, comes far;
    /// beyond ten years there are only numbers that somebody has made up.
    static let aheadMsMax: UInt64 = 10 * 365 * 86_400_000

    /// The number of a run that begins now, greater than that of every run that the directory
    /// knows of, and than every actor epoch that these may have given out.
    ///
    /// - Parameter usedMs: no epoch that the directory knows of is greater.
    public static func begin(
        wallMs: UInt64, usedMs: UInt64, using random: inout some RandomNumberGenerator
    ) -> UInt64 {
        let spreadMs = UInt64.random(in: 0..<spreadMs, using: &random)
        return max(min(wallMs, latestMs), min(usedMs, latestMs)) + 1 + spreadMs
    }

    /// Far enough from the end of all epochs that what follows fits in.
    private static let latestMs: UInt64 = 1 << 47
}
