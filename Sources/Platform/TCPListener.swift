internal import CUV
internal import Essentials
internal import Glibc

/// Accepts connections on one loop, for this loop or others. Confined to its loop.
///
/// It watches the socket itself instead of using libuv's listener, because libuv binds what it
/// accepts to the accepting loop, and a server spreads its connections over its loops.
@safe
public final class TCPListener: LoopHandle {
    /// Connections accepted in one pass: a storm of them must not starve those that are served.
    private static let acceptsPerPassMax = 256

    public let address: SocketAddress
    private let loop: EventLoop
    private let socket: ListeningSocket
    private let poll: UnsafeMutablePointer<uv_poll_t>
    private var accept: ((AcceptedSocket) -> Void)?
    /// A descriptor to give up when the process has no other: see `refuse`.
    private var reserve: Int32
    private var isClosing = false

    /// Starts accepting. Whoever gets the accepted socket makes it a `TCPStream` on any loop.
    public init(
        _ socket: ListeningSocket, loop: EventLoop, accept: @escaping (AcceptedSocket) -> Void
    ) throws(PlatformError) {
        invariant(loop.isCurrent, "a listener was made off its loop")
        self.loop = loop
        self.socket = socket
        self.accept = accept
        address = socket.address
        reserve = Self.openReserve()
        unsafe poll = .allocate(capacity: 1)
        let status = unsafe uv_poll_init(loop.uv, poll, socket.descriptor)
        guard status == 0 else {
            unsafe poll.deallocate()
            Glibc.close(reserve)
            throw PlatformError(
                status: status, operation: "accepting", subject: socket.address.description)
        }
        unsafe poll.pointee.data = Unmanaged.passUnretained(self).toOpaque()
        loop.remember(self)
        unsafe uv_poll_start(poll, Int32(UV_READABLE.rawValue)) { handle, _, _ in
            guard let data = unsafe handle?.pointee.data else { return }
            unsafe Unmanaged<TCPListener>.fromOpaque(data).takeUnretainedValue().acceptReady()
        }
    }

    deinit { unsafe poll.deallocate() }

    /// Stops accepting and closes the socket once nobody else holds it. Idempotent.
    public func close() {
        guard !isClosing else { return }
        isClosing = true
        accept = nil
        Glibc.close(reserve)
        let handle = unsafe UnsafeMutableRawPointer(poll).assumingMemoryBound(to: uv_handle_t.self)
        unsafe uv_close(handle) { handle in
            guard let data = unsafe handle?.pointee.data else { return }
            let listener = unsafe Unmanaged<TCPListener>.fromOpaque(data).takeUnretainedValue()
            listener.loop.forget(listener)
        }
    }

    private func acceptReady() {
        for _ in 0..<Self.acceptsPerPassMax {
            guard let accept else { return }
            let descriptor = Glibc.accept(socket.descriptor, nil, nil)
            if descriptor >= 0 {
                _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
                accept(AcceptedSocket(descriptor: descriptor))
                continue
            }
            switch errno {
            case ECONNABORTED, EINTR: continue
            case EMFILE, ENFILE:
                if !refuse() { return }
            default: return
            }
        }
    }

    /// Accepts and closes one connection with the descriptor kept for that: else it would stay
    /// ready, and the loop would spin until some other descriptor is closed. Returns whether
    /// there was one.
    private func refuse() -> Bool {
        guard reserve >= 0 else { return false }
        Glibc.close(reserve)
        let descriptor = Glibc.accept(socket.descriptor, nil, nil)
        if descriptor >= 0 { Glibc.close(descriptor) }
        reserve = Self.openReserve()
        return descriptor >= 0
    }

    private static func openReserve() -> Int32 { unsafe open("/dev/null", O_RDONLY | O_CLOEXEC) }
}
