/// How often each latency occurred, in buckets that keep three significant digits.
///
/// Percentiles of a latency cannot be averaged or derived from a mean, so every one is counted. The
/// buckets are log-linear, as those of HdrHistogram (Gil Tene): exact below 2048, and from there on
/// 1024 for every doubling, hence never further apart than 0.1 % of the value. Recording is a shift
/// and an addition; histograms of several threads are merged by adding their buckets.
struct Histogram: Sendable, Equatable {
    /// 2^10 buckets for each doubling: the least power of two for three digits.
    static let precisionBits = 10
    /// What is longer counts as this: 73 minutes in nanoseconds, far beyond every time-out.
    static let valueMax: UInt64 = 1 << 42 - 1

    private var counts = [UInt64](repeating: 0, count: Self.index(of: Self.valueMax) + 1)
    private(set) var count: UInt64 = 0
    private(set) var max: UInt64 = 0
    private var sum: UInt64 = 0

    var mean: Double { count == 0 ? 0 : Double(sum) / Double(count) }

    mutating func record(_ value: UInt64) {
        let bounded = Swift.min(value, Self.valueMax)
        counts[Self.index(of: bounded)] += 1
        count += 1
        sum &+= bounded
        if bounded > max { max = bounded }
    }

    mutating func merge(_ other: Histogram) {
        for index in counts.indices { counts[index] += other.counts[index] }
        count += other.count
        sum &+= other.sum
        max = Swift.max(max, other.max)
    }

    /// What was recorded since `earlier`, a copy of this histogram as it was then. Its maximum is
    /// that of its highest bucket: the exact one is not known any more.
    func since(_ earlier: Histogram) -> Histogram {
        var recent = Histogram()
        for index in counts.indices where counts[index] > earlier.counts[index] {
            recent.counts[index] = counts[index] - earlier.counts[index]
            recent.max = Swift.min(Self.highest(inBucket: index), max)
        }
        recent.count = count - earlier.count
        recent.sum = sum &- earlier.sum
        return recent
    }

    /// The value that `percent` of the values do not exceed, to three digits; 0 when empty.
    func percentile(_ percent: Double) -> UInt64 {
        guard count > 0 else { return 0 }
        // A product that only rounding lifts above a whole number is that number.
        let exact = (percent * Double(count) / 100 - 1e-6).rounded(.up)
        let rank = Swift.min(Swift.max(1, UInt64(exact)), count)
        var seen: UInt64 = 0
        for index in counts.indices {
            seen += counts[index]
            if seen >= rank { return Swift.min(Self.highest(inBucket: index), max) }
        }
        return max
    }

    static func index(of value: UInt64) -> Int {
        let width = UInt64.bitWidth - value.leadingZeroBitCount
        let doublings = Swift.max(0, width - (precisionBits + 1))
        return doublings << precisionBits + Int(value >> UInt64(doublings))
    }

    /// The largest value that is counted in the bucket.
    static func highest(inBucket index: Int) -> UInt64 {
        let doublings = Swift.max(0, index >> precisionBits - 1)
        let mantissa = UInt64(index - doublings << precisionBits)
        return (mantissa + 1) << UInt64(doublings) - 1
    }
}
