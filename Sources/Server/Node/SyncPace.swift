/// When a group commit starts its next fsync: at once where few write, and at most every
/// `spacingNs` where many do.
///
/// An fsync costs a node some 30 µs of CPU, and as much again for the passes and frames that tell
/// of it, however many writes share it. On a fast disk a new one begins every 0.4 ms, with a
/// handful of writes each: under load the fsyncs then take a third of the CPU, and clients wait for
/// that longer than for the disk. A lone writer has nobody to share with and must not wait.
///
/// The same trade as PostgreSQL's `commit_delay` and MySQL's `binlog_group_commit_sync_delay`,
/// which are settings because those servers do not measure who would come.
struct SyncPace {
    /// From the start of one fsync to the start of the next.
    static let spacingNs: UInt64 = 2_000_000
    /// Waiting is worth while if so many writes are expected in a spacing.
    static let groupMin: UInt64 = 16
    /// A group of so many has a small enough share of the fsync each.
    static let groupEnough = 64

    private var lastStartNs: UInt64 = 0
    /// Writes in a spacing, as lately seen, times eight.
    private var expectedTimes8: UInt64 = 0

    /// How long the next fsync should wait for company, in ns.
    func pauseNs(waiting writes: Int, nowNs: UInt64) -> UInt64 {
        guard expectedTimes8 >= 8 * Self.groupMin, writes < Self.groupEnough else { return 0 }
        let dueNs = lastStartNs + Self.spacingNs
        return dueNs > nowNs ? dueNs - nowNs : 0
    }

    /// An fsync for so many writes starts.
    mutating func noteStart(writes: Int, nowNs: UInt64) {
        let intervalNs = max(1, nowNs - min(lastStartNs, nowNs))
        lastStartNs = nowNs
        let seen = UInt64(min(writes, 1 << 20)) * Self.spacingNs / intervalNs
        // Half-life of five fsyncs: a burst is soon forgotten, one odd group does not count.
        expectedTimes8 = expectedTimes8 - expectedTimes8 / 8 + min(seen, 1 << 20)
    }
}
