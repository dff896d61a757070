import Foundation

/// The system calls of the proxy: sockets on loopback that never block.
enum ProxySocket {
    enum Received {
        case nothing
        case ended
        case bytes([UInt8])
    }

    private static let stream = Int32(SOCK_STREAM.rawValue)
    private static let chunkBytesMax = 64 << 10

    static func listen(at port: UInt16) throws -> Int32 {
        let descriptor = make()
        var one: Int32 = 1
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &one, socklen_t(4))
        guard unsafe withLoopback(port, { unsafe bind(descriptor, $0, $1) }) == 0,
            Foundation.listen(descriptor, 128) == 0
        else { throw Failure("the proxy cannot listen at port \(port)") }
        return descriptor
    }

    static func accept(_ listener: Int32) -> Int32? {
        let descriptor = Foundation.accept(listener, nil, nil)
        guard descriptor >= 0 else { return nil }
        prepare(descriptor)
        return descriptor
    }

    /// Nil when nobody listens there.
    static func connect(to port: UInt16) -> Int32? {
        let descriptor = make()
        let status = unsafe withLoopback(port) { unsafe Foundation.connect(descriptor, $0, $1) }
        if status == 0 || errno == EINPROGRESS { return descriptor }
        close(descriptor)
        return nil
    }

    static func receive(_ descriptor: Int32) -> Received {
        unsafe withUnsafeTemporaryAllocation(byteCount: chunkBytesMax, alignment: 1) { buffer in
            let count = unsafe recv(descriptor, buffer.baseAddress, buffer.count, 0)
            if count > 0 { return unsafe .bytes(Array(buffer[..<count])) }
            return count < 0 && mayComeLater ? .nothing : .ended
        }
    }

    /// How many bytes were taken; nil when the other side is gone.
    static func send(_ bytes: ArraySlice<UInt8>, to descriptor: Int32) -> Int? {
        let count = unsafe bytes.withUnsafeBytes { buffer in
            unsafe Foundation.send(
                descriptor, buffer.baseAddress, buffer.count, Int32(MSG_NOSIGNAL))
        }
        if count >= 0 { return count }
        return mayComeLater ? 0 : nil
    }

    static func closeByReset(_ descriptor: Int32) {
        var linger = linger(l_onoff: 1, l_linger: 0)
        let size = socklen_t(MemoryLayout<linger>.size)
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &linger, size)
        close(descriptor)
    }

    private static var mayComeLater: Bool {
        [EAGAIN, EINPROGRESS, ENOTCONN, EINTR].contains(errno)
    }

    private static func make() -> Int32 {
        let descriptor = socket(AF_INET, stream, 0)
        prepare(descriptor)
        return descriptor
    }

    private static func prepare(_ descriptor: Int32) {
        _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        var one: Int32 = 1
        unsafe setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(4))
    }

    private static func withLoopback(
        _ port: UInt16, _ use: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) -> Int32 {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe use($0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }

    // MARK: Who dials

    /// Which of the processes has the other end of an accepted connection on loopback, by what the
    /// proc file system tells: a socket's inode by its ports, and the inodes of a process.
    static func owner(of accepted: Int32, among processes: [Int32]) -> Int32? {
        guard let near = unsafe port(of: accepted, getsockname),
            let far = unsafe port(of: accepted, getpeername),
            let inode = inode(local: far, remote: near)
        else { return nil }
        return processes.first { pid in
            guard pid > 0 else { return false }
            let folder = "/proc/\(pid)/fd"
            let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
            return names.contains { name in
                let link = try? FileManager.default.destinationOfSymbolicLink(
                    atPath: "\(folder)/\(name)")
                return link == "socket:[\(inode)]"
            }
        }
    }

    private static func port(
        of descriptor: Int32,
        _ ask: (Int32, UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> Int32
    ) -> UInt16? {
        var address = sockaddr_in()
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe ask(descriptor, $0, &size)
            }
        }
        return status == 0 ? UInt16(bigEndian: address.sin_port) : nil
    }

    /// `sl local_address rem_address st tx:rx tr:when retrnsmt uid timeout inode …`, with addresses
    /// as `0100007F:PORT` in hexadecimal digits.
    private static func inode(local: UInt16, remote: UInt16) -> String? {
        func name(_ port: UInt16) -> String {
            let digits = String(port, radix: 16, uppercase: true)
            return "0100007F:" + String(repeating: "0", count: 4 - digits.count) + digits
        }
        for line in sockets.split(separator: "\n").dropFirst() {
            let fields = line.split(separator: " ")
            guard fields.count > 9, fields[1] == name(local), fields[2] == name(remote)
            else { continue }
            return String(fields[9])
        }
        return nil
    }

    /// The table of sockets. The kernel hands it out a page at a time, and as a file of no size, so
    /// that what reads whole files may stop early.
    private static var sockets: String {
        let descriptor = unsafe open("/proc/self/net/tcp", O_RDONLY | O_CLOEXEC)
        defer { close(descriptor) }
        var table: [UInt8] = []
        while true {
            let page = unsafe withUnsafeTemporaryAllocation(byteCount: 1 << 16, alignment: 1) {
                let count = unsafe read(descriptor, $0.baseAddress, $0.count)
                return unsafe Array($0[..<max(0, count)])
            }
            if page.isEmpty { return String(decoding: table, as: UTF8.self) }
            table += page
        }
    }
}
