internal import Essentials
internal import Storage
internal import Synchronization

/// Keeps a promise on the disk: no actor epoch that this node gives out lies beyond the ceiling.
///
/// After an unclean stop the trust horizon starts past the ceiling, so every actor the node may
/// have used, and forgotten, is left alone, also when the wall clock has gone back meanwhile.
final class EpochCeiling: Sendable {
    /// How far ahead the ceiling is laid, and when it is laid anew. A minute costs one small fsync
    /// every half minute, and puts epochs at most a minute ahead of the clock after a crash.
    static let aheadMs: UInt64 = 60_000
    static let renewMs: UInt64 = 30_000

    /// What is left above the epochs that were reached, where these are ahead of the wall clock:
    /// they go on by ones then, and not by the clock.
    private static let spareMs: UInt64 = 1000

    private let ceilingMs: Atomic<UInt64>
    private let reachedMs: Atomic<UInt64>

    /// - Parameter reachedMs: no epoch that was given out so far is greater.
    init(reachedMs: UInt64) {
        ceilingMs = Atomic(reachedMs)
        self.reachedMs = Atomic(reachedMs)
    }

    /// What no epoch may exceed now.
    var currentMs: UInt64 { ceilingMs.load(ordering: .acquiring) }

    /// Epochs of a shard have come so far. They pass the ceiling only where others know of greater
    /// ones already.
    func note(reachedMs: UInt64) {
        self.reachedMs.max(reachedMs, ordering: .relaxed)
    }

    /// Lays the ceiling ahead of `wallMs`, durably first. Blocks.
    func renew(_ facts: NodeFacts, wallMs: UInt64) throws(StorageError) {
        let aboveReachedMs = reachedMs.load(ordering: .relaxed) + Self.spareMs
        let next = max(wallMs + Self.aheadMs, currentMs, aboveReachedMs)
        try facts.store(epochCeilingMs: next)
        ceilingMs.store(next, ordering: .releasing)
    }

    /// Keeps what was reached for the next run: the node stops in order. Blocks.
    func end(_ facts: NodeFacts) throws(StorageError) {
        try facts.store(epochCeilingMs: max(currentMs, reachedMs.load(ordering: .relaxed)))
    }
}
