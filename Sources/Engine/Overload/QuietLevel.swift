/// What a foreground latency's p99 usually is, and whether it is well above that now.
///
/// The usual level is learnt only from intervals in which background work did next to nothing: if
/// it were learnt always, work that disturbs steadily would soon pass for the usual. A level far
/// below it is learnt always, and slowly, since nothing makes requests faster than the machine is.
///
/// A p99 of a tenth of a second is mostly chance: an fsync, a flush of a memtable or another
/// process falls into it or does not. So what is judged is that of about the last second, whose
/// older samples count less and less. Usual is that of a minute's samples, and not a mean of many
/// p99s: where about one command in a hundred is slow, those leap between fast and slow.
struct QuietLevel: Sendable {
    /// Unsure: too few samples since those that no longer count.
    enum Verdict: Sendable { case idle, unsure, calm, disturbed }

    /// Fewer in an interval are nobody whom background work could disturb.
    static let samplesMin = 8
    /// Fewer give no p99 to act upon, unless more do not come in so many intervals.
    private static let samplesSure: Float = 256
    private static let intervalsSure = 8
    /// The part of a sample's weight that goes with each interval.
    private static let fading: Float = 0.125
    /// The usual level is that of so many intervals, later ones counting more.
    private static let memory: Float = 600
    /// A rise that people, and other machines, do not notice.
    private static let riseNsMin: UInt64 = 500_000

    /// Since the last interval.
    private(set) var sampleCount = 0
    private var recent = LatencyWeights()
    /// Intervals with samples that count.
    private var intervals = 0
    private var usual = LatencyWeights()
    /// Intervals that the usual level was learnt from, up to `memory`.
    private var learnt: Float = 0

    /// The usual p99, in ns; 0 while nothing is known.
    var quietNs: UInt64 { learnt > 0 ? usual.p99Ns : 0 }

    mutating func note(ns: UInt64) {
        recent.add(ns: ns)
        sampleCount &+= 1
    }

    /// Ends an interval and judges it.
    ///
    /// Disturbed is what exceeds half as much again as usual: those who must not see their p99
    /// double have to be spared before it does.
    mutating func judge(isQuiet: Bool) -> Verdict {
        defer {
            sampleCount = 0
            recent.scale(by: 1 - Self.fading)
        }
        guard sampleCount >= Self.samplesMin else { return .idle }
        intervals += 1
        let (usualNs, recentNs) = (quietNs, recent.p99Ns)
        if isQuiet || learnt == 0 {
            learnt = min(learnt + 1, Self.memory)
            usual.approach(recent, by: 1 / learnt)
        } else if recentNs < usualNs / 2 {
            usual.approach(recent, by: 1 / Self.memory)
        }
        // Whatever goes on, the first that is known is calm.
        guard usualNs > 0 else { return .calm }
        guard recent.total >= Self.samplesSure || intervals >= Self.intervalsSure else {
            return .unsure
        }
        let isDisturbed = recentNs > max(usualNs + usualNs / 2, usualNs + Self.riseNsMin)
        return isDisturbed ? .disturbed : .calm
    }

    /// Samples so far say nothing about what comes now; the usual level stays.
    mutating func forget() {
        recent = LatencyWeights()
        (sampleCount, intervals) = (0, 0)
    }
}

/// How much samples of each latency weigh.
private struct LatencyWeights: Sendable {
    /// Buckets a quarter of a power of two wide, from 1 µs to about a minute.
    private static let bucketsCount = 26 * 4

    private var weights = [Float](repeating: 0, count: bucketsCount)

    mutating func add(ns: UInt64) { weights[Self.bucket(ofNs: ns)] += 1 }

    mutating func scale(by factor: Float) {
        for index in weights.indices { weights[index] *= factor }
    }

    /// Goes the `part` of the way to `other`.
    mutating func approach(_ other: LatencyWeights, by part: Float) {
        for index in weights.indices {
            weights[index] += (other.weights[index] - weights[index]) * part
        }
    }

    var total: Float { weights.reduce(0, +) }

    /// The upper bound of the bucket in which the fastest 99 % of the samples end.
    var p99Ns: UInt64 {
        var slower = total * 0.01
        for index in weights.indices.reversed() {
            slower -= weights[index]
            if slower < 0 { return Self.upperNs(of: index) }
        }
        return Self.upperNs(of: 0)
    }

    private static func bucket(ofNs ns: UInt64) -> Int {
        let us = ns / 1000
        guard us > 0 else { return 0 }
        let exponent = 63 - us.leadingZeroBitCount
        let quarter = exponent >= 2 ? Int(us >> UInt64(exponent - 2)) & 3 : 0
        return min(exponent * 4 + quarter, bucketsCount - 1)
    }

    private static func upperNs(of index: Int) -> UInt64 {
        let exponent = UInt64(index / 4)
        return ((1 << exponent) + (UInt64(index % 4) + 1) * (1 << exponent) / 4) * 1000
    }
}
