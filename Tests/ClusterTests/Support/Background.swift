import Dispatch
import Foundation
import Synchronization

/// Work on a thread of its own: scenarios block, and must not hold up the threads of other tests.
final class Background<Result: Sendable>: Sendable {
    private let outcome = Mutex<Result?>(nil)
    private let done = DispatchSemaphore(value: 0)

    init(_ work: @escaping @Sendable () -> Result) {
        let thread = Thread { [self] in
            let result = work()
            outcome.withLock { $0 = result }
            done.signal()
        }
        thread.start()
    }

    /// Waits for the end of the work. Call once.
    func join() -> Result {
        done.wait()
        guard let result = outcome.withLock({ $0 }) else { fatalError("joined before the end") }
        return result
    }
}

/// Runs `work` with 0, 1, … at the same time, each on a thread of its own, and waits for all.
func concurrently<Result: Sendable>(
    _ count: Int, _ work: @escaping @Sendable (Int) throws -> Result
) throws -> [Result] {
    let threads = (0..<count).map { index in
        Background { Swift.Result { try work(index) } }
    }
    return try threads.map { $0.join() }.map { try $0.get() }
}
