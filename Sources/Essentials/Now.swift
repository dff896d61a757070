/// The two clocks as they stand when an event is handled: pure code is told the time, it never
/// asks.
public struct Now: Sendable, Equatable {
    /// Nanoseconds of a clock that never goes back: for time-outs and latencies.
    public var monotonicNs: UInt64
    /// Milliseconds since 1970, as the machine believes: for deadlines and hybrid stamps.
    public var wallMs: UInt64

    public init(monotonicNs: UInt64, wallMs: UInt64) {
        self.monotonicNs = monotonicNs
        self.wallMs = wallMs
    }
}
