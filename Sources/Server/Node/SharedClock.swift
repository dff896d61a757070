internal import Engine
internal import Essentials
internal import Membership
internal import Platform
internal import Synchronization

/// The members' common clock, for any thread: the monotonic clock and what it is apart. Only the
/// first loop sets it.
final class SharedClock: Sendable {
    private let offsetNs: Atomic<Int64>
    private let shared = Atomic<Bool>(false)
    private let settled = Latch<Void>()

    /// - Parameter now: by the wall clock: nobody was heard yet.
    init(_ now: Now) {
        offsetNs = Atomic(Int64(clamping: now.wallMs) * 1_000_000 - Int64(now.monotonicNs))
    }

    func ms(atNs monotonicNs: UInt64) -> UInt64 {
        CommonClock.ms(monotonicNs, offsetNs: offsetNs.load(ordering: .relaxed))
    }

    func nowMs() -> UInt64 { ms(atNs: SystemClock.monotonicNs()) }

    /// Whether it is the members' time, and not only what this node takes for it.
    var isShared: Bool { shared.load(ordering: .relaxed) }

    func set(_ clock: CommonClock) {
        offsetNs.store(clock.offsetNs, ordering: .relaxed)
        shared.store(clock.isShared, ordering: .relaxed)
    }

    /// Lets clients in. Called when the loops have been told what there is to tell of the clock.
    func settle() { settled.open(()) }

    /// Waits until it is known what time the members have, or that nobody is there to ask.
    func awaitSettled() {
        _ = settled.wait(timeoutMs: 2 * CommonClock.startMsMax)
    }
}
