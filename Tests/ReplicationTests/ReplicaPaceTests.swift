import Testing

@testable import Replication

@Suite struct ReplicaPaceTests {
    private static let us: UInt64 = 1000
    private static let ms: UInt64 = 1_000_000

    /// A replica that has answered often, each time after `ns`; and the time after that.
    private func pace(ns: UInt64, answers: Int = 200) -> (ReplicaPace, nowNs: UInt64) {
        var pace = ReplicaPace()
        var nowNs: UInt64 = 1_000_000_000
        for _ in 0..<answers {
            pace.noteAsked(nowNs: nowNs)
            nowNs += ns
            pace.noteAnswered(afterNs: ns, nowNs: nowNs)
        }
        return (pace, nowNs)
    }

    @Test func `slow replicas and busy ones cost more`() {
        let (quick, nowNs) = pace(ns: 200 * Self.us)
        let (slow, slowNowNs) = pace(ns: 2 * Self.ms)
        #expect(slow.cost(nowNs: slowNowNs) > 5 * quick.cost(nowNs: nowNs))
        var busy = quick
        for _ in 0..<4 { busy.noteAsked(nowNs: nowNs) }
        #expect(busy.outstanding == 4)
        #expect(busy.cost(nowNs: nowNs) == 5 * quick.cost(nowNs: nowNs))
    }

    @Test func `differences in the noise cost nothing`() {
        let (one, oneNowNs) = pace(ns: 20 * Self.us)
        let (other, otherNowNs) = pace(ns: 100 * Self.us)
        #expect(one.cost(nowNs: oneNowNs) == other.cost(nowNs: otherNowNs))
    }

    @Test func `silence counts as latency while something is owed`() {
        var (pace, nowNs) = pace(ns: 200 * Self.us)
        let before = pace.cost(nowNs: nowNs)
        #expect(pace.cost(nowNs: nowNs + 900 * Self.ms) == before)
        pace.noteAsked(nowNs: nowNs)
        #expect(pace.cost(nowNs: nowNs + 10 * Self.ms) == 20 * Self.ms)
        pace.noteAnswered(afterNs: 10 * Self.ms, nowNs: nowNs + 10 * Self.ms)
        // One answer in ten is an eighth of the mean, and it owes nothing any more.
        #expect(pace.cost(nowNs: nowNs + 20 * Self.ms) < 2 * Self.ms)
    }

    @Test func `what is given up counts as at least so slow`() {
        var (pace, nowNs) = pace(ns: 200 * Self.us)
        pace.noteAsked(nowNs: nowNs)
        pace.noteUnanswered(afterNs: 100 * Self.us, nowNs: nowNs)
        #expect(pace.outstanding == 0)
        #expect(pace.cost(nowNs: nowNs) < 201 * Self.us)
        pace.noteAsked(nowNs: nowNs)
        pace.noteUnanswered(afterNs: 1000 * Self.ms, nowNs: nowNs + 1000 * Self.ms)
        #expect(pace.cost(nowNs: nowNs + 1000 * Self.ms) > 100 * Self.ms)
    }

    @Test func `an old estimate is replaced by the next answer`() {
        var (pace, nowNs) = pace(ns: 500 * Self.ms)
        #expect(!pace.isStale(nowNs: nowNs))
        nowNs += 1000 * Self.ms
        #expect(pace.isStale(nowNs: nowNs))
        pace.noteAsked(nowNs: nowNs)
        #expect(!pace.isStale(nowNs: nowNs))
        pace.noteAnswered(afterNs: 200 * Self.us, nowNs: nowNs)
        #expect(pace.cost(nowNs: nowNs) == 200 * Self.us)
    }

    @Test func `where it fades, a slow replica is as good as any after three seconds`() {
        let (pace, nowNs) = pace(ns: 1000 * Self.ms)
        #expect(pace.fadingCost(nowNs: nowNs) > 900 * Self.ms)
        #expect(pace.fadingCost(nowNs: nowNs + 4000 * Self.ms) < 256 * Self.us)
    }

    @Test func `an answer is late past the replica's own p99, within bounds`() {
        #expect(ReplicaPace().lateNs == ReplicaPace.lateNsUnknown)
        #expect(pace(ns: 200 * Self.us).0.lateNs == ReplicaPace.lateNsMin)
        let usual = pace(ns: 5 * Self.ms).0.lateNs
        #expect(usual >= 5 * Self.ms && usual <= 7 * Self.ms)
        #expect(pace(ns: 900 * Self.ms).0.lateNs == ReplicaPace.lateNsMax)
    }

    @Test func `at most a twentieth more is asked, and a few at once`() {
        var budget = HedgeBudget()
        var extras = 0
        while budget.spend() { extras += 1 }
        #expect(extras == HedgeBudget.burstMax)
        extras = 0
        for _ in 0..<10_000 {
            budget.noteRead()
            if budget.spend() { extras += 1 }
        }
        #expect(extras == 500)
    }
}
