import Foundation

/// A blocking connection, with time-outs on everything.
struct Socket: ~Copyable {
    enum Problem: Error, Equatable {
        case refused(String)
        case timedOut
        /// The other side ended or reset the connection.
        case closed
    }

    private let descriptor: Int32

    init(to endpoint: Endpoint, timeout: Duration) throws {
        descriptor = Self.make(in: endpoint.namespace)
        guard descriptor >= 0 else { throw Failure("no socket: \(Self.lastError())") }
        var limit = Self.timeval(timeout)
        let size = socklen_t(MemoryLayout<timeval>.size)
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, size)
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, size)
        var one: Int32 = 1
        unsafe setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(4))
        var address = try Self.address(endpoint)
        let status = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard status == 0 else { throw Problem.refused(Self.lastError()) }
    }

    deinit { close(descriptor) }

    /// Negative where that fails.
    private static func make(in namespace: NetworkNamespace?) -> Int32 {
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        guard let namespace else { return socket(AF_INET, kind, 0) }
        return (try? namespace.inside { socket(AF_INET, kind, 0) }) ?? -1
    }

    func send(_ bytes: [UInt8]) throws {
        var sent = 0
        while sent < bytes.count {
            let count = unsafe bytes.withUnsafeBytes { buffer in
                unsafe Foundation.send(
                    descriptor, buffer.baseAddress?.advanced(by: sent), bytes.count - sent,
                    Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { throw Self.problem() }
            sent += count
        }
    }

    /// Some bytes, at least one.
    func receive() throws -> [UInt8] {
        let count = unsafe withUnsafeTemporaryAllocation(byteCount: 1 << 16, alignment: 1) {
            buffer -> Result<[UInt8], Problem> in
            let count = unsafe recv(descriptor, buffer.baseAddress, buffer.count, 0)
            if count == 0 { return .failure(.closed) }
            if count < 0 { return .failure(Self.problem()) }
            return unsafe .success(Array(buffer[..<count]))
        }
        return try count.get()
    }

    /// Says that nothing more will be sent; answers can still be read.
    func finishSending() { shutdown(descriptor, Int32(SHUT_WR)) }

    /// Makes the kernel keep little of what has not been read, so that a slow reader shows soon.
    func shrinkReceiveBuffer() {
        var bytes: Int32 = 4096
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &bytes, socklen_t(4))
    }

    private static func address(_ endpoint: Endpoint) throws -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = endpoint.port.bigEndian
        guard unsafe inet_pton(AF_INET, endpoint.host, &address.sin_addr) == 1 else {
            throw Failure("not an IPv4 address: \(endpoint.host)")
        }
        return address
    }

    private static func timeval(_ duration: Duration) -> timeval {
        let (seconds, attoseconds) = duration.components
        return Foundation.timeval(
            tv_sec: Int(seconds), tv_usec: Int(attoseconds / 1_000_000_000_000))
    }

    private static func problem() -> Problem {
        errno == EAGAIN || errno == EWOULDBLOCK ? .timedOut : .closed
    }

    private static func lastError() -> String { unsafe String(cString: strerror(errno)) }
}
