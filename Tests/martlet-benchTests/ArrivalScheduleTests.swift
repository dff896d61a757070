import Testing

@testable import martlet_bench

@Suite struct ArrivalScheduleTests {
    @Test func `even arrivals are equally far apart`() {
        var schedule = ArrivalSchedule(
            ratePerSecond: 1000, spacing: .even, startNs: 5, seed: 1)
        var times: [UInt64] = []
        for _ in 0..<3 {
            times.append(schedule.nextNs)
            schedule.advance()
        }
        #expect(times == [1_000_005, 2_000_005, 3_000_005])
    }

    @Test func `independent arrivals have the rate, and are bunched`() {
        var schedule = ArrivalSchedule(
            ratePerSecond: 1_000_000, spacing: .poisson, startNs: 0, seed: 1)
        var (last, early): (UInt64, Int) = (0, 0)
        for _ in 0..<100_000 {
            #expect(schedule.nextNs >= last)
            if schedule.nextNs - last < 500 { early += 1 }
            last = schedule.nextNs
            schedule.advance()
        }
        #expect((98_000_000...102_000_000).contains(last))
        // 1 - e^-0.5 of the gaps are shorter than half the mean.
        #expect((38_000...41_000).contains(early))
    }

    @Test func `the same seed gives the same arrivals`() {
        func times(seed: UInt64) -> [UInt64] {
            var schedule = ArrivalSchedule(
                ratePerSecond: 100, spacing: .poisson, startNs: 0, seed: seed)
            return (0..<50).map { _ in
                schedule.advance()
                return schedule.nextNs
            }
        }
        #expect(times(seed: 1) == times(seed: 1))
        #expect(times(seed: 1) != times(seed: 2))
    }
}
