import Essentials
import Platform
import Synchronization
import Wire

/// A Redis server as far as one test needs it, on a loopback port: answers each command with what
/// the test returns for it, until nobody refers to it any more.
final class FakeServer: Sendable {
    /// What to do with a command.
    enum Answer {
        case reply(Reply)
        case nothing
        case hangUp
    }

    /// A command: its name, and its arguments.
    typealias Answering = @Sendable (_ name: String, _ arguments: [[UInt8]]) -> Answer

    let address: SocketAddress
    private let loop: EventLoop

    init(_ answer: @escaping Answering) throws {
        let loop = try EventLoop(name: "fake")
        loop.start()
        let socket = try ListeningSocket(SocketAddress(host: "127.0.0.1", port: 0))
        address = socket.address
        self.loop = loop
        try loop.perform {
            _ = try TCPListener(socket, loop: loop) { accepted in
                do {
                    _ = try TCPStream(accepted, loop: loop, handler: FakeSession(answer))
                } catch {
                    // The client went away before it was served.
                }
            }
        }
    }

    deinit { loop.stop() }
}

private final class FakeSession: StreamHandler {
    private let answer: FakeServer.Answering
    private var parser = RequestParser()

    init(_ answer: @escaping FakeServer.Answering) { self.answer = answer }

    func streamReceived(_ stream: TCPStream, _ bytes: Span<UInt8>) {
        parser.append(bytes)
        var output: [UInt8] = []
        while case .command = parser.next() {
            let words = (0..<parser.argumentCount).map { parser.argument($0) }
            switch answer(String(decoding: words[0], as: UTF8.self), Array(words.dropFirst())) {
            case .reply(let reply): ReplyEncoder().encode(reply, into: &output)
            case .nothing: break
            case .hangUp:
                stream.close()
                return
            }
        }
        stream.write(output)
    }

    func streamClosed(_ stream: TCPStream, error: PlatformError?) {}
}

/// What a test's servers keep, and the commands that they were given.
final class FakeKeys: Sendable {
    private let keys = Mutex<[[UInt8]: [UInt8]]>([:])
    private let counts = Mutex<[String: Int]>([:])

    var count: Int { keys.withLock { $0.count } }

    /// How often a command was given.
    func count(_ name: String) -> Int { counts.withLock { $0[name, default: 0] } }

    /// Answers GET, SET and PING like a server, all else with OK.
    func answer(_ name: String, _ arguments: [[UInt8]]) -> FakeServer.Answer {
        counts.withLock { $0[name, default: 0] += 1 }
        switch name {
        case "GET": return .reply(keys.withLock { $0[arguments[0]] }.map { .bulk($0) } ?? .null)
        case "SET":
            keys.withLock { $0[arguments[0]] = arguments[1] }
            return .reply(.ok)
        case "PING": return .reply(.simple("PONG"))
        default: return .reply(.ok)
        }
    }
}
