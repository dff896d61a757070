internal import CLinux
internal import Essentials
internal import Glibc

/// What becomes readable at a moment: a timerfd(2), for a loop to poll.
final class TimerEvent: Sendable {
    /// Readable once its time has come, until `take`.
    let descriptor: Int32

    init() throws(PlatformError) {
        descriptor = timerfd_create(CLOCK_BOOTTIME, O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            throw PlatformError(
                status: -errno, operation: "creating an event", subject: "for a timer")
        }
    }

    deinit { close(descriptor) }

    /// - Parameter timeNs: of `SystemClock.monotonicNs()`.
    func set(atNs timeNs: UInt64) {
        // All zeros would unset it.
        let timeNs = max(1, timeNs)
        var setting = itimerspec()
        setting.it_value.tv_sec = Int(clamping: timeNs / 1_000_000_000)
        setting.it_value.tv_nsec = Int(timeNs % 1_000_000_000)
        let status = unsafe timerfd_settime(descriptor, Int32(TFD_TIMER_ABSTIME), &setting, nil)
        invariant(status == 0, "a timer cannot be set (error \(errno))")
    }

    /// Whether its time has come since it was set, or taken.
    func take() -> Bool {
        var count: UInt64 = 0
        return unsafe read(descriptor, &count, MemoryLayout<UInt64>.size) > 0
    }
}
