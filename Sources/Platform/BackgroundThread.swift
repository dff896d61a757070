internal import Essentials
internal import Glibc
internal import Synchronization

/// Work that must not take the processors from what clients wait for.
public enum BackgroundThread {
    /// What is added to the nice value: beside a thread of the usual weight on the same processor,
    /// such a thread gets a tenth of it; on an idle one, all.
    static let niceness: Int32 = 10

    /// Runs `body` on a thread of its own with a low priority, and waits for it.
    ///
    /// Threads that `body` starts have that priority too, and keep it: Linux has one for each
    /// thread, which its children inherit (setpriority(2), "C library/kernel differences").
    public static func run<Value: Sendable, Failure: Error>(
        name: String, _ body: @escaping @Sendable () throws(Failure) -> Value
    ) throws(Failure) -> Value {
        let outcome = Outcome<Value, Failure>()
        let thread = SystemThread(name: name) {
            lowerPriority()
            outcome.set(Result(catching: body))
        }
        thread.join()
        return try outcome.get()
    }

    /// Of the calling thread, for good. Never refused: it asks for less than there is.
    static func lowerPriority() { _ = nice(niceness) }

    private final class Outcome<Value: Sendable, Failure: Error>: Sendable {
        private let result = Mutex<Result<Value, Failure>?>(nil)

        func set(_ value: Result<Value, Failure>) { result.withLock { $0 = value } }

        func get() throws(Failure) -> Value {
            guard let result = result.withLock({ $0 }) else {
                preconditionFailure("the thread has ended without a result")
            }
            return try result.get()
        }
    }
}
