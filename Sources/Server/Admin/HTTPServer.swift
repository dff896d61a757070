internal import CMicroHTTPD
internal import Essentials
internal import Glibc
public import Platform
internal import Synchronization

/// A small HTTP/1.1 server over libmicrohttpd, for the admin port; the only file that calls it.
///
/// Every connection has a thread, so that a handler may wait for the node, and a slow client or a
/// held-back answer is nobody else's business. All is bounded: connections, head, body, idle time.
public final class HTTPServer: Sendable {
    public typealias Handler = @Sendable (HTTPRequest) -> HTTPResponse

    /// Scrapers, browsers and admins are few; each connection costs a thread.
    static let connectionsMax: UInt32 = 64
    /// Request line, headers and read buffer of one connection.
    static let headBytesMax = 32 << 10
    /// The largest body that anybody needs sets one setting to a password.
    static let bodyBytesMax = 64 << 10
    static let idleSecondsMax: UInt32 = 10
    /// Rendering JSON recurses a few levels only.
    static let stackBytes = 512 << 10

    private let handler: Handler
    private let daemon = Mutex<Daemon?>(nil)
    private let connections = Atomic(0)
    /// How long `stop` waits for connections to end by themselves, and how often it looks.
    private static let farewellMs: UInt32 = 250
    private static let farewellStepMs: UInt32 = 2

    /// Serves what connects to `socket`, until `stop`.
    public init(
        on socket: ListeningSocket, handler: @escaping Handler
    ) throws(PlatformError) {
        self.handler = handler
        // libmicrohttpd closes the descriptor that it is given.
        let descriptor = try socket.duplicateDescriptor()
        guard let daemon = start(on: descriptor) else {
            close(descriptor)
            throw .failed(
                operation: "starting libmicrohttpd", subject: socket.address.description,
                reason: unsafe String(cString: strerror(errno)))
        }
        self.daemon.withLock { $0 = daemon }
    }

    /// Ends all connections, after the requests being handled, and frees the port. Not to be called
    /// from a handler.
    public func stop() {
        let daemon = daemon.withLock { daemon in
            defer { daemon = nil }
            return daemon
        }
        guard let daemon else { return }
        // Of libmicrohttpd 0.9.75, a thread that is about to tell a client that its bytes are no
        // request follows a null pointer if it is stopped at that moment.
        var waitedMs: UInt32 = 0
        while connections.load(ordering: .relaxed) > 0, waitedMs < Self.farewellMs {
            SystemClock.sleep(ms: Self.farewellStepMs)
            waitedMs += Self.farewellStepMs
        }
        unsafe MHD_stop_daemon(daemon.pointer)
    }

    deinit {
        invariant(daemon.withLock { $0 == nil }, "an HTTP server must be stopped before it goes")
    }

    /// libmicrohttpd's handle. Sendable, since the library locks for itself; stopped only once.
    @safe private struct Daemon: @unchecked Sendable {
        let pointer: OpaquePointer
    }

    private func start(on descriptor: Int32) -> Daemon? {
        // poll, because select cannot see descriptors over 1023, and clients have those.
        let flags =
            MHD_USE_THREAD_PER_CONNECTION.rawValue | MHD_USE_INTERNAL_POLLING_THREAD.rawValue
            | MHD_USE_POLL.rawValue
        // Not retained: `stop` ends all of libmicrohttpd's threads before this object goes.
        let this = unsafe Unmanaged.passUnretained(self).toOpaque()
        let completed: MHD_RequestCompletedCallback = { _, _, exchange, _ in
            unsafe Exchange.release(exchange)
        }
        let started:
            @convention(c) (
                UnsafeMutableRawPointer?, UnsafePointer<CChar>?, OpaquePointer?
            ) -> UnsafeMutableRawPointer? = { _, target, _ in
                unsafe Exchange.retained(target: target)
            }
        let counted: MHD_NotifyConnectionCallback = { this, _, _, change in
            guard let this = unsafe this else { return }
            let server = unsafe Unmanaged<HTTPServer>.fromOpaque(this).takeUnretainedValue()
            // MHD_CONNECTION_NOTIFY_STARTED, a name that Swift does not know.
            let hasBegun = change.rawValue == 0
            server.connections.add(hasBegun ? 1 : -1, ordering: .relaxed)
        }
        /// The closure pointer that these two do not need.
        let none = 0
        let options: [any CVarArg] = unsafe [
            MHD_OPTION.LISTEN_SOCKET.rawValue, descriptor,
            MHD_OPTION.CONNECTION_LIMIT.rawValue, Self.connectionsMax,
            MHD_OPTION.CONNECTION_MEMORY_LIMIT.rawValue, Self.headBytesMax,
            MHD_OPTION.CONNECTION_TIMEOUT.rawValue, Self.idleSecondsMax,
            MHD_OPTION.THREAD_STACK_SIZE.rawValue, Self.stackBytes,
            MHD_OPTION.STRICT_FOR_CLIENT.rawValue, Int32(1),
            MHD_OPTION.URI_LOG_CALLBACK.rawValue,
            unsafeBitCast(started, to: OpaquePointer.self), none,
            MHD_OPTION.NOTIFY_COMPLETED.rawValue,
            unsafeBitCast(completed, to: OpaquePointer.self), none,
            MHD_OPTION.NOTIFY_CONNECTION.rawValue,
            unsafeBitCast(counted, to: OpaquePointer.self), UInt(bitPattern: this),
            MHD_OPTION.END.rawValue,
        ]
        let pointer = unsafe withVaList(options) { arguments in
            unsafe MHD_start_daemon_va(
                flags, 0, nil, nil,
                { this, connection, _, method, _, data, size, exchange in
                    unsafe HTTPServer.receive(this, connection, method, data, size, exchange)
                }, this, arguments)
        }
        return unsafe pointer.map { unsafe Daemon(pointer: $0) }
    }

    /// libmicrohttpd calls this once with the head, again for each piece of the body (which is
    /// taken by setting its size to 0), and once more at the end.
    private static func receive(
        _ this: UnsafeMutableRawPointer?, _ connection: OpaquePointer?,
        _ method: UnsafePointer<CChar>?, _ data: UnsafePointer<CChar>?,
        _ size: UnsafeMutablePointer<Int>?,
        _ exchange: UnsafeMutablePointer<UnsafeMutableRawPointer?>?
    ) -> MHD_Result {
        guard let this = unsafe this, let connection = unsafe connection,
            let method = unsafe method, let size = unsafe size,
            let exchange = unsafe Exchange.at(exchange?.pointee)
        else { return .NO }
        let server = unsafe Unmanaged<HTTPServer>.fromOpaque(this).takeUnretainedValue()
        if !exchange.hasHead {
            exchange.hasHead = true
            exchange.method = unsafe String(cString: method)
            exchange.headers = unsafe headers(of: connection)
            let announced = exchange.headers.first { $0.name == "content-length" }
            guard let announced, Int(announced.value) ?? Int.max > bodyBytesMax else {
                return .YES
            }
            return unsafe send(.error(413, "at most \(bodyBytesMax) bytes are taken"), connection)
        }
        let count = unsafe size.pointee
        if count > 0 {
            // A body in chunks is not announced; one that grows too large ends the connection.
            guard exchange.body.count + count <= bodyBytesMax else { return .NO }
            unsafe UnsafeRawBufferPointer(start: data, count: count).withMemoryRebound(
                to: UInt8.self
            ) { bytes in
                unsafe exchange.body.append(contentsOf: bytes)
            }
            unsafe size.pointee = 0
            return .YES
        }
        let response = server.handler(exchange.request)
        if response.delayMs > 0 { usleep(UInt32(response.delayMs) * 1000) }
        return unsafe send(response, connection)
    }

    private static func headers(
        of connection: OpaquePointer
    ) -> [(name: String, value: String)] {
        let list = HeaderList()
        let opaque = unsafe Unmanaged.passUnretained(list).toOpaque()
        unsafe MHD_get_connection_values(
            connection, .HEADER_KIND,
            { list, _, name, value in
                guard let list = unsafe list, let name = unsafe name else { return .NO }
                let headers = unsafe Unmanaged<HeaderList>.fromOpaque(list).takeUnretainedValue()
                let text = unsafe value.map { unsafe String(cString: $0) } ?? ""
                headers.headers.append((name: unsafe String(cString: name).lowercased(), text))
                return .YES
            }, opaque)
        return list.headers
    }

    private static func send(
        _ response: HTTPResponse, _ connection: OpaquePointer
    ) -> MHD_Result {
        var body = response.body
        let made = unsafe body.withUnsafeMutableBytes { bytes in
            unsafe MHD_create_response_from_buffer(
                bytes.count, bytes.baseAddress, .RESPMEM_MUST_COPY)
        }
        guard let made = unsafe made else { return .NO }
        defer { unsafe MHD_destroy_response(made) }
        let headers =
            response.headers + [
                (name: "Content-Type", value: response.contentType),
                (name: "Cache-Control", value: "no-store"),
                (name: "X-Content-Type-Options", value: "nosniff"),
            ]
        for (name, value) in headers { unsafe MHD_add_response_header(made, name, value) }
        return unsafe MHD_queue_response(connection, UInt32(response.status), made)
    }
}

private final class HeaderList {
    var headers: [(name: String, value: String)] = []
}

/// One request while it arrives. Confined to its connection's thread; libmicrohttpd carries it from
/// call to call and says when the request is over.
private final class Exchange {
    let target: [UInt8]
    var hasHead = false
    var method = ""
    var headers: [(name: String, value: String)] = []
    var body: [UInt8] = []

    init(target: [UInt8]) { self.target = target }

    var request: HTTPRequest {
        HTTPRequest(method: method, target: target, headers: headers, body: body)
    }

    static func retained(target: UnsafePointer<CChar>?) -> UnsafeMutableRawPointer? {
        var bytes: [UInt8] = []
        if let target = unsafe target {
            bytes = unsafe UnsafeBufferPointer(start: target, count: strlen(target)).map {
                UInt8(bitPattern: $0)
            }
        }
        return unsafe Unmanaged.passRetained(Exchange(target: bytes)).toOpaque()
    }

    static func at(_ pointer: UnsafeMutableRawPointer?) -> Exchange? {
        guard let pointer = unsafe pointer else { return nil }
        return unsafe Unmanaged<Exchange>.fromOpaque(pointer).takeUnretainedValue()
    }

    static func release(_ pointer: UnsafeMutablePointer<UnsafeMutableRawPointer?>?) {
        guard let held = unsafe pointer?.pointee else { return }
        unsafe Unmanaged<Exchange>.fromOpaque(held).release()
        unsafe pointer?.pointee = nil
    }
}
