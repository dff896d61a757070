internal import Essentials
internal import Synchronization

/// Threads for work that blocks (disk reads, fsync, streams, scans), so that no loop has to.
///
/// The queue is bounded: whoever is refused answers its client or tries later, which keeps the
/// memory of an overloaded node in bounds. Work tells its loop about results by `EventLoop.post`
/// or a `Mailbox`. All operations are for any thread.
public final class WorkerPool: Sendable {
    private struct State {
        var queue = FIFO<@Sendable () -> Void>()
        var isOpen = true
        var threads: [SystemThread] = []
    }

    private let queueMax: Int
    private let state = Mutex(State())
    /// Counts queued work, and one for each thread that is to end.
    private let available = Semaphore()

    /// - Parameters:
    ///   - name: of the threads, for `top -H`; the system keeps 15 bytes.
    ///   - queueMax: work that may wait beyond what is running.
    ///   - isBackground: nobody waits for it; it gives way to whatever clients wait for.
    public init(name: String, threads: Int, queueMax: Int, isBackground: Bool = false) {
        invariant(threads > 0 && queueMax > 0, "a worker pool needs threads and a queue")
        self.queueMax = queueMax
        state.withLock { state in
            state.threads = (0..<threads).map { index in
                SystemThread(name: "\(name)-\(index)") {
                    if isBackground { BackgroundThread.lowerPriority() }
                    self.work()
                }
            }
        }
    }

    /// Queues `work`; false, and nothing done, when the queue is full or the pool is shut down.
    public func submit(_ work: @escaping @Sendable () -> Void) -> Bool {
        let isAccepted = state.withLock { state in
            guard state.isOpen, state.queue.count < queueMax else { return false }
            state.queue.append(work)
            return true
        }
        if isAccepted { available.signal() }
        return isAccepted
    }

    /// Work that waits for a thread: for metrics.
    public var queuedCount: Int { state.withLock { $0.queue.count } }

    /// Refuses new work, finishes what is queued, and waits for the threads to end. Idempotent;
    /// never called from one of the threads.
    public func shutdown() {
        let threads = state.withLock { state in
            state.isOpen = false
            defer { state.threads = [] }
            return state.threads
        }
        for _ in threads { available.signal() }
        for thread in threads { thread.join() }
    }

    private func work() {
        while true {
            available.wait()
            let next = state.withLock { $0.queue.popFirst() }
            // Without work the signal was that of `shutdown`: what was queued is taken by now.
            guard let next else { return }
            next()
        }
    }
}
