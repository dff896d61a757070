/// The 99th percentile of the last thousand or so durations, kept up as they come.
///
/// Counts in logarithmic buckets, a quarter of an octave wide: from 16 µs, below which nothing on a
/// network lies, to a second. The bucket of the percentile moves by the few steps that one more
/// count can move it, so noting a duration is O(1); every `windowMax` of them all counts are
/// halved, so what is old fades. 150 bytes, no allocation.
public struct LatencyTail: Sendable {
    private static let octaveMin = 14
    private static let octaves = 16
    private static let bucketsPerOctave = 4
    /// The percentile rests on the last 5 to 10 of as many: enough to be steady, few enough that a
    /// slow spell is forgotten within seconds.
    private static let windowMax: UInt16 = 1024
    /// Below, one slow answer would be the percentile.
    private static let samplesMin: UInt16 = 64

    private var counts = InlineArray<64, UInt16>(repeating: 0)
    private var total: UInt16 = 0
    /// The percentile's bucket, and how many lie in those above it.
    private var tail = 0
    private var above: UInt16 = 0

    public init() {}

    /// The 99th percentile in ns, rounded up to a bucket's bound; nil before enough were noted.
    public var p99Ns: UInt64? { total < Self.samplesMin ? nil : Self.upperBoundNs(of: tail) }

    public mutating func note(ns: UInt64) {
        let bucket = Self.bucket(of: ns)
        counts[bucket] += 1
        total += 1
        if bucket > tail { above += 1 }
        settleTail()
        if total >= Self.windowMax { halve() }
    }

    /// At most one in a hundred lies above the percentile's bucket, and no lower one is like that.
    private mutating func settleTail() {
        while Int(above) * 100 > Int(total) {
            tail += 1
            above -= counts[tail]
        }
        while tail > 0, (Int(above) + Int(counts[tail])) * 100 <= Int(total) {
            above += counts[tail]
            tail -= 1
        }
    }

    private mutating func halve() {
        total = 0
        above = 0
        for bucket in 0..<Self.octaves * Self.bucketsPerOctave {
            counts[bucket] /= 2
            total += counts[bucket]
            if bucket > tail { above += counts[bucket] }
        }
        settleTail()
    }

    private static func bucket(of ns: UInt64) -> Int {
        let octave = 63 - (ns | 1).leadingZeroBitCount
        guard octave >= octaveMin else { return 0 }
        let quarter = Int(truncatingIfNeeded: ns >> UInt64(octave - 2)) & 3
        return min((octave - octaveMin) * 4 + quarter, octaves * bucketsPerOctave - 1)
    }

    private static func upperBoundNs(of bucket: Int) -> UInt64 {
        UInt64(5 + bucket % 4) << UInt64(octaveMin - 2 + bucket / 4)
    }
}

extension LatencyTail {
    /// Whether what is kept up is what counting anew would find: for tests.
    var isConsistent: Bool {
        var over = 0
        var sum = 0
        for bucket in 0..<Self.octaves * Self.bucketsPerOctave {
            sum += Int(counts[bucket])
            if bucket > tail { over += Int(counts[bucket]) }
        }
        let isLowest = tail == 0 || (over + Int(counts[tail])) * 100 > sum
        return sum == Int(total) && over == Int(above) && over * 100 <= sum && isLowest
    }
}
