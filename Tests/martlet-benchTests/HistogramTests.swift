import Essentials
import Testing

@testable import martlet_bench

@Suite struct HistogramTests {
    @Test func `an empty histogram has only zeros`() {
        let histogram = Histogram()
        #expect(histogram.percentile(50) == 0)
        #expect(histogram.mean == 0)
        #expect(histogram.max == 0)
    }

    @Test func `every value lies in its bucket, and buckets follow one another`() {
        var lowest: UInt64 = 0
        for index in 0..<20_000 {
            let highest = Histogram.highest(inBucket: index)
            #expect(Histogram.index(of: lowest) == index)
            #expect(Histogram.index(of: highest) == index)
            #expect(highest - lowest <= lowest / 1000)
            lowest = highest + 1
        }
    }

    @Test(arguments: [50.0, 90, 99, 99.9])
    func `percentiles are exact to three digits`(percent: Double) {
        var random = SeededRandom(seed: 7)
        var histogram = Histogram()
        let values = (0..<10_000).map { _ in
            random.next() >> UInt64.random(in: 24...60, using: &random)
        }
        for value in values { histogram.record(value) }
        let exact = values.sorted()[Int(percent * 100) - 1]
        let found = histogram.percentile(percent)
        #expect(found >= exact)
        #expect(Double(found) <= Double(exact) * 1.001)
    }

    @Test func `the maximum is exact, and no percentile is above it`() {
        var histogram = Histogram()
        histogram.record(1_000_001)
        #expect(histogram.max == 1_000_001)
        #expect(histogram.percentile(99.9) == 1_000_001)
    }

    @Test func `what is too long counts as the longest`() {
        var histogram = Histogram()
        histogram.record(.max)
        #expect(histogram.max == Histogram.valueMax)
        #expect(histogram.percentile(50) == Histogram.valueMax)
    }

    @Test func `merging is recording together`() {
        var random = SeededRandom(seed: 1)
        var (left, right, both) = (Histogram(), Histogram(), Histogram())
        for turn in 0..<1000 {
            let value = random.next() >> 40
            both.record(value)
            if turn % 3 == 0 { left.record(value) } else { right.record(value) }
        }
        left.merge(right)
        #expect(left == both)
    }

    @Test func `what was recorded since a copy is told apart`() {
        var histogram = Histogram()
        for value in 1...100 as ClosedRange<UInt64> { histogram.record(value) }
        let earlier = histogram
        for value in 1001...1010 as ClosedRange<UInt64> { histogram.record(value) }
        let recent = histogram.since(earlier)
        #expect(recent.count == 10)
        #expect(recent.percentile(50) == 1005)
        #expect(recent.max == 1010)
        #expect(histogram.since(histogram).count == 0)
    }
}
