public import Essentials
internal import Glibc

/// The clocks of the machine, for what runs outside a loop: on a loop, `EventLoop.now` is cheaper.
public enum SystemClock {
    /// Nanoseconds since the machine started: never goes back, and goes on while the machine is
    /// suspended, or what was handed to this node before would seem fresh to it afterwards.
    public static func monotonicNs() -> UInt64 { read(CLOCK_BOOTTIME) }

    /// Milliseconds since 1970; jumps when an operator or a time daemon sets the clock.
    public static func wallMs() -> UInt64 { read(CLOCK_REALTIME) / 1_000_000 }

    /// Microseconds since 1970, for who asks what time it is.
    public static func wallUs() -> UInt64 { read(CLOCK_REALTIME) / 1000 }

    public static func now() -> Now { Now(monotonicNs: monotonicNs(), wallMs: wallMs()) }

    /// Stops the calling thread: never a loop's.
    public static func sleep(ms: UInt32) { usleep(ms * 1000) }

    /// The same, for less than a second.
    public static func sleep(us: UInt32) { usleep(us) }

    private static func read(_ clock: clockid_t) -> UInt64 {
        var time = timespec()
        unsafe clock_gettime(clock, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}
