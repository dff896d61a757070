import Testing

@testable import Server

@Suite struct SyncPaceTests {
    /// Fsyncs of `group` writes each, one every `us`, and the pause before the next.
    private func pauseNs(after count: Int, of group: Int, everyUs us: UInt64) -> UInt64 {
        var pace = SyncPace()
        var nowNs: UInt64 = 1_000_000_000
        for _ in 0..<count {
            pace.noteStart(writes: group, nowNs: nowNs)
            nowNs += us * 1000
        }
        return pace.pauseNs(waiting: group, nowNs: nowNs)
    }

    @Test func `a lone writer never waits for others`() {
        #expect(pauseNs(after: 0, of: 1, everyUs: 400) == 0)
        #expect(pauseNs(after: 1000, of: 1, everyUs: 400) == 0)
        #expect(pauseNs(after: 1000, of: 2, everyUs: 400) == 0)
    }

    @Test func `where many write, an fsync starts two milliseconds after the last`() {
        #expect(pauseNs(after: 100, of: 8, everyUs: 400) == 1_600_000)
        // Also once the pauses have made them fewer.
        #expect(pauseNs(after: 100, of: 40, everyUs: 1999) == 1000)
        #expect(pauseNs(after: 100, of: 40, everyUs: 2500) == 0)
    }

    @Test func `a group that is large enough does not wait`() {
        #expect(pauseNs(after: 100, of: 63, everyUs: 400) > 0)
        #expect(pauseNs(after: 100, of: 64, everyUs: 400) == 0)
    }

    @Test func `one large group after a long silence is no crowd`() {
        #expect(pauseNs(after: 1, of: 60, everyUs: 100) == 0)
        var pace = SyncPace()
        for round in UInt64(1)...100 { pace.noteStart(writes: 8, nowNs: round * 400_000) }
        pace.noteStart(writes: 1, nowNs: 1_000_000_000)
        #expect(pace.pauseNs(waiting: 1, nowNs: 1_000_000_001) > 0)
        for round in UInt64(1)...10 {
            pace.noteStart(writes: 1, nowNs: 1_000_000_000 + round * 400_000)
        }
        #expect(pace.pauseNs(waiting: 1, nowNs: 1_004_000_001) == 0)
    }

    @Test func `a clock that stands and counts without bound do no harm`() {
        var pace = SyncPace()
        for _ in 0..<1000 { pace.noteStart(writes: .max, nowNs: 5) }
        #expect(pace.pauseNs(waiting: 1, nowNs: 5) == SyncPace.spacingNs)
    }
}
