internal import CUV
internal import Essentials

/// A deadline or a period on a loop. Confined to its loop.
///
/// The closure is given once; setting it again allocates nothing. The loop keeps the timer, and
/// with it whatever the closure captures, until `close`.
@safe
public final class Timer: LoopHandle {
    private let loop: EventLoop
    private let timer: UnsafeMutablePointer<uv_timer_t>
    private var fired: (() -> Void)?

    /// Makes a timer that is not set.
    public init(loop: EventLoop, fired: @escaping () -> Void) {
        invariant(loop.isCurrent, "a timer was made off its loop")
        self.loop = loop
        self.fired = fired
        unsafe timer = .allocate(capacity: 1)
        unsafe uv_timer_init(loop.uv, timer)
        unsafe timer.pointee.data = Unmanaged.passUnretained(self).toOpaque()
        loop.remember(self)
    }

    deinit { unsafe timer.deallocate() }

    public var isSet: Bool { unsafe uv_is_active(handle) != 0 }

    /// Fires once, `delayMs` from now, and every `periodMs` after that if it is given. What was
    /// set before no longer counts.
    public func set(afterMs delayMs: UInt64, repeatingEveryMs periodMs: UInt64 = 0) {
        guard fired != nil else { return }
        // libuv counts from when its poll returned, which may be some work ago.
        unsafe uv_update_time(loop.uv)
        unsafe uv_timer_start(
            timer,
            { timer in
                guard let data = unsafe timer?.pointee.data else { return }
                unsafe Unmanaged<Timer>.fromOpaque(data).takeUnretainedValue().fire()
            }, delayMs, periodMs)
    }

    /// Unsets it; it may be set again.
    public func cancel() { unsafe uv_timer_stop(timer) }

    /// Ends it for good and lets go of its closure. Idempotent.
    public func close() {
        guard fired != nil else { return }
        fired = nil
        unsafe uv_close(handle) { handle in
            guard let data = unsafe handle?.pointee.data else { return }
            let timer = unsafe Unmanaged<Timer>.fromOpaque(data).takeUnretainedValue()
            timer.loop.forget(timer)
        }
    }

    private var handle: UnsafeMutablePointer<uv_handle_t> {
        unsafe UnsafeMutableRawPointer(timer).assumingMemoryBound(to: uv_handle_t.self)
    }

    private func fire() {
        // Timers may run before the poll: what they have done must not wait for it to sleep.
        loop.requestPass()
        fired?()
    }
}
