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

    private let ceilingMs: Atomic<UInt64>

    init(ceilingMs: UInt64) { self.ceilingMs = Atomic(ceilingMs) }

    /// What no epoch may exceed now.
    var currentMs: UInt64 { ceilingMs.load(ordering: .acquiring) }

    /// Lays the ceiling ahead of `wallMs`, durably first. Blocks.
    func renew(_ facts: NodeFacts, wallMs: UInt64) throws(StorageError) {
        let next = max(wallMs + Self.aheadMs, currentMs)
        try facts.store(epochCeilingMs: next)
        ceilingMs.store(next, ordering: .releasing)
    }
}
