import Commands
import Essentials
import Testing

@testable import Engine

/// Commands that wait behind an overwrite.
@Suite struct ContestTests {
    private func arrival(_ number: UInt64, atNs: UInt64, timeoutMs: UInt32) -> Arrival {
        let request = Request(
            origin: .client(number), key: ObjectKey(Array("k".utf8)), operation: .get,
            consistency: Consistency(r: 2, w: 2, timeoutMs: timeoutMs))
        return Arrival(request: request, atNs: atNs)
    }

    /// One look at the first deadline serves all: else each of 100,000 would look at all.
    @Test func `those that wait plan one look, not one each`() {
        var contests = Contests()
        let planned = (0..<100_000).count {
            contests.append(arrival(UInt64($0), atNs: UInt64($0), timeoutMs: 1000), for: 7)
        }
        #expect(planned == 1)
        #expect(contests.count == 100_000)
        #expect(!contests.isDue(7, nowNs: 999_999_999))
        #expect(contests.isDue(7, nowNs: 1_000_000_000))
        let isEarlierPlanned = contests.append(arrival(1, atNs: 0, timeoutMs: 10), for: 7)
        #expect(isEarlierPlanned)
        #expect(contests.take(for: 7).count == 100_001)
        #expect(contests.count == 0)
        #expect(!contests.isDue(7, nowNs: .max))
    }
}
