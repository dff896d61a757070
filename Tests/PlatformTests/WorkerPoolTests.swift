import Dispatch
import Platform
import Synchronization
import Testing

@Suite struct WorkerPoolTests {
    @Test func `a full queue refuses work`() throws {
        let pool = WorkerPool(name: "worker", threads: 1, queueMax: 2)
        let isRunning = DispatchSemaphore(value: 0)
        let mayEnd = DispatchSemaphore(value: 0)
        #expect(
            pool.submit {
                isRunning.signal()
                mayEnd.wait()
            })
        isRunning.wait()
        #expect(pool.submit {})
        #expect(pool.submit {})
        #expect(!pool.submit {})
        #expect(pool.queuedCount == 2)
        mayEnd.signal()
        pool.shutdown()
        #expect(pool.queuedCount == 0)
    }

    @Test func `shutting down finishes what is queued and refuses what comes`() {
        let pool = WorkerPool(name: "worker", threads: 3, queueMax: 1_000)
        let done = Counter()
        for _ in 0..<1_000 where pool.submit({ done.add() }) { done.expect() }
        pool.shutdown()
        pool.shutdown()
        #expect(done.isComplete)
        #expect(!pool.submit {})
    }

    private final class Counter: Sendable {
        private let done = Atomic(0)
        private let expected = Atomic(0)

        func add() { done.add(1, ordering: .relaxed) }

        func expect() { expected.add(1, ordering: .relaxed) }

        var isComplete: Bool { done.load(ordering: .relaxed) == expected.load(ordering: .relaxed) }
    }
}
