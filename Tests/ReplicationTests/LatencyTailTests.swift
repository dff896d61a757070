import Essentials
import Testing

@testable import Replication

@Suite struct LatencyTailTests {
    @Test func `it says nothing before enough has come`() {
        var tail = LatencyTail()
        for _ in 0..<63 { tail.note(ns: 100_000) }
        #expect(tail.p99Ns == nil)
        tail.note(ns: 100_000)
        #expect(tail.p99Ns != nil)
    }

    /// One in a hundred may be above, and the bucket below would leave more above.
    @Test(arguments: [1.0, 4.0, 16.0]) func `it is the percentile, to a quarter of an octave`(
        spread: Double
    ) {
        var random = SeededRandom(seed: UInt64(spread))
        var tail = LatencyTail()
        var durations: [UInt64] = []
        for _ in 0..<1000 {
            let share = Double.random(in: 0..<1, using: &random)
            let ns = UInt64(100_000 * (1 + spread * share * share))
            durations.append(ns)
            tail.note(ns: ns)
        }
        let exact = durations.sorted()[990]
        let estimate = tail.p99Ns ?? 0
        #expect(estimate >= exact)
        #expect(Double(estimate) <= 1.5 * Double(exact))
    }

    @Test func `a slow spell shows at once and is forgotten`() {
        var tail = LatencyTail()
        for _ in 0..<2000 { tail.note(ns: 200_000) }
        #expect((tail.p99Ns ?? 0) < 300_000)
        for _ in 0..<50 { tail.note(ns: 20_000_000) }
        #expect((tail.p99Ns ?? 0) > 20_000_000)
        for _ in 0..<4000 { tail.note(ns: 200_000) }
        #expect((tail.p99Ns ?? 0) < 300_000)
    }

    @Test func `durations past both ends are counted at the ends`() {
        var tail = LatencyTail()
        for _ in 0..<100 { tail.note(ns: 0) }
        #expect(tail.p99Ns == 20_480)
        for _ in 0..<100 { tail.note(ns: .max) }
        #expect(tail.p99Ns == 1 << 30)
    }

    /// The bucket that is kept up is the one that counting anew would find.
    @Test(arguments: 0..<20) func `it agrees with counting anew`(seed: Int) {
        var random = SeededRandom(seed: UInt64(seed))
        var tail = LatencyTail()
        for _ in 0..<5000 {
            let octave = Int.random(in: 10...31, using: &random)
            tail.note(ns: UInt64.random(in: 0..<1 << octave, using: &random))
            #expect(tail.isConsistent)
        }
    }
}
