internal import Essentials
internal import Glibc
internal import Synchronization

/// A thread of the operating system that runs one closure. It goes on when nobody refers to it.
final class SystemThread: Sendable {
    private let handle: pthread_t
    private let isJoined = Atomic(false)

    /// Starts a thread; the system keeps at most 15 bytes of its name.
    init(name: String, _ body: @escaping @Sendable () -> Void) {
        let box = unsafe Unmanaged.passRetained(Body(name: name, run: body)).toOpaque()
        var created = pthread_t()
        let status = unsafe pthread_create(
            &created, nil,
            { argument in
                guard let argument = unsafe argument else { return nil }
                let body = unsafe Unmanaged<Body>.fromOpaque(argument).takeRetainedValue()
                SystemThread.nameCurrent(body.name)
                body.run()
                return nil
            }, box)
        invariant(status == 0, "the system refuses another thread (error \(status))")
        handle = created
    }

    deinit {
        // Nobody can join it any more: the system may free what it keeps of it.
        if !isJoined.load(ordering: .relaxed) { pthread_detach(handle) }
    }

    /// Waits until the closure has returned. To be called once.
    func join() {
        isJoined.store(true, ordering: .relaxed)
        let status = pthread_join(handle, nil)
        invariant(status == 0, "cannot join a thread (error \(status))")
    }

    /// Tells the calling thread from all others alive.
    static var current: UInt { UInt(pthread_self()) }

    /// Through the proc file system: the call for it is an extension that Swift does not import.
    private static func nameCurrent(_ name: String) {
        let file = unsafe open("/proc/thread-self/comm", O_WRONLY | O_CLOEXEC)
        guard file >= 0 else { return }
        let bytes = Array(name.utf8.prefix(15))
        unsafe write(file, bytes, bytes.count)
        close(file)
    }

    private final class Body: Sendable {
        let name: String
        let run: @Sendable () -> Void

        init(name: String, run: @escaping @Sendable () -> Void) {
            self.name = name
            self.run = run
        }
    }
}
