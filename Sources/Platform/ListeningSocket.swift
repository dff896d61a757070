internal import CUV
internal import Glibc

/// A socket that is bound and listens: made before the loops run, so that an address in use is
/// told at once, and then accepted from by a `TCPListener`.
public final class ListeningSocket: Sendable {
    /// Connections that the kernel completes ahead of us; it caps them by `net.core.somaxconn`.
    public static let backlogDefault: Int32 = 1024

    /// Where it listens: the port that the system chose when 0 was asked for.
    public let address: SocketAddress
    let descriptor: Int32

    /// Binds and listens. An empty host or `*` is every interface; a name is resolved (blocking).
    public init(
        _ wanted: SocketAddress, backlog: Int32 = ListeningSocket.backlogDefault
    ) throws(PlatformError) {
        let native = try Self.resolve(wanted)
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let descriptor = socket(native.family, kind | Int32(SOCK_NONBLOCK.rawValue), 0)
        guard descriptor >= 0 else {
            throw .last(operation: "creating a socket", subject: wanted.description)
        }
        do throws(PlatformError) {
            try Self.listen(on: descriptor, at: native, backlog: backlog, wanted: wanted)
        } catch {
            close(descriptor)
            throw error
        }
        self.descriptor = descriptor
        let bound = unsafe NativeAddress { unsafe getsockname(descriptor, $0, &$1) == 0 }
        address = bound?.address ?? wanted
    }

    deinit { close(descriptor) }

    private static func listen(
        on descriptor: Int32, at native: NativeAddress, backlog: Int32, wanted: SocketAddress
    ) throws(PlatformError) {
        // A restart must not wait for the connections of the process before to leave TIME_WAIT.
        setOption(SO_REUSEADDR, SOL_SOCKET, on: descriptor)
        // Else a wildcard IPv6 socket takes the IPv4 port too, and an IPv4 listener clashes.
        if native.family == AF_INET6 { setOption(IPV6_V6ONLY, Int32(IPPROTO_IPV6), on: descriptor) }
        let bound = unsafe native.withPointer { unsafe bind(descriptor, $0, $1) }
        guard bound == 0 else {
            throw .last(operation: "binding", subject: wanted.description)
        }
        guard Glibc.listen(descriptor, backlog) == 0 else {
            throw .last(operation: "listening", subject: wanted.description)
        }
    }

    private static func setOption(_ option: Int32, _ level: Int32, on descriptor: Int32) {
        var enabled: Int32 = 1
        let size = socklen_t(MemoryLayout<Int32>.size)
        unsafe setsockopt(descriptor, level, option, &enabled, size)
    }

    private static func resolve(_ wanted: SocketAddress) throws(PlatformError) -> NativeAddress {
        let isWildcard = wanted.host.isEmpty || wanted.host == "*"
        let host = isWildcard ? "0.0.0.0" : wanted.host
        if let native = NativeAddress(SocketAddress(host: host, port: wanted.port)) {
            return native
        }
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        unsafe hints.ai_flags = AI_PASSIVE
        var answer: UnsafeMutablePointer<addrinfo>?
        let status = unsafe getaddrinfo(host, String(wanted.port), &hints, &answer)
        defer { unsafe freeaddrinfo(answer) }
        guard status == 0, let found = unsafe NativeAddress.list(answer).first else {
            throw .hostNotFound(host)
        }
        return found
    }
}
