internal import Essentials
internal import Glibc

/// A counting semaphore: where threads that may block wait for each other.
///
/// `@unchecked` because the system's semaphore is a pointer to the compiler; the system itself
/// promises that every operation on it is safe from any thread.
@safe
public final class Semaphore: @unchecked Sendable {
    private let semaphore: UnsafeMutablePointer<sem_t>

    public init(_ count: UInt32 = 0) {
        unsafe semaphore = .allocate(capacity: 1)
        let status = unsafe sem_init(semaphore, 0, count)
        invariant(status == 0, "cannot create a semaphore")
    }

    deinit {
        unsafe sem_destroy(semaphore)
        unsafe semaphore.deallocate()
    }

    public func signal() { unsafe sem_post(semaphore) }

    public func wait() {
        // A signal handler may interrupt the wait.
        while unsafe sem_wait(semaphore) != 0 {}
    }
}
