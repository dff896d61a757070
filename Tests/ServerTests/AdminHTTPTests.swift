import Foundation
import Platform
import Synchronization
import Testing

@testable import Server

/// A plain blocking socket: the tests send what no HTTP library would.
struct PlainSocket: ~Copyable {
    private let descriptor: Int32

    init(port: UInt16) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let outcome = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe connect(descriptor, $0, size)
            }
        }
        try #require(outcome == 0, "cannot connect")
        // No test may hang on a server that says nothing.
        var timeout = timeval(tv_sec: 20, tv_usec: 0)
        _ = unsafe setsockopt(
            descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit { close(descriptor) }

    func send(_ text: String) {
        let bytes = Array(text.utf8)
        var sent = 0
        while sent < bytes.count {
            let count = unsafe bytes.withUnsafeBytes { buffer in
                unsafe Glibc.send(
                    descriptor, buffer.baseAddress?.advanced(by: sent), bytes.count - sent,
                    Int32(MSG_NOSIGNAL))
            }
            // The server may close before it has read everything.
            guard count > 0 else { return }
            sent += count
        }
    }

    /// Everything up to the end of the connection.
    func receive() -> String {
        var all: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = unsafe chunk.withUnsafeMutableBytes { buffer in
                unsafe recv(descriptor, buffer.baseAddress, buffer.count, 0)
            }
            guard count > 0 else { return String(decoding: all, as: UTF8.self) }
            all += chunk[..<count]
        }
    }
}

@Suite(.serialized) struct AdminHTTPTests {
    /// Runs a server on a free port for as long as `body` takes.
    private func serve(
        _ handler: @escaping HTTPServer.Handler, _ body: (UInt16) throws -> Void
    ) throws {
        let socket = try ListeningSocket(SocketAddress(host: "127.0.0.1", port: 0))
        let server = try HTTPServer(on: socket, handler: handler)
        defer { server.stop() }
        try body(socket.address.port)
    }

    private func exchange(_ port: UInt16, _ request: String) throws -> String {
        let socket = try PlainSocket(port: port)
        socket.send(request)
        return socket.receive()
    }

    private func echo(_ request: HTTPRequest) -> HTTPResponse {
        let query = request.query.map { "\($0.name)=\($0.value)" }.joined(separator: ",")
        return .text(
            200,
            "\(request.method) \(request.path) [\(query)] \(request.header("x-a") ?? "-") "
                + "\(request.body.count)")
    }

    private let close = "Host: 127.0.0.1\r\nConnection: close\r\n"

    @Test func `a request arrives as it was sent`() throws {
        try serve(echo) { port in
            let get = try exchange(port, "GET /a%20b?k=%00&x HTTP/1.1\r\nX-A: v\r\n\(close)\r\n")
            #expect(get.hasPrefix("HTTP/1.1 200 OK\r\n"))
            #expect(get.hasSuffix("\r\n\r\nGET /a%20b [k=[0],x=[]] v 0\n"))
            #expect(get.contains("Cache-Control: no-store\r\n"))
            #expect(get.contains("X-Content-Type-Options: nosniff\r\n"))
            let put = try exchange(
                port, "PUT / HTTP/1.1\r\nContent-Length: 5\r\n\(close)\r\nabcde")
            #expect(put.hasSuffix("PUT / [] - 5\n"))
            let chunked = try exchange(
                port,
                "PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\(close)\r\n"
                    + "3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n")
            #expect(chunked.hasSuffix("PUT / [] - 7\n"))
            let head = try exchange(port, "HEAD / HTTP/1.1\r\n\(close)\r\n")
            #expect(head.hasSuffix("\r\n\r\n"))
        }
    }

    @Test func `a connection serves one request after the other`() throws {
        try serve(echo) { port in
            let one = "GET /1 HTTP/1.1\r\nHost: x\r\n\r\n"
            let text = try exchange(port, one + one + "GET /2 HTTP/1.1\r\n\(close)\r\n")
            #expect(text.split(separator: "HTTP/1.1 200 OK").count == 3)
        }
    }

    @Test func `a request that arrives byte by byte is a request`() throws {
        try serve(echo) { port in
            let socket = try PlainSocket(port: port)
            let request = "PUT /x HTTP/1.1\r\nContent-Length: 3\r\n\(close)\r\nabc"
            for byte in request { socket.send(String(byte)) }
            #expect(socket.receive().hasSuffix("PUT /x [] - 3\n"))
        }
    }

    @Test func `too much is refused`() throws {
        try serve(echo) { port in
            let announced = try exchange(
                port, "PUT / HTTP/1.1\r\nContent-Length: 65537\r\n\(close)\r\n")
            #expect(announced.hasPrefix("HTTP/1.1 413 "))
            let absurd = try exchange(
                port, "PUT / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\(close)\r\n")
            #expect(absurd.hasPrefix("HTTP/1.1 4"))
            let negative = try exchange(
                port, "PUT / HTTP/1.1\r\nContent-Length: -1\r\n\(close)\r\n")
            #expect(!negative.hasPrefix("HTTP/1.1 200"))
            let piece = "8000\r\n" + String(repeating: "x", count: 0x8000) + "\r\n"
            let chunked = try exchange(
                port,
                "PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\(close)\r\n"
                    + piece + piece + piece + "0\r\n\r\n")
            #expect(!chunked.hasPrefix("HTTP/1.1 200"))
            let headers = try exchange(
                port, "GET / HTTP/1.1\r\nX: \(String(repeating: "x", count: 100_000))\r\n\r\n")
            #expect(!headers.hasPrefix("HTTP/1.1 200"))
            let target = try exchange(
                port, "GET /\(String(repeating: "x", count: 100_000)) HTTP/1.1\r\n\(close)\r\n")
            #expect(!target.hasPrefix("HTTP/1.1 200"))
            // And the server still serves.
            #expect(try exchange(port, "GET / HTTP/1.1\r\n\(close)\r\n").hasSuffix(" 0\n"))
        }
    }

    private static let badRequests = [
        "\r\n\r\n", "GET\r\n\r\n", "\u{0}\u{0}\u{0}\r\n\r\n", "*1\r\n$4\r\nPING\r\n\r\n",
        "GET / HTTP/9.9\r\n\r\n", "GET / HTTP/1.1\r\n: x\r\n\r\n",
        "GET / HTTP/1.1\r\nHost\r\n\r\n", "\u{16}\u{3}\u{1}\u{2}\r\n\r\n",
        "PUT / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n\r\n",
    ]

    @Test func `bad bytes do no harm`() throws {
        try serve(echo) { port in
            for bytes in Self.badRequests {
                let socket = try PlainSocket(port: port)
                socket.send(bytes)
                socket.send("GET / HTTP/1.1\r\n\(close)\r\n")
            }
            #expect(try exchange(port, "GET / HTTP/1.1\r\n\(close)\r\n").hasSuffix(" 0\n"))
        }
    }

    @Test func `a server that is told so while it refuses bad bytes stops`() throws {
        // Sooner and later after they were sent.
        for round in 0..<300 {
            try serve(echo) { port in
                for bytes in Self.badRequests {
                    let socket = try PlainSocket(port: port)
                    socket.send(bytes)
                    socket.send("GET / HTTP/1.1\r\n\(close)\r\n")
                }
                usleep(UInt32(round % 50) * 20)
            }
        }
    }

    @Test func `many connections are served in parallel`() throws {
        let running = Mutex((now: 0, most: 0))
        let handler: HTTPServer.Handler = { _ in
            running.withLock { state in
                state.now += 1
                state.most = max(state.most, state.now)
            }
            usleep(50_000)
            running.withLock { $0.now -= 1 }
            return .text(200, "ok")
        }
        try serve(handler) { port in
            let served = Mutex(0)
            DispatchQueue.concurrentPerform(iterations: 40) { _ in
                let answer = try? exchange(port, "GET / HTTP/1.1\r\n\(close)\r\n")
                if answer?.hasSuffix("ok\n") == true { served.withLock { $0 += 1 } }
            }
            #expect(served.withLock { $0 } == 40)
            #expect(running.withLock { $0.most } > 1)
        }
    }

    @Test func `connections beyond the limit are closed, and later ones served`() throws {
        try serve(echo) { port in
            var idle: [Box] = []
            for _ in 0..<Int(HTTPServer.connectionsMax) { idle.append(try Box(port)) }
            // They are accepted in this order, so this one is the first too many.
            #expect(try exchange(port, "GET / HTTP/1.1\r\n\(close)\r\n") == "")
            idle.removeAll()
            var answer = ""
            for _ in 0..<200 where answer.isEmpty {
                answer = try exchange(port, "GET / HTTP/1.1\r\n\(close)\r\n")
                if answer.isEmpty { usleep(10_000) }
            }
            #expect(answer.hasSuffix(" 0\n"))
        }
    }

    private final class Box {
        let socket: PlainSocket
        init(_ port: UInt16) throws { socket = try PlainSocket(port: port) }
    }

    @Test func `a held-back answer holds back nobody else`() throws {
        let handler: HTTPServer.Handler = { request in
            var response = HTTPResponse.text(200, "ok")
            if request.path == "/slow" { response.delayMs = 2_000 }
            return response
        }
        try serve(handler) { port in
            let slow = try PlainSocket(port: port)
            slow.send("GET /slow HTTP/1.1\r\n\(close)\r\n")
            let start = ContinuousClock.now
            #expect(try exchange(port, "GET / HTTP/1.1\r\n\(close)\r\n").hasSuffix("ok\n"))
            #expect(ContinuousClock.now - start < .seconds(1))
            #expect(slow.receive().hasSuffix("ok\n"))
            #expect(ContinuousClock.now - start >= .seconds(1.9))
        }
    }

    @Test func `a stopped server frees its port`() throws {
        let socket = try ListeningSocket(SocketAddress(host: "127.0.0.1", port: 0))
        let address = socket.address
        let server = try HTTPServer(on: socket, handler: echo)
        #expect(throws: PlatformError.addressInUse(address.description)) {
            try ListeningSocket(address)
        }
        server.stop()
        server.stop()
        _ = consume socket
        _ = try ListeningSocket(address)
    }

    @Test func `the whole admin port works together`() throws {
        let store = ConfigurationStore(Configuration())
        let router = AdminRouter(
            backend: FixedBackend(), configuration: store, log: Log(sink: MemorySink()))
        try serve(router.respond) { port in
            let status = try exchange(port, "GET /v1/status HTTP/1.1\r\n\(close)\r\n")
            #expect(status.contains("Content-Type: application/json\r\n"))
            #expect(status.contains("\"epoch\":3"))
            let body = #"{"name":"password","value":"x"}"#
            let change = try exchange(
                port,
                "PUT /v1/config HTTP/1.1\r\nContent-Type: application/json\r\n"
                    + "Content-Length: \(body.utf8.count)\r\n\(close)\r\n\(body)")
            #expect(change.hasPrefix("HTTP/1.1 200"))
            let refused = try exchange(port, "GET /v1/status HTTP/1.1\r\n\(close)\r\n")
            #expect(refused.hasPrefix("HTTP/1.1 401"))
            #expect(refused.contains("WWW-Authenticate: Basic realm=\"martlet\"\r\n"))
            let granted = try exchange(
                port, "GET /v1/status HTTP/1.1\r\nAuthorization: Bearer x\r\n\(close)\r\n")
            #expect(granted.hasPrefix("HTTP/1.1 200"))
        }
    }
}
