internal import CUV
internal import Essentials
internal import Glibc

/// What an operator's tools send to a server.
public enum Signal: CaseIterable, Sendable {
    case terminate, interrupt, hangUp

    fileprivate var number: Int32 {
        switch self {
        case .terminate: SIGTERM
        case .interrupt: SIGINT
        case .hangUp: SIGHUP
        }
    }

    /// Makes a write to a closed connection an error instead of the end of the process. To be
    /// called first of all.
    public static func ignoreBrokenPipes() { signal(SIGPIPE, SIG_IGN) }

    /// Lets these signals through: whoever started the process may have had them blocked, which is
    /// inherited, and then nothing but SIGKILL could stop it. To be called before there are
    /// threads.
    public static func unblockAll() {
        var set = sigset_t()
        unsafe sigemptyset(&set)
        for signal in allCases { unsafe sigaddset(&set, signal.number) }
        unsafe pthread_sigmask(SIG_UNBLOCK, &set, nil)
    }
}

/// Tells a loop about one kind of signal instead of letting it end the process. Confined to its
/// loop.
@safe
public final class SignalWatcher: LoopHandle {
    private let loop: EventLoop
    private let watcher: UnsafeMutablePointer<uv_signal_t>
    private var received: (() -> Void)?

    /// Watches until `close`.
    public init(_ signal: Signal, loop: EventLoop, received: @escaping () -> Void) {
        invariant(loop.isCurrent, "a signal watcher was made off its loop")
        self.loop = loop
        self.received = received
        unsafe watcher = .allocate(capacity: 1)
        unsafe uv_signal_init(loop.uv, watcher)
        unsafe watcher.pointee.data = Unmanaged.passUnretained(self).toOpaque()
        loop.remember(self)
        let status = unsafe uv_signal_start(
            watcher,
            { watcher, _ in
                guard let data = unsafe watcher?.pointee.data else { return }
                unsafe Unmanaged<SignalWatcher>.fromOpaque(data).takeUnretainedValue().received?()
            }, signal.number)
        invariant(status == 0, "the system refuses a handler for \(signal) (error \(status))")
        Self.unblock(signal)
    }

    /// Whoever started the process may have blocked the signal, which is inherited: a program that
    /// starts others from a thread pool, for one. A thread that takes it is enough.
    private static func unblock(_ signal: Signal) {
        var signals = sigset_t()
        unsafe sigemptyset(&signals)
        unsafe sigaddset(&signals, signal.number)
        unsafe pthread_sigmask(SIG_UNBLOCK, &signals, nil)
    }

    deinit { unsafe watcher.deallocate() }

    /// Gives the signal back to the system's default. Idempotent.
    public func close() {
        guard received != nil else { return }
        received = nil
        let handle = unsafe UnsafeMutableRawPointer(watcher)
            .assumingMemoryBound(to: uv_handle_t.self)
        unsafe uv_close(handle) { handle in
            guard let data = unsafe handle?.pointee.data else { return }
            let watcher = unsafe Unmanaged<SignalWatcher>.fromOpaque(data).takeUnretainedValue()
            watcher.loop.forget(watcher)
        }
    }
}
