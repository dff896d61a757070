import Glibc
import Testing
import Wire

/// A client's blocking connection to a server on this machine.
///
/// Confined to its test.
final class TestClient {
    struct Failure: Error, CustomStringConvertible { let description: String }

    /// The longest wait for a reply. A whole test run on a busy machine stays well below.
    private static let patienceMs: Int32 = 20_000

    private let descriptor: Int32
    private var parser = ReplyParser()

    /// Connects to `port` of the loopback interface.
    init(port: UInt16) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { throw Failure(description: "no socket") }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let status = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard status == 0 else {
            close(descriptor)
            throw Failure(description: "nobody listens at port \(port)")
        }
    }

    deinit { close(descriptor) }

    // MARK: Sending

    /// Sends bytes as they are.
    func send(_ bytes: [UInt8]) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes {
                unsafe Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { throw Failure(description: "the server does not take more") }
            rest = rest.dropFirst(count)
        }
    }

    /// Sends inline commands, all at once.
    func send(inline lines: String...) throws {
        try send(lines.flatMap { Array(($0 + "\r\n").utf8) })
    }

    /// Says that nothing more will be sent; what was sent is still answered.
    func finishSending() { shutdown(descriptor, Int32(SHUT_WR)) }

    /// A command in the form that clients send.
    static func encode(_ words: [[UInt8]]) -> [UInt8] {
        var bytes = Array("*\(words.count)\r\n".utf8)
        for word in words { bytes += Array("$\(word.count)\r\n".utf8) + word + [13, 10] }
        return bytes
    }

    static func encode(_ words: [String]) -> [UInt8] { encode(words.map { Array($0.utf8) }) }

    // MARK: Receiving

    /// The next reply.
    func reply() throws -> Reply {
        while true {
            switch parser.next() {
            case .reply(let reply): return reply
            case .failed(let text): throw Failure(description: "not RESP: \(text)")
            case .needMore: break
            }
            guard let bytes = try receive(withinMs: Self.patienceMs) else {
                throw Failure(description: "no reply within \(Self.patienceMs) ms")
            }
            guard !bytes.isEmpty else { throw Failure(description: "the server has closed") }
            parser.append(bytes)
        }
    }

    /// Sends a command and waits for its reply.
    @discardableResult
    func run(_ words: String...) throws -> Reply { try run(words) }

    @discardableResult
    func run(_ words: [String]) throws -> Reply {
        try send(Self.encode(words))
        return try reply()
    }

    /// All bytes that come until the server closes the connection.
    func receivedToEnd() throws -> [UInt8] {
        var all: [UInt8] = []
        while let bytes = try receive(withinMs: Self.patienceMs) {
            if bytes.isEmpty { return all }
            all += bytes
        }
        throw Failure(description: "not closed within \(Self.patienceMs) ms, after \(all)")
    }

    /// Whether the server closes the connection in time. What it still says is dropped.
    func isClosedByServer(withinMs ms: Int32 = patienceMs) -> Bool {
        while true {
            do {
                guard let bytes = try receive(withinMs: ms) else { return false }
                if bytes.isEmpty { return true }
            } catch {
                return true
            }
        }
    }

    /// What is there, empty at the end of the connection; nil when nothing comes in time.
    private func receive(withinMs ms: Int32) throws -> [UInt8]? {
        var wanted = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        guard unsafe poll(&wanted, 1, ms) > 0 else { return nil }
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        let count = unsafe chunk.withUnsafeMutableBytes {
            unsafe recv(descriptor, $0.baseAddress, $0.count, 0)
        }
        guard count >= 0 else { throw Failure(description: "the connection broke") }
        return Array(chunk[..<count])
    }
}

extension Reply {
    /// The text of a bulk string, a status, an error or a verbatim text; nil for other replies.
    var text: String? {
        switch self {
        case .simple(let text), .error(let text): text
        case .bulk(let bytes), .verbatim(let bytes): String(decoding: bytes, as: UTF8.self)
        default: nil
        }
    }

    var integer: Int64? { if case .integer(let value) = self { value } else { nil } }

    var items: [Reply] {
        switch self {
        case .array(let items), .set(let items), .map(let items), .push(let items): items
        default: []
        }
    }

    /// The texts of an array's items.
    var texts: [String] { items.compactMap(\.text) }

    /// The value of a map, or of an array of names and values in turn.
    subscript(name: String) -> Reply? {
        let items = items
        let place = stride(from: 0, to: items.count - 1, by: 2).first { items[$0].text == name }
        return place.map { items[$0 + 1] }
    }
}
