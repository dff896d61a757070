internal import Glibc
internal import Platform

/// One request and its answer over a blocking socket; the only file with system calls.
enum BlockingConnection {
    /// A node that is there connects at once; a machine that is away never does.
    private static let connectTimeoutMs: Int32 = 3_000
    /// The node itself gives up on its replicas well before.
    private static let replyTimeoutMs: Int32 = 15_000
    /// The largest answer is the ring of 16384 partitions: some 400 kB.
    private static let replyBytesMax = 64 << 20

    /// Sends `request` and returns everything up to the end of the connection.
    static func exchange(
        _ request: [UInt8], with address: SocketAddress
    ) throws(HTTPFailure) -> [UInt8] {
        let descriptor = try connect(to: address)
        defer { close(descriptor) }
        var sent = 0
        while sent < request.count {
            try wait(for: POLLOUT, on: descriptor, ms: replyTimeoutMs)
            let count = unsafe request.withUnsafeBytes { buffer in
                unsafe Glibc.send(
                    descriptor, buffer.baseAddress?.advanced(by: sent), request.count - sent,
                    Int32(MSG_NOSIGNAL))
            }
            guard count >= 0 || isTemporary(errno) else { throw failure() }
            sent += max(0, count)
        }
        return try receive(from: descriptor)
    }

    private static func receive(from descriptor: Int32) throws(HTTPFailure) -> [UInt8] {
        var reply: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            try wait(for: POLLIN, on: descriptor, ms: replyTimeoutMs)
            let count = unsafe chunk.withUnsafeMutableBytes { buffer in
                unsafe recv(descriptor, buffer.baseAddress, buffer.count, 0)
            }
            if count == 0 { return reply }
            guard count > 0 || isTemporary(errno) else { throw failure() }
            reply += chunk[..<max(0, count)]
            guard reply.count <= replyBytesMax else {
                throw HTTPFailure(description: "the answer is larger than \(replyBytesMax) bytes")
            }
        }
    }

    /// Tries the addresses of the host one after the other.
    private static func connect(to address: SocketAddress) throws(HTTPFailure) -> Int32 {
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        let status = unsafe getaddrinfo(address.host, String(address.port), &hints, &list)
        guard status == 0 else {
            throw HTTPFailure(
                description: lowercasedFirst(unsafe String(cString: gai_strerror(status))))
        }
        defer { unsafe freeaddrinfo(list) }
        var last = HTTPFailure(description: "the host has no address")
        var next = unsafe list
        while let candidate = unsafe next {
            do throws(HTTPFailure) {
                return try unsafe connect(to: candidate.pointee)
            } catch {
                last = error
            }
            unsafe next = candidate.pointee.ai_next
        }
        throw last
    }

    private static func connect(to candidate: addrinfo) throws(HTTPFailure) -> Int32 {
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let descriptor = unsafe socket(
            candidate.ai_family, kind | Int32(SOCK_NONBLOCK.rawValue), 0)
        guard descriptor >= 0 else { throw failure() }
        do throws(HTTPFailure) {
            if unsafe Glibc.connect(descriptor, candidate.ai_addr, candidate.ai_addrlen) != 0 {
                guard errno == EINPROGRESS else { throw failure() }
                try wait(for: POLLOUT, on: descriptor, ms: connectTimeoutMs)
                var error: Int32 = 0
                var size = socklen_t(MemoryLayout<Int32>.size)
                unsafe getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &size)
                guard error == 0 else { throw failure(error) }
            }
            return descriptor
        } catch {
            close(descriptor)
            throw error
        }
    }

    private static func wait(
        for events: Int32, on descriptor: Int32, ms: Int32
    ) throws(HTTPFailure) {
        var request = pollfd(fd: descriptor, events: Int16(events), revents: 0)
        while true {
            let ready = unsafe poll(&request, 1, ms)
            if ready > 0 { return }
            if ready == 0 { throw HTTPFailure(description: "nothing came for \(ms / 1000) s") }
            guard errno == EINTR else { throw failure() }
        }
    }

    private static func isTemporary(_ error: Int32) -> Bool {
        error == EINTR || error == EAGAIN || error == EWOULDBLOCK
    }

    private static func failure(_ error: Int32 = errno) -> HTTPFailure {
        HTTPFailure(description: lowercasedFirst(unsafe String(cString: strerror(error))))
    }

    private static func lowercasedFirst(_ text: String) -> String {
        text.prefix(1).lowercased() + text.dropFirst()
    }
}
