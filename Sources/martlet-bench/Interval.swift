internal import Essentials

/// What was measured in one second of a run: a fault shows in the seconds that it lasts, and hardly
/// in the figures of a whole run.
struct Interval: Sendable {
    /// Its end, from the beginning of the run.
    let endSeconds: Double
    /// Of what succeeded and was answered within it, in nanoseconds.
    let latencies: Histogram
    let failed: UInt64

    init(endSeconds: Double, _ now: Measurements, since before: Measurements) {
        self.endSeconds = endSeconds
        latencies = now.allLatencies.since(before.allLatencies)
        failed = now.failed - before.failed
    }

    /// Latencies are in milliseconds.
    var json: JSON {
        .object([
            .init("end_seconds", .number(endSeconds)),
            .init("operations", .exact(latencies.count)),
            .init("failed", .exact(failed)),
            .init("p50", .number(Self.milliseconds(latencies.percentile(50)))),
            .init("p99", .number(Self.milliseconds(latencies.percentile(99)))),
            .init("max", .number(Self.milliseconds(latencies.max))),
        ])
    }

    private static func milliseconds(_ nanoseconds: UInt64) -> Double { Double(nanoseconds) / 1e6 }
}
