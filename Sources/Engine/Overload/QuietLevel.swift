/// What a foreground latency's p99 usually is, and whether it is well above that now.
///
/// The usual level is learnt only from intervals in which background work did next to nothing: if
/// it were learnt always, work that disturbs steadily would soon pass for the usual. Downwards it
/// is learnt always, since nothing makes requests faster than the machine is.
struct QuietLevel: Sendable {
    enum Verdict: Sendable { case idle, calm, disturbed }

    /// Buckets a quarter of a power of two wide, from 1 µs to about a minute.
    private static let bucketsCount = 26 * 4
    /// Fewer in an interval are nobody whom background work could disturb.
    private static let samplesMin = 8
    /// A rise that people, and other machines, do not notice.
    private static let riseNsMin: UInt64 = 500_000

    /// The usual p99, in ns; 0 while nothing is known.
    private(set) var quietNs: UInt64 = 0
    private(set) var sampleCount = 0
    private var counts = [UInt32](repeating: 0, count: bucketsCount)

    mutating func note(ns: UInt64) {
        counts[Self.bucket(ofNs: ns)] &+= 1
        sampleCount &+= 1
    }

    /// Ends an interval and judges it.
    ///
    /// Disturbed is what exceeds half as much again as usual: those who must not see their p99
    /// double have to be spared before it does.
    mutating func judge(isQuiet: Bool) -> Verdict {
        defer { clear() }
        guard sampleCount >= Self.samplesMin else { return .idle }
        let measuredNs = p99Ns
        if quietNs == 0 {
            // Whatever goes on, this is the first that is known.
            quietNs = measuredNs
            return .calm
        }
        let isDisturbed = measuredNs > max(quietNs + quietNs / 2, quietNs + Self.riseNsMin)
        if measuredNs < quietNs {
            quietNs -= (quietNs - measuredNs) / 4
        } else if isQuiet {
            quietNs += (measuredNs - quietNs) / 8
        }
        return isDisturbed ? .disturbed : .calm
    }

    private mutating func clear() {
        guard sampleCount > 0 else { return }
        for index in counts.indices { counts[index] = 0 }
        sampleCount = 0
    }

    /// The upper bound of the bucket in which the fastest 99 % of the samples end.
    private var p99Ns: UInt64 {
        let wanted = sampleCount - sampleCount / 100
        var seen = 0
        for index in counts.indices {
            seen += Int(counts[index])
            if seen >= wanted { return Self.upperNs(of: index) }
        }
        return Self.upperNs(of: Self.bucketsCount - 1)
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
