internal import Glibc

/// Makes the listening socket of the admin port, so that what goes wrong can be told exactly.
enum HTTPSocket {
    /// Connections that wait to be accepted.
    private static let backlog: Int32 = 64

    /// Returns a socket that listens, and its port.
    static func listen(
        on endpoint: Endpoint
    ) throws(HTTPServerError) -> (descriptor: Int32, port: UInt16) {
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        unsafe hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV
        var list: UnsafeMutablePointer<addrinfo>?
        let outcome = unsafe getaddrinfo(endpoint.host, String(endpoint.port), &hints, &list)
        guard outcome == 0, let first = unsafe list else {
            let reason = unsafe String(cString: gai_strerror(outcome))
            throw HTTPServerError(endpoint: endpoint, reason: reason)
        }
        defer { unsafe freeaddrinfo(first) }

        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let descriptor = unsafe socket(first.pointee.ai_family, kind, 0)
        guard descriptor >= 0 else { throw failure(endpoint) }
        // A restarted server gets its port back at once.
        var yes: Int32 = 1
        let size = socklen_t(MemoryLayout<Int32>.size)
        _ = unsafe setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, size)
        guard
            unsafe bind(descriptor, first.pointee.ai_addr, first.pointee.ai_addrlen) == 0,
            Glibc.listen(descriptor, backlog) == 0
        else {
            let error = failure(endpoint)
            close(descriptor)
            throw error
        }
        return (descriptor, port(of: descriptor) ?? endpoint.port)
    }

    private static func port(of descriptor: Int32) -> UInt16? {
        // The port is at the same place in both families' addresses.
        var address = sockaddr_in6()
        var size = socklen_t(MemoryLayout<sockaddr_in6>.size)
        let outcome = unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe getsockname(descriptor, $0, &size)
            }
        }
        return outcome == 0 ? UInt16(bigEndian: address.sin6_port) : nil
    }

    private static func failure(_ endpoint: Endpoint) -> HTTPServerError {
        HTTPServerError(endpoint: endpoint, reason: unsafe String(cString: strerror(errno)))
    }
}
