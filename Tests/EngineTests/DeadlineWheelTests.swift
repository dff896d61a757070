import Essentials
import Testing

@testable import Engine

@Suite struct DeadlineWheelTests {
    private static let tickNs: UInt64 = 10_000_000

    @Test func `it wakes at the first tick past the deadline, and once`() {
        var wheel = DeadlineWheel(tickMs: 10)
        let startNs = 5 * Self.tickNs + 3
        wheel.schedule(1, atNs: startNs + 25_000_000, nowNs: startNs)
        #expect(wheel.advance(toNs: startNs + 20_000_000) == [])
        #expect(wheel.advance(toNs: startNs + 30_000_000) == [1])
        #expect(wheel.advance(toNs: startNs + 10_000_000_000) == [])
    }

    @Test func `a deadline that has passed is due at the next tick`() {
        var wheel = DeadlineWheel(tickMs: 10)
        wheel.schedule(1, atNs: 1, nowNs: 100 * Self.tickNs)
        #expect(wheel.advance(toNs: 101 * Self.tickNs) == [1])
    }

    /// Ticks come late and not at all for a while; long deadlines are looked at once a turn, and
    /// the caller schedules them again. Nothing is woken late by more than a tick, nothing is lost.
    @Test(arguments: 0..<50) func `nobody is forgotten, and nobody is late`(seed: Int) {
        var random = SeededRandom(seed: UInt64(seed))
        var wheel = DeadlineWheel(tickMs: 10)
        var nowNs: UInt64 = 1_000_000_000
        var deadlines: [UInt64: UInt64] = [:]
        var next: UInt64 = 0
        while nowNs < 40_000_000_000 {
            if nowNs < 20_000_000_000 {
                for _ in 0..<Int.random(in: 0...3, using: &random) {
                    next += 1
                    let ms = UInt64.random(in: 0...(random.oneIn(5) ? 12_000 : 900), using: &random)
                    deadlines[next] = nowNs + ms * 1_000_000
                    wheel.schedule(next, atNs: nowNs + ms * 1_000_000, nowNs: nowNs)
                }
            }
            let previousNs = nowNs
            nowNs +=
                UInt64.random(in: 1...(random.oneIn(50) ? 8000 : 30), using: &random) * 1_000_000
            for id in wheel.advance(toNs: nowNs) {
                guard let deadlineNs = deadlines[id] else {
                    Issue.record("\(id) was woken twice")
                    return
                }
                if nowNs < deadlineNs {
                    wheel.schedule(id, atNs: deadlineNs, nowNs: nowNs)
                } else {
                    #expect(deadlineNs + 2 * Self.tickNs >= previousNs)
                    deadlines[id] = nil
                }
            }
        }
        #expect(deadlines.isEmpty)
    }
}
