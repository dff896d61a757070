/// Wakes requests at their deadlines, with the grain of a tick: a timing wheel (Varghese and Lauck,
/// 1987, scheme 6 without hashing of rounds: a deadline beyond the wheel is looked at once a turn).
///
/// Most requests are settled long before; their numbers are found stale when their turn comes.
struct DeadlineWheel: Sendable {
    /// At 10 ms a tick, 5.12 s; at one, half a second.
    private static let bucketsCount = 512

    private var buckets = [[UInt64]](repeating: [], count: bucketsCount)
    private var current = 0
    private var currentNs: UInt64 = 0
    private let tickNs: UInt64
    /// The end of the first tick with a number in it; .max without any.
    private(set) var nextNs = UInt64.max

    init(tickMs: UInt64) { tickNs = tickMs * 1_000_000 }

    mutating func schedule(_ id: UInt64, atNs deadlineNs: UInt64, nowNs: UInt64) {
        if currentNs == 0 { currentNs = nowNs }
        let steps = steps(to: deadlineNs)
        nextNs = min(nextNs, currentNs + UInt64(steps) * tickNs)
        buckets[(current + steps) % Self.bucketsCount].append(id)
    }

    /// When the turn of what is scheduled for this deadline comes: after it by a tick at most, and
    /// before it where it lies beyond the wheel.
    func turnNs(atNs deadlineNs: UInt64) -> UInt64 {
        currentNs + UInt64(steps(to: deadlineNs)) * tickNs
    }

    private func steps(to deadlineNs: UInt64) -> Int {
        let ticks = deadlineNs > currentNs ? (deadlineNs - currentNs) / tickNs + 1 : 1
        return Int(min(ticks, UInt64(Self.bucketsCount - 1)))
    }

    /// Moves to `nowNs` and returns whose turn it is.
    mutating func advance(toNs nowNs: UInt64) -> [UInt64] {
        guard currentNs > 0 else { return [] }
        var due: [UInt64] = []
        var steps = 0
        while currentNs + tickNs <= nowNs, steps < Self.bucketsCount {
            currentNs += tickNs
            steps += 1
            current = (current + 1) % Self.bucketsCount
            due.append(contentsOf: buckets[current])
            buckets[current].removeAll(keepingCapacity: buckets[current].count < 4096)
        }
        if currentNs + tickNs <= nowNs { currentNs = nowNs }
        if steps > 0 { findNext() }
        return due
    }

    private mutating func findNext() {
        nextNs = .max
        for steps in 1..<Self.bucketsCount
        where !buckets[(current + steps) % Self.bucketsCount].isEmpty {
            nextNs = currentNs + UInt64(steps) * tickNs
            return
        }
    }
}
