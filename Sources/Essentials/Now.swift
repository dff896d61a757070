/// The two clocks as they stand when an event is handled: pure code is told the time, it never
/// asks.
public struct Now: Sendable, Equatable {
    /// Nanoseconds of a clock that never goes back: for time-outs and latencies.
    public var monotonicNs: UInt64
    /// Milliseconds since 1970: for deadlines and hybrid stamps. Whatever has to do with data is
    /// given the time that the members agree on; only the clock by which they do, and what is about
    /// this machine alone, is given the machine's own.
    public var wallMs: UInt64

    public init(monotonicNs: UInt64, wallMs: UInt64) {
        self.monotonicNs = monotonicNs
        self.wallMs = wallMs
    }

    /// The monotonic clock where ms will do.
    public var monotonicMs: Int64 { Int64(clamping: monotonicNs / 1_000_000) }
}
