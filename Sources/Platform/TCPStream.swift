internal import CUV
internal import Essentials
internal import Glibc

/// A TCP connection on a loop. Confined to its loop.
///
/// Reading costs one system call a readable socket and allocates nothing: all streams of a loop
/// read into one buffer. `write` costs one system call, unless the peer is slow; then what is left
/// is queued and `queuedBytes` grows, which the owner has to bound. Gather the answers to one read
/// and write them once.
///
/// The loop keeps an open stream alive, and the stream its handler.
@safe
public final class TCPStream: LoopHandle {
    enum State {
        /// Being connected: what is written is queued.
        case connecting
        case open
        /// Nothing goes out or in any more; `streamClosed` is still to come.
        case closing
    }

    public let loop: EventLoop
    /// The other side: what `connect` was given, or the address that was accepted.
    public let peer: SocketAddress
    var state: State
    var handle: UnsafeMutablePointer<uv_tcp_t>
    private var handler: (any StreamHandler)?
    private var output: OutputQueue?
    private var failure: PlatformError?
    public private(set) var isReadingPaused = false
    /// Nothing is read any more: the peer has ended, or we are about to.
    private var isEnding = false
    private var isClosingWhenDrained = false
    /// What a connection under way needs; nil once it is made.
    var connector: Connector?

    init(loop: EventLoop, peer: SocketAddress, handler: any StreamHandler, state: State) {
        invariant(loop.isCurrent, "a stream was made off its loop")
        self.loop = loop
        self.peer = peer
        self.handler = handler
        self.state = state
        unsafe handle = .allocate(capacity: 1)
        initialiseHandle()
        loop.remember(self)
    }

    /// Takes an accepted connection over, and begins to read.
    public convenience init(
        _ socket: AcceptedSocket, loop: EventLoop, handler: any StreamHandler
    ) throws(PlatformError) {
        let descriptor = socket.take()
        let native = unsafe NativeAddress { unsafe getpeername(descriptor, $0, &$1) == 0 }
        guard let peer = native?.address else {
            Glibc.close(descriptor)
            throw .connectionReset("accepted connection")
        }
        self.init(loop: loop, peer: peer, handler: handler, state: .open)
        let status = unsafe uv_tcp_open(handle, descriptor)
        if status != 0 {
            Glibc.close(descriptor)
            fail(status, "opening")
            return
        }
        beginReading()
    }

    deinit { unsafe handle.deallocate() }

    /// The address of this side.
    public var local: SocketAddress? {
        let native = unsafe NativeAddress { address, size in
            var length = Int32(size)
            return unsafe uv_tcp_getsockname(handle, address, &length) == 0
        }
        return native?.address
    }

    public var isClosed: Bool { state == .closing }

    // MARK: Reading

    /// Stops reading: what the peer sends waits in the kernel, and then at the peer.
    public func pauseReading() {
        isReadingPaused = true
        if state == .open { unsafe uv_read_stop(stream) }
    }

    public func resumeReading() {
        guard isReadingPaused else { return }
        isReadingPaused = false
        if state == .open, !isEnding { startReading() }
    }

    /// Sets what every connection of ours has, and reads. Small answers must not wait for
    /// acknowledgements of those before.
    func beginReading() {
        unsafe uv_tcp_nodelay(handle, 1)
        if !isReadingPaused { startReading() }
    }

    /// Makes the kernel probe a silent peer after `idleSeconds`, so that a dead one is noticed.
    public func setKeepAlive(idleSeconds: UInt32) {
        if state == .open { unsafe uv_tcp_keepalive(handle, 1, idleSeconds) }
    }

    private func startReading() {
        unsafe uv_read_start(
            stream,
            { handle, _, buffer in
                let base = unsafe handle?.pointee.loop.pointee.data
                unsafe buffer?.pointee = uv_buf_init(
                    base?.assumingMemoryBound(to: CChar.self), UInt32(EventLoop.readBytesMax))
            },
            { handle, count, _ in
                guard count != 0, let data = unsafe handle?.pointee.data else { return }
                let stream = unsafe Unmanaged<TCPStream>.fromOpaque(data).takeUnretainedValue()
                if count > 0 { stream.received(count) } else { stream.readEnded(Int32(count)) }
            })
    }

    private func received(_ count: Int) {
        let bytes = unsafe UnsafeRawBufferPointer(start: loop.readBuffer, count: count)
        let span = unsafe Span<UInt8>(_unsafeBytes: bytes)
        handler?.streamReceived(self, span)
    }

    private func readEnded(_ status: Int32) {
        guard status == UV_EOF.rawValue else { return fail(status, "reading") }
        isEnding = true
        handler?.streamEnded(self)
    }

    // MARK: Writing

    /// Bytes that the kernel has not taken yet.
    public var queuedBytes: Int { output?.count ?? 0 }

    /// Writes at once what the kernel takes, and queues the rest. After `close`, nothing happens.
    public func write(_ bytes: [UInt8]) {
        assert(loop.isCurrent, "a stream was written off its loop")
        guard state != .closing, !bytes.isEmpty else { return }
        if let output { return output.append(bytes) }
        let written = state == .open ? writeNow(bytes, from: 0) : 0
        guard written < bytes.count, state != .closing else { return }
        let queue = OutputQueue()
        queue.append(bytes, from: written)
        output = queue
        if state == .open { writeStaged(queue) }
    }

    /// Returns how many bytes the kernel took; an error fails the stream and takes none.
    private func writeNow(_ bytes: [UInt8], from start: Int) -> Int {
        let result = unsafe bytes.withUnsafeBytes { source in
            let rest = unsafe UnsafeRawBufferPointer(rebasing: source[start...])
            // libuv only reads from it: its buffers are for both directions.
            let base = unsafe UnsafeMutableRawPointer(mutating: rest.baseAddress)
            var buffer = unsafe uv_buf_t(
                base: base?.assumingMemoryBound(to: CChar.self), len: rest.count)
            return unsafe uv_try_write(stream, &buffer, 1)
        }
        if result >= 0 { return Int(result) }
        if result != UV_EAGAIN.rawValue { fail(result, "writing") }
        return 0
    }

    /// Leaves the next bytes to libuv, which writes them when the socket takes more.
    func writeStaged(_ queue: OutputQueue) {
        guard let staged = unsafe queue.stage() else { return }
        let base = unsafe UnsafeMutableRawPointer(staged).assumingMemoryBound(to: CChar.self)
        var buffer = unsafe uv_buf_t(base: base, len: queue.stagedCount)
        unsafe queue.request.pointee.data = Unmanaged.passUnretained(self).toOpaque()
        let status = unsafe uv_write(queue.request, stream, &buffer, 1) { request, status in
            guard let data = unsafe request?.pointee.data else { return }
            let stream = unsafe Unmanaged<TCPStream>.fromOpaque(data).takeUnretainedValue()
            stream.stagedWritten(status)
        }
        if status != 0 { fail(status, "writing") }
    }

    private func stagedWritten(_ status: Int32) {
        guard state == .open, let output else { return }
        guard status == 0 else { return fail(status, "writing") }
        output.stagedWritten()
        var isFull = false
        while !isFull {
            let hasMore = output.writeFirst { bytes, start in
                let written = writeNow(bytes, from: start)
                isFull = start + written < bytes.count
                return written
            }
            guard state == .open else { return }
            if !hasMore { return drained() }
        }
        writeStaged(output)
    }

    private func drained() {
        output = nil
        if isClosingWhenDrained { return close() }
        handler?.streamDrained(self)
    }

    // MARK: Closing

    /// Closes once what is queued has been written: for a last answer. Bytes that still come in
    /// are not read. A peer that never takes them keeps it open: the owner bounds the time.
    public func closeWhenDrained() {
        guard state != .closing else { return }
        if output == nil { return close() }
        isClosingWhenDrained = true
        isEnding = true
        pauseReading()
    }

    /// Closes at once and drops what is queued. Idempotent; all that follows is `streamClosed`,
    /// not before this call has returned.
    public func close() { close(nil) }

    func close(_ error: PlatformError?) {
        guard state != .closing else { return }
        state = .closing
        failure = error
        unsafe uv_close(anyHandle) { handle in
            guard let data = unsafe handle?.pointee.data else { return }
            unsafe Unmanaged<TCPStream>.fromOpaque(data).takeUnretainedValue().closed()
        }
    }

    func fail(_ status: Int32, _ operation: String) {
        close(PlatformError(status: status, operation: operation, subject: peer.description))
    }

    private func closed() {
        output = nil
        connector?.stop()
        connector = nil
        let last = handler
        handler = nil
        loop.forget(self)
        last?.streamClosed(self, error: failure)
    }

    // MARK: Connecting

    func initialiseHandle() {
        unsafe uv_tcp_init(loop.uv, handle)
        unsafe handle.pointee.data = Unmanaged.passUnretained(self).toOpaque()
    }

    /// The connection is made.
    func connected() {
        connector = nil
        state = .open
        beginReading()
        handler?.streamConnected(self)
        if state == .open, let output, output.stagedCount == 0 { writeStaged(output) }
    }

    /// The handle as libuv's functions for streams take it.
    private var stream: UnsafeMutablePointer<uv_stream_t> {
        unsafe UnsafeMutableRawPointer(handle).assumingMemoryBound(to: uv_stream_t.self)
    }

    private var anyHandle: UnsafeMutablePointer<uv_handle_t> {
        unsafe UnsafeMutableRawPointer(handle).assumingMemoryBound(to: uv_handle_t.self)
    }
}
