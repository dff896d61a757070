/// Up to which batch somebody waits for an fsync that the policy would not give soon, and up to
/// which one was asked for.
///
/// An fsync covers what is written. A batch that went to the late writer is not yet, so the wish
/// stays open until it is.
struct SyncWish {
    private var wanted: UInt64 = 0
    private var asked: UInt64 = 0

    /// Whether an fsync is to be asked for as soon as more is written.
    var isOpen: Bool { wanted > asked }

    mutating func want(_ batch: UInt64) { wanted = max(wanted, batch) }

    /// An fsync is asked for that covers what is written: everything up to `batch`.
    mutating func ask(_ batch: UInt64) { asked = max(asked, batch) }
}
