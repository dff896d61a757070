internal import CUV
internal import Essentials

/// A value that one thread leaves and another waits for, but not for ever.
///
/// For threads that may block and ask a loop something: a loop that is busy, or stopping, must not
/// keep them. `@unchecked` because the mutex and the condition are libuv's, which the compiler
/// cannot see guarding the value; libuv because its waits go by the monotonic clock.
@safe
public final class Latch<Value: Sendable>: @unchecked Sendable {
    private let mutex: UnsafeMutablePointer<uv_mutex_t>
    private let condition: UnsafeMutablePointer<uv_cond_t>
    /// Guarded by `mutex`.
    private var value: Value?

    public init() {
        unsafe mutex = .allocate(capacity: 1)
        unsafe condition = .allocate(capacity: 1)
        let status = unsafe (uv_mutex_init(mutex), uv_cond_init(condition))
        invariant(status == (0, 0), "cannot create a latch")
    }

    deinit {
        unsafe uv_cond_destroy(condition)
        unsafe uv_mutex_destroy(mutex)
        unsafe condition.deallocate()
        unsafe mutex.deallocate()
    }

    /// Leaves the value, also for those who come to wait later. Any but the first is dropped.
    public func open(_ newValue: Value) {
        unsafe uv_mutex_lock(mutex)
        if value == nil { value = newValue }
        unsafe uv_cond_broadcast(condition)
        unsafe uv_mutex_unlock(mutex)
    }

    /// Returns the value, or nil when nobody has left one within `timeoutMs`.
    public func wait(timeoutMs: UInt64) -> Value? {
        let deadlineNs = SystemClock.monotonicNs() + timeoutMs * 1_000_000
        unsafe uv_mutex_lock(mutex)
        defer { unsafe uv_mutex_unlock(mutex) }
        // It may wake for no reason.
        while value == nil {
            let nowNs = SystemClock.monotonicNs()
            guard nowNs < deadlineNs else { return nil }
            _ = unsafe uv_cond_timedwait(condition, mutex, deadlineNs - nowNs)
        }
        return value
    }
}
