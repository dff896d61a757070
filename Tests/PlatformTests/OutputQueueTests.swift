import Essentials
import Testing

@testable import Platform

@Suite struct OutputQueueTests {
    /// Its period is no power of two, so that a chunk at the wrong place shows.
    private static let pattern = (0..<201_000).map { UInt8($0 % 251) }

    @Test(arguments: 0..<20) func `bytes leave in the order they came`(seed: Int) {
        var random = SeededRandom(seed: UInt64(seed))
        let queue = OutputQueue()
        var expected: [UInt8] = []
        var sent: [UInt8] = []
        for _ in 0..<200 {
            switch random.next() % 4 {
            case 0, 1:
                let count = random.oneIn(10) ? 200_000 : Int.random(in: 1..<3_000, using: &random)
                let start = random.oneIn(3) ? Int.random(in: 0..<count, using: &random) : 0
                let first = Int.random(in: 0..<1_000, using: &random)
                let bytes = Array(Self.pattern[first..<first + count])
                queue.append(bytes, from: start)
                expected += bytes[start...]
            case 2:
                stage(queue, into: &sent)
            default:
                let limit = Int.random(in: 1..<100_000, using: &random)
                write(queue, limit: limit, into: &sent)
            }
            #expect(queue.count == expected.count - sent.count)
        }
        while write(queue, limit: .max, into: &sent) {}
        #expect(sent == expected)
        #expect(queue.count == 0)
        let isDone = unsafe queue.stage() == nil
        #expect(isDone)
    }

    private func stage(_ queue: OutputQueue, into sent: inout [UInt8]) {
        guard let staged = unsafe queue.stage() else { return }
        #expect(queue.stagedCount <= OutputQueue.chunkBytesMax)
        unsafe sent.append(
            contentsOf: UnsafeBufferPointer(start: staged, count: queue.stagedCount))
        queue.stagedWritten()
    }

    @discardableResult
    private func write(_ queue: OutputQueue, limit: Int, into sent: inout [UInt8]) -> Bool {
        queue.writeFirst { bytes, start in
            let count = min(limit, bytes.count - start)
            sent += bytes[start..<start + count]
            return count
        }
    }
}
