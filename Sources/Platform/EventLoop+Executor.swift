internal import Essentials

extension EventLoop {
    public func enqueue(_ job: consuming ExecutorJob) { submit(.job(UnownedJob(job))) }

    public func asUnownedSerialExecutor() -> UnownedSerialExecutor {
        unsafe UnownedSerialExecutor(ordinary: self)
    }

    /// Lets `assumeIsolated` succeed in callbacks of libuv, which no task runs.
    public func isIsolatingCurrentContext() -> Bool? { isCurrent }

    public func checkIsolated() {
        invariant(isCurrent, "state of the loop \(name) was touched from another thread")
    }
}
