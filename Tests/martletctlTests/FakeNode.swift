import Foundation
import Platform
import Synchronization

/// A node's admin port as far as one client can tell: it takes requests one after the other, keeps
/// them, and answers each with the next of the given bytes.
final class FakeNode: Sendable {
    let address: SocketAddress
    private let descriptor: Int32
    private let received = Mutex<[String]>([])

    /// - Parameter replies: what to send, each to one connection, before closing it. Without any
    ///   the
    ///   port refuses connections.
    init(_ replies: [String]) {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var local = sockaddr_in()
        local.sin_family = sa_family_t(AF_INET)
        local.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        unsafe withUnsafeMutablePointer(to: &local) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                _ = unsafe bind(descriptor, $0, size)
                _ = unsafe getsockname(descriptor, $0, &size)
            }
        }
        self.descriptor = descriptor
        address = SocketAddress(host: "127.0.0.1", port: UInt16(bigEndian: local.sin_port))
        // A port that is bound and not listened on refuses for certain.
        guard !replies.isEmpty else { return }
        listen(descriptor, 8)
        let thread = Thread { [self] in replies.forEach(serve) }
        thread.start()
    }

    deinit { close(descriptor) }

    /// The requests so far, whole.
    var requests: [String] { received.withLock { $0 } }

    private func serve(_ reply: String) {
        let connection = accept(descriptor, nil, nil)
        defer { close(connection) }
        var request: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        while !Self.isComplete(request) {
            let count = unsafe chunk.withUnsafeMutableBytes {
                unsafe recv(connection, $0.baseAddress, $0.count, 0)
            }
            guard count > 0 else { break }
            request += chunk[..<count]
        }
        received.withLock { $0.append(String(decoding: request, as: UTF8.self)) }
        let bytes = Array(reply.utf8)
        _ = unsafe bytes.withUnsafeBytes {
            unsafe send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
        }
    }

    private static func isComplete(_ request: [UInt8]) -> Bool {
        let parts = String(decoding: request, as: UTF8.self).components(separatedBy: "\r\n\r\n")
        guard parts.count > 1 else { return false }
        let length = parts[0].components(separatedBy: "Content-Length: ").dropFirst().first
        let announced = length.flatMap { Int($0.prefix { $0.isNumber }) } ?? 0
        return parts[1].utf8.count >= announced
    }

    /// An answer of the admin port.
    static func reply(_ body: String, status: Int = 200) -> String {
        "HTTP/1.1 \(status) Some\r\nContent-Type: application/json\r\n"
            + "Content-Length: \(body.utf8.count + 1)\r\n\r\n\(body)\n"
    }
}
