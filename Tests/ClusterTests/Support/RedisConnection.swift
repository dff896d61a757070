import Wire

/// A client of our own: blocking, without retries, and able to send what no client should.
///
/// Confined to one thread.
final class RedisConnection {
    private let socket: Socket
    private var parser = ReplyParser()

    /// - Parameter timeout: for each step of the connection, generous: the suite shares its
    ///   machine with others.
    init(to endpoint: Endpoint, timeout: Duration = .seconds(20)) throws {
        socket = try Socket(to: endpoint, timeout: timeout)
    }

    convenience init(port: UInt16, timeout: Duration = .seconds(20)) throws {
        try self.init(to: Endpoint(port: port), timeout: timeout)
    }

    func call(_ words: String...) throws -> Reply { try call(words.map { Array($0.utf8) }) }

    func call(_ words: [String]) throws -> Reply { try call(words.map { Array($0.utf8) }) }

    func call(_ words: [[UInt8]]) throws -> Reply {
        try send(Self.encode(words))
        return try receive()
    }

    /// Sends all commands at once, then reads all replies.
    func pipeline(_ commands: [[String]]) throws -> [Reply] {
        try send(commands.flatMap { Self.encode($0.map { Array($0.utf8) }) })
        return try commands.map { _ in try receive() }
    }

    func send(_ bytes: [UInt8]) throws { try socket.send(bytes) }

    func send(_ text: String) throws { try socket.send(Array(text.utf8)) }

    func receive() throws -> Reply {
        while true {
            switch parser.next() {
            case .reply(let reply): return reply
            case .failed(let reason): throw Failure("the server's reply is broken: \(reason)")
            case .needMore: parser.append(try socket.receive())
            }
        }
    }

    /// Reads replies until the server closes the connection.
    func receiveToEnd() throws -> [Reply] {
        var replies: [Reply] = []
        do {
            while true { replies.append(try receive()) }
        } catch Socket.Problem.closed {
            return replies
        }
    }

    func finishSending() { socket.finishSending() }

    func shrinkReceiveBuffer() { socket.shrinkReceiveBuffer() }

    static func encode(_ words: [[UInt8]]) -> [UInt8] {
        var bytes = Array("*\(words.count)\r\n".utf8)
        for word in words {
            bytes += Array("$\(word.count)\r\n".utf8) + word + Array("\r\n".utf8)
        }
        return bytes
    }
}

extension Reply {
    /// The text of a bulk string, a status or an error.
    var text: String? {
        switch self {
        case .bulk(let bytes), .verbatim(let bytes): String(decoding: bytes, as: UTF8.self)
        case .simple(let text), .error(let text): text
        default: nil
        }
    }

    var items: [Reply]? {
        switch self {
        case .array(let items), .map(let items), .set(let items), .push(let items): items
        default: nil
        }
    }

    var integer: Int64? {
        if case .integer(let value) = self { value } else { nil }
    }

    var bytes: [UInt8]? {
        if case .bulk(let bytes) = self { bytes } else { nil }
    }

    /// Whether this is an error with that code.
    func isError(_ code: String) -> Bool {
        if case .error(let text) = self { text.hasPrefix(code + " ") } else { false }
    }
}
