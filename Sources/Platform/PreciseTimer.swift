internal import CUV
internal import Essentials

/// A moment on a loop, to some ten microseconds: `Timer` counts whole milliseconds, and costs no
/// system call. Confined to its loop.
///
/// The loop keeps it, and with it whatever the closure captures, until `close`.
@safe
public final class PreciseTimer: LoopHandle {
    private let loop: EventLoop
    private let event: TimerEvent
    private let poll: UnsafeMutablePointer<uv_poll_t>
    private var fired: (() -> Void)?
    public private(set) var isSet = false

    /// Makes a timer that is not set.
    public init(loop: EventLoop, fired: @escaping () -> Void) throws(PlatformError) {
        invariant(loop.isCurrent, "a timer was made off its loop")
        self.loop = loop
        self.fired = fired
        event = try TimerEvent()
        unsafe poll = .allocate(capacity: 1)
        let status = unsafe uv_poll_init(loop.uv, poll, event.descriptor)
        guard status == 0 else {
            throw PlatformError(status: status, operation: "creating a timer", subject: loop.name)
        }
        unsafe poll.pointee.data = Unmanaged.passUnretained(self).toOpaque()
        loop.remember(self)
        unsafe uv_poll_start(poll, Int32(UV_READABLE.rawValue)) { poll, _, _ in
            guard let data = unsafe poll?.pointee.data else { return }
            unsafe Unmanaged<PreciseTimer>.fromOpaque(data).takeUnretainedValue().fire()
        }
    }

    deinit { unsafe poll.deallocate() }

    /// Fires once, when `SystemClock.monotonicNs()` is `timeNs`, or at once if it was. What was set
    /// before no longer counts.
    public func set(atNs timeNs: UInt64) {
        guard fired != nil else { return }
        isSet = true
        event.set(atNs: timeNs)
    }

    /// Ends it for good and lets go of its closure. Idempotent.
    public func close() {
        guard fired != nil else { return }
        fired = nil
        isSet = false
        unsafe uv_close(handle) { handle in
            guard let data = unsafe handle?.pointee.data else { return }
            let timer = unsafe Unmanaged<PreciseTimer>.fromOpaque(data).takeUnretainedValue()
            timer.loop.forget(timer)
        }
    }

    private var handle: UnsafeMutablePointer<uv_handle_t> {
        unsafe UnsafeMutableRawPointer(poll).assumingMemoryBound(to: uv_handle_t.self)
    }

    private func fire() {
        // Not so when it was set anew after the poll had returned.
        guard event.take() else { return }
        isSet = false
        fired?()
    }
}
