/// How long commands took, in buckets a quarter of a power of two wide: about 19 % apart.
///
/// Counting is two shifts and an add, so it is done for every command.
struct LatencyHistogram: Sendable {
    /// From 1 µs to 2^26 µs, about a minute.
    private static let bucketsCount = 26 * 4

    private(set) var counts = [UInt64](repeating: 0, count: bucketsCount)
    private(set) var count: UInt64 = 0
    private(set) var sumNs: UInt64 = 0

    mutating func note(ns: UInt64) {
        count += 1
        sumNs &+= ns
        counts[Self.bucket(of: ns / 1000)] += 1
    }

    /// The upper bound, in µs, of the bucket in which the fraction `quantile` of commands ends.
    func quantileUs(_ quantile: Double) -> UInt64 {
        let wanted = UInt64(Double(count) * quantile)
        var seen: UInt64 = 0
        for index in counts.indices {
            seen += counts[index]
            if seen > wanted { return Self.upperUs(of: index) }
        }
        return 0
    }

    mutating func add(_ other: LatencyHistogram) {
        for index in counts.indices { counts[index] += other.counts[index] }
        count += other.count
        sumNs &+= other.sumNs
    }

    /// The bound below which all latencies of a bucket lie, in µs.
    static func upperUs(of index: Int) -> UInt64 {
        let exponent = UInt64(index / 4)
        return (1 << exponent) + (UInt64(index % 4) + 1) * (1 << exponent) / 4
    }

    private static func bucket(of us: UInt64) -> Int {
        guard us > 0 else { return 0 }
        let exponent = 63 - us.leadingZeroBitCount
        let quarter = exponent >= 2 ? Int(us >> UInt64(exponent - 2)) & 3 : 0
        return min(exponent * 4 + quarter, bucketsCount - 1)
    }
}
