internal import CUV
internal import Glibc

/// An IP address (or a name yet to be resolved) and a port.
public struct SocketAddress: Hashable, Sendable, CustomStringConvertible {
    public let host: String
    public let port: UInt16

    public init(host: String, port: UInt16) {
        self.host = host
        self.port = port
    }

    /// Reads `host:port`, `[ipv6]:port` or `:port` (every interface); nil for anything else.
    public init?(_ text: String) {
        guard let colon = text.utf8.lastIndex(of: UInt8(ascii: ":")) else { return nil }
        guard let port = UInt16(text[text.index(after: colon)...]) else { return nil }
        var host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            return nil
        }
        self.init(host: String(host), port: port)
    }

    /// `host:port`, an IPv6 address in brackets.
    public var description: String {
        host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    }

    /// Whether only programs of this machine can reach it. Names other than `localhost` are not
    /// resolved, and taken for reachable from outside.
    public var isLoopback: Bool {
        if host == "localhost" { return true }
        guard let native = NativeAddress(self) else { return false }
        return native.isLoopback
    }
}

/// An address as the system's calls take it.
struct NativeAddress {
    private var storage: sockaddr_storage

    private init(storage: sockaddr_storage) { self.storage = storage }

    /// Converts a numeric address; nil when the host is a name.
    init?(_ address: SocketAddress) {
        var storage = sockaddr_storage()
        let port = Int32(address.port)
        let status = unsafe withUnsafeMutablePointer(to: &storage) { pointer in
            let raw = UnsafeMutableRawPointer(pointer)
            let asIPv4 = unsafe uv_ip4_addr(
                address.host, port, raw.assumingMemoryBound(to: sockaddr_in.self))
            if asIPv4 == 0 { return asIPv4 }
            return unsafe uv_ip6_addr(
                address.host, port, raw.assumingMemoryBound(to: sockaddr_in6.self))
        }
        guard status == 0 else { return nil }
        self.init(storage: storage)
    }

    /// What a call that reports an address has filled in; `fill` returns whether it could.
    init?(filledBy fill: (UnsafeMutablePointer<sockaddr>, inout socklen_t) -> Bool) {
        var storage = sockaddr_storage()
        var size = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let isFilled = unsafe withUnsafeMutablePointer(to: &storage) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe fill($0, &size)
            }
        }
        guard isFilled else { return nil }
        self.init(storage: storage)
    }

    /// Copies the addresses of a resolver's answer, in its order, which is the system's advice.
    static func list(_ answer: UnsafeMutablePointer<addrinfo>?) -> [NativeAddress] {
        var addresses: [NativeAddress] = []
        var next = unsafe answer
        while let info = unsafe next {
            let size = unsafe Int(info.pointee.ai_addrlen)
            if let address = unsafe info.pointee.ai_addr {
                var storage = sockaddr_storage()
                unsafe withUnsafeMutableBytes(of: &storage) { target in
                    unsafe target.copyMemory(
                        from: UnsafeRawBufferPointer(start: address, count: size))
                }
                addresses.append(NativeAddress(storage: storage))
            }
            unsafe next = info.pointee.ai_next
        }
        return addresses
    }

    var family: Int32 { Int32(storage.ss_family) }

    func withPointer<Result>(
        _ body: (_ address: UnsafePointer<sockaddr>, _ size: socklen_t) -> Result
    ) -> Result {
        let size =
            family == AF_INET6
            ? MemoryLayout<sockaddr_in6>.size : MemoryLayout<sockaddr_in>.size
        return unsafe withUnsafePointer(to: storage) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe body($0, socklen_t(size))
            }
        }
    }

    var isLoopback: Bool {
        unsafe withUnsafeBytes(of: storage) { bytes in
            // The address follows two bytes of family and two of port; IPv6 has four of flow too.
            if family == AF_INET { return unsafe bytes[4] == 127 }
            return unsafe bytes[8..<23].allSatisfy { $0 == 0 } && bytes[23] == 1
        }
    }

    /// The numeric form.
    var address: SocketAddress {
        // The longest IPv6 text with an embedded IPv4 address and a NUL is 46 bytes.
        let host = unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: 64) { text in
            guard let base = text.baseAddress else { return "" }
            let status = unsafe withPointer { address, _ in
                unsafe uv_ip_name(address, base, text.count)
            }
            return status == 0 ? unsafe String(cString: base) : ""
        }
        let port = unsafe withUnsafeBytes(of: storage) { bytes in
            unsafe UInt16(bytes[2]) << 8 | UInt16(bytes[3])
        }
        return SocketAddress(host: host, port: port)
    }
}
