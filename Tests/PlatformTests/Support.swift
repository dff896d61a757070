import Dispatch
import Essentials
import Platform
import Synchronization
import Testing

/// One value that a loop hands to the test, which waits for it.
final class Promise<Value: Sendable>: Sendable {
    private let value = Mutex<Value?>(nil)
    private let isKept = DispatchSemaphore(value: 0)

    func keep(_ value: Value) {
        self.value.withLock { $0 = value }
        isKept.signal()
    }

    /// Waits at most so long that only a broken loop is late.
    func wait() throws -> Value {
        let outcome = isKept.wait(timeout: .now() + .seconds(60))
        try #require(outcome == .success, "nothing came within a minute")
        return try #require(value.withLock { $0 })
    }
}

extension Promise where Value == Void {
    func keep() { keep(()) }
}

/// A started loop that ends with the test.
final class TestLoop: Sendable {
    let loop: EventLoop

    init(_ name: String = "test") throws {
        loop = try EventLoop(name: name)
        loop.start()
    }

    deinit { loop.stop() }
}

/// Answers the calls of a stream by closures, so that a test reads in one place.
final class ClosureHandler: StreamHandler {
    var connected: (TCPStream) -> Void = { _ in }
    var received: (TCPStream, [UInt8]) -> Void = { _, _ in }
    var drained: (TCPStream) -> Void = { _ in }
    var closed: (TCPStream, PlatformError?) -> Void = { _, _ in }

    func streamConnected(_ stream: TCPStream) { connected(stream) }

    func streamReceived(_ stream: TCPStream, _ bytes: Span<UInt8>) {
        var copy: [UInt8] = []
        copy.append(contentsOf: bytes)
        received(stream, copy)
    }

    func streamDrained(_ stream: TCPStream) { drained(stream) }

    func streamClosed(_ stream: TCPStream, error: PlatformError?) { closed(stream, error) }
}

extension EventLoop {
    /// Listens on a free port of `host`; each connection gets the handler that `handler` makes.
    func serve(
        host: String = "127.0.0.1", _ handler: @escaping @Sendable (EventLoop) -> ClosureHandler
    ) throws -> SocketAddress {
        let socket = try ListeningSocket(SocketAddress(host: host, port: 0))
        try perform {
            _ = try TCPListener(socket, loop: self) { accepted in
                _ = try? TCPStream(accepted, loop: self, handler: handler(self))
            }
        }
        return socket.address
    }

    /// A server that sends back what it gets.
    func serveEcho(host: String = "127.0.0.1") throws -> SocketAddress {
        try serve(host: host) { _ in
            let echo = ClosureHandler()
            echo.received = { stream, bytes in stream.write(bytes) }
            return echo
        }
    }

    /// Connects with the handler that `handler` makes on the loop.
    func connect(
        to address: SocketAddress, timeoutMs: UInt64 = 30_000,
        _ handler: @escaping @Sendable () -> ClosureHandler
    ) {
        post {
            _ = TCPStream.connect(
                loop: self, to: address, timeoutMs: timeoutMs, handler: handler())
        }
    }
}
