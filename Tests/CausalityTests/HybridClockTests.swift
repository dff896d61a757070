import Causality
import Essentials
import Testing

@Suite struct HybridClockTests {
    @Test func `stamps grow within a millisecond, and when the clock stands or goes back a little`()
    {
        var clock = HybridClock(driftMsMax: 1000)
        var last = Timestamp.zero
        for wallMs: UInt64 in [5000, 5000, 5001, 4500, 4500, 6000] {
            let stamp = clock.tick(wallMs: wallMs)
            #expect(stamp > last)
            #expect(stamp.wallMs >= wallMs)
            last = stamp
        }
        #expect(last == Timestamp(wallMs: 6000))
    }

    @Test func `a stamp comes after every one seen`() {
        var clock = HybridClock(driftMsMax: 1000)
        let seen = Timestamp(rawValue: Timestamp(wallMs: 5900).rawValue + 7)
        let isTaken = clock.observe(seen, wallMs: 5000)
        #expect(isTaken)
        #expect(clock.tick(wallMs: 5000) == Timestamp(rawValue: seen.rawValue + 1))
    }

    @Test func `a stamp too far ahead is refused and not followed`() {
        var clock = HybridClock(driftMsMax: 1000)
        let isTaken = clock.observe(Timestamp(wallMs: 6001), wallMs: 5000)
        #expect(!isTaken)
        #expect(clock.tick(wallMs: 5000) == Timestamp(wallMs: 5000))
        let isTakenAtTheBound = clock.observe(Timestamp(wallMs: 6000), wallMs: 5000)
        #expect(isTakenAtTheBound)
    }

    @Test func `a clock that was far ahead is followed back when it is set right`() {
        var clock = HybridClock(driftMsMax: 1000)
        _ = clock.tick(wallMs: 1_000_000)
        #expect(clock.tick(wallMs: 5000) == Timestamp(wallMs: 5000))
        #expect(clock.tick(wallMs: 5000) > Timestamp(wallMs: 5000))
    }

    @Test func `what it has to pass it passes, wherever the wall clock stands`() {
        var clock = HybridClock(driftMsMax: 1000)
        clock.pass(Timestamp(wallMs: 900_000))
        let first = clock.tick(wallMs: 5000)
        let second = clock.tick(wallMs: 5000)
        #expect(first > Timestamp(wallMs: 900_000))
        #expect(second > first)
        #expect(clock.tick(wallMs: 1_000_000) == Timestamp(wallMs: 1_000_000))
        #expect(clock.tick(wallMs: 5000) > Timestamp(wallMs: 900_000))
    }

    @Test func `a stamp comes after what it replaces`() {
        var clock = HybridClock(driftMsMax: 1000)
        let seen = Timestamp(wallMs: 5500)
        #expect(clock.tick(wallMs: 5000, after: seen) == Timestamp(rawValue: seen.rawValue + 1))
        #expect(clock.tick(wallMs: 5000) > seen)
    }

    /// As after a flush through a node that was far ahead.
    @Test func `what it has to pass moves the limit with it`() {
        var clock = HybridClock(driftMsMax: 1000)
        clock.pass(Timestamp(wallMs: 900_000))
        let isTaken = clock.observe(Timestamp(wallMs: 900_500), wallMs: 5000)
        let isRefused = !clock.observe(Timestamp(wallMs: 901_001), wallMs: 5000)
        #expect(isTaken && isRefused)
        #expect(clock.tick(wallMs: 5000) > Timestamp(wallMs: 900_500))
        #expect(clock.limit(wallMs: 5000) >= clock.tick(wallMs: 5000))
        #expect(clock.least > Timestamp(wallMs: 900_000))
    }
}
