internal import CUV
internal import Essentials
internal import Glibc

extension TCPStream {
    /// Connects, and tells `handler`: `streamConnected`, or `streamClosed` with the reason.
    ///
    /// A name is resolved on a thread of libuv, and its addresses are tried in turn, all within
    /// `timeoutMs`. What is written before is queued. The stream may be closed at any time.
    public static func connect(
        loop: EventLoop, to address: SocketAddress, timeoutMs: UInt64, handler: any StreamHandler
    ) -> TCPStream {
        let stream = TCPStream(loop: loop, peer: address, handler: handler, state: .connecting)
        let connector = Connector(stream, timeoutMs: timeoutMs)
        stream.connector = connector
        connector.start()
        return stream
    }

    /// Exchanges the handle, whose connection failed, for a fresh one.
    fileprivate func renewHandle() {
        let old = unsafe UnsafeMutableRawPointer(handle).assumingMemoryBound(to: uv_handle_t.self)
        unsafe old.pointee.data = nil
        unsafe uv_close(old) { unsafe UnsafeMutableRawPointer($0)?.deallocate() }
        unsafe handle = .allocate(capacity: 1)
        initialiseHandle()
    }
}

/// Finds the way to a peer: resolves its name and tries its addresses until one answers.
///
/// It lives until libuv has answered its last request, which may be after its stream was closed.
@safe
final class Connector {
    private let stream: TCPStream
    private let deadline: Timer
    private var addresses: ArraySlice<NativeAddress> = []
    private let connectRequest: UnsafeMutablePointer<uv_connect_t>
    private let resolveRequest: UnsafeMutablePointer<uv_getaddrinfo_t>

    init(_ stream: TCPStream, timeoutMs: UInt64) {
        self.stream = stream
        unsafe connectRequest = .allocate(capacity: 1)
        unsafe resolveRequest = .allocate(capacity: 1)
        deadline = Timer(loop: stream.loop) { [stream] in
            stream.close(.timedOut(stream.peer.description))
        }
        deadline.set(afterMs: timeoutMs)
    }

    deinit {
        deadline.close()
        unsafe connectRequest.deallocate()
        unsafe resolveRequest.deallocate()
    }

    func start() {
        if let native = NativeAddress(stream.peer) {
            addresses = [native]
            tryNext(after: 0)
        } else {
            resolve()
        }
    }

    /// Ends the waiting; requests under way still answer, and find the stream closed.
    func stop() { deadline.close() }

    // MARK: Resolving

    private func resolve() {
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        unsafe resolveRequest.pointee.data = Unmanaged.passRetained(self).toOpaque()
        let peer = stream.peer
        let status = unsafe uv_getaddrinfo(
            stream.loop.uv, resolveRequest,
            { request, status, answer in
                guard let data = unsafe request?.pointee.data else { return }
                let connector = unsafe Unmanaged<Connector>.fromOpaque(data).takeRetainedValue()
                connector.resolved(status, unsafe NativeAddress.list(answer))
                unsafe uv_freeaddrinfo(answer)
            }, peer.host, String(peer.port), &hints)
        guard status != 0 else { return }
        unsafe Unmanaged.passUnretained(self).release()
        fail(status)
    }

    private func resolved(_ status: Int32, _ found: [NativeAddress]) {
        guard stream.state == .connecting else { return }
        guard status == 0 else { return fail(status) }
        addresses = found[...]
        tryNext(after: UV_EAI_NONAME.rawValue)
    }

    // MARK: Connecting

    /// Tries the next address; when none is left, `status` is why the last one failed.
    private func tryNext(after status: Int32) {
        guard let next = addresses.popFirst() else { return fail(status) }
        unsafe connectRequest.pointee.data = Unmanaged.passRetained(self).toOpaque()
        let status = unsafe next.withPointer { address, _ in
            unsafe uv_tcp_connect(connectRequest, stream.handle, address) { request, status in
                guard let data = unsafe request?.pointee.data else { return }
                let connector = unsafe Unmanaged<Connector>.fromOpaque(data).takeRetainedValue()
                connector.attempted(status)
            }
        }
        guard status != 0 else { return }
        unsafe Unmanaged.passUnretained(self).release()
        attempted(status)
    }

    private func attempted(_ status: Int32) {
        guard stream.state == .connecting else { return }
        if status == 0 {
            stop()
            stream.connected()
        } else if addresses.isEmpty {
            fail(status)
        } else {
            stream.renewHandle()
            tryNext(after: status)
        }
    }

    private func fail(_ status: Int32) {
        let isUnresolved =
            status <= UV_EAI_ADDRFAMILY.rawValue && status >= UV_EAI_PROTOCOL.rawValue
        let subject = isUnresolved ? stream.peer.host : stream.peer.description
        stream.close(PlatformError(status: status, operation: "connecting", subject: subject))
    }
}
