import Essentials
import Platform
import Synchronization
import Testing

@Suite struct TCPTests {
    @Test(arguments: ["127.0.0.1", "::1"])
    func `ten thousand small writes come back in order`(host: String) throws {
        let server = try TestLoop("server")
        let client = try TestLoop("client")
        let address = try server.loop.serveEcho(host: host)
        let sent = (0..<10_000).flatMap { Array("request \($0)\n".utf8) }
        let done = Promise<[UInt8]>()
        client.loop.connect(to: address) {
            let handler = ClosureHandler()
            var echoed: [UInt8] = []
            handler.connected = { stream in
                for number in 0..<10_000 { stream.write(Array("request \(number)\n".utf8)) }
            }
            handler.received = { stream, bytes in
                echoed += bytes
                if echoed.count >= sent.count { stream.close() }
            }
            handler.closed = { _, error in
                #expect(error == nil)
                done.keep(echoed)
            }
            return handler
        }
        #expect(try done.wait() == sent)
    }

    @Test func `a large transfer to a slow reader is queued, bounded and complete`() throws {
        let total = 32 << 20
        let chunkBytes = 100_000
        let queuedBytesMax = 1 << 20
        let server = try TestLoop("server")
        let client = try TestLoop("client")
        let queuedMost = Promise<Int>()
        let address = try server.loop.serve { _ in
            let handler = ClosureHandler()
            var sent = 0
            var most = 0
            var sum = UInt8(0)
            func produce(_ stream: TCPStream) {
                while sent < total, stream.queuedBytes < queuedBytesMax {
                    let count = min(chunkBytes, total - sent)
                    sent += count
                    sum &+= 1
                    stream.write([UInt8](repeating: sum, count: count))
                    most = max(most, stream.queuedBytes)
                }
                if sent == total {
                    queuedMost.keep(most)
                    stream.closeWhenDrained()
                }
            }
            handler.received = { stream, _ in produce(stream) }
            handler.drained = produce
            return handler
        }
        let done = Promise<[Int]>()
        client.loop.connect(to: address) {
            let handler = ClosureHandler()
            var counts = [Int](repeating: 0, count: 256)
            var resume: Timer?
            handler.connected = { stream in
                stream.write([1])
                // Time and again the client stops reading, so that the server's socket fills.
                resume = Timer(loop: client.loop) { stream.resumeReading() }
                resume?.set(afterMs: 1, repeatingEveryMs: 1)
            }
            var sincePause = 0
            handler.received = { stream, bytes in
                for byte in bytes { counts[Int(byte)] += 1 }
                sincePause += bytes.count
                if sincePause > 4 << 20 {
                    sincePause = 0
                    stream.pauseReading()
                }
            }
            handler.closed = { _, error in
                #expect(error == nil)
                resume?.close()
                done.keep(counts)
            }
            return handler
        }
        let counts = try done.wait()
        #expect(counts.reduce(0, +) == total)
        #expect(counts[1...250].filter { $0 % chunkBytes != 0 }.count <= 1)
        let most = try queuedMost.wait()
        #expect(most > 0)
        #expect(most <= queuedBytesMax + chunkBytes)
    }

    @Test func `closing with bytes queued tells the handler once and drops them`() throws {
        let server = try TestLoop("server")
        let client = try TestLoop("client")
        let closes = Atomic(0)
        let counter = Counter(closes)
        let closed = Promise<Void>()
        let address = try server.loop.serve { _ in
            let handler = ClosureHandler()
            handler.received = { stream, _ in
                stream.write([UInt8](repeating: 1, count: 64 << 20))
                #expect(stream.queuedBytes > 0)
                stream.close()
                stream.close()
                stream.write([1])
                stream.closeWhenDrained()
                #expect(stream.isClosed)
            }
            handler.drained = { _ in Issue.record("drained after close") }
            handler.closed = { stream, error in
                #expect(error == nil)
                #expect(stream.queuedBytes == 0)
                counter.add()
                closed.keep()
            }
            return handler
        }
        let ended = Promise<Void>()
        client.loop.connect(to: address) {
            let handler = ClosureHandler()
            handler.connected = { stream in stream.write([1]) }
            handler.closed = { _, _ in ended.keep() }
            return handler
        }
        try closed.wait()
        try ended.wait()
        server.loop.perform {}
        #expect(counter.count == 1)
    }

    @Test func `an answer is still written to a peer that has finished sending`() throws {
        let answerBytes = 20 << 20
        let server = try TestLoop("server")
        let address = try server.loop.serve { _ in
            let handler = ClosureHandler()
            handler.received = { stream, _ in
                stream.write([UInt8](repeating: 2, count: answerBytes))
            }
            return handler
        }
        let connection = try RawConnection(address)
        connection.send("x")
        connection.finishSending()
        #expect(connection.countToEnd() == answerBytes)
    }

    @Test func `a reset by the peer closes the stream with the reason`() throws {
        let server = try TestLoop("server")
        let closed = Promise<PlatformError?>()
        let received = Promise<Void>()
        let address = try server.loop.serve { _ in
            let handler = ClosureHandler()
            handler.received = { _, _ in received.keep() }
            handler.closed = { _, error in closed.keep(error) }
            return handler
        }
        do {
            let connection = try RawConnection(address)
            connection.send("x")
            try received.wait()
            connection.resetOnClose()
        }
        guard case .connectionReset = try closed.wait() else {
            Issue.record("closed without the reason")
            return
        }
    }

    @Test func `what is written before the connection is made is sent`() throws {
        let test = try TestLoop()
        let loop = test.loop
        let address = try loop.serveEcho()
        let done = Promise<[UInt8]>()
        loop.post {
            let handler = ClosureHandler()
            handler.received = { stream, bytes in
                done.keep(bytes)
                stream.close()
            }
            let stream = TCPStream.connect(
                loop: loop, to: address, timeoutMs: 30_000, handler: handler)
            stream.write(Array("early".utf8))
            #expect(stream.queuedBytes == 5)
        }
        #expect(try done.wait() == Array("early".utf8))
    }

    @Test func `a name is resolved and its addresses are tried in turn`() throws {
        let test = try TestLoop()
        let address = try test.loop.serveEcho()
        let done = Promise<SocketAddress?>()
        test.loop.connect(to: SocketAddress(host: "localhost", port: address.port)) {
            let handler = ClosureHandler()
            handler.connected = { stream in
                done.keep(stream.local)
                stream.close()
            }
            return handler
        }
        #expect(try done.wait()?.host == "127.0.0.1")
    }

    @Test func `a refused connection says so`() throws {
        let test = try TestLoop()
        let socket = try ListeningSocket(SocketAddress(host: "127.0.0.1", port: 0))
        let address = socket.address
        let closed = Promise<PlatformError?>()
        _ = consume socket
        test.loop.connect(to: address) {
            let handler = ClosureHandler()
            handler.closed = { _, error in closed.keep(error) }
            return handler
        }
        #expect(try closed.wait() == .connectionRefused(address.description))
    }

    @Test func `a connection that nobody answers times out`() throws {
        let test = try TestLoop()
        let closed = Promise<PlatformError?>()
        // A backlog of one, filled and never accepted: the kernel drops further attempts.
        let socket = try ListeningSocket(SocketAddress(host: "127.0.0.1", port: 0), backlog: 0)
        for _ in 0..<8 {
            test.loop.connect(to: socket.address, timeoutMs: 200) {
                let handler = ClosureHandler()
                handler.closed = { _, error in closed.keep(error) }
                return handler
            }
        }
        #expect(try closed.wait() == .timedOut(socket.address.description))
    }

    @Test func `a connection may be given up while it is being made`() throws {
        let test = try TestLoop()
        let loop = test.loop
        let address = try loop.serveEcho()
        for host in ["127.0.0.1", "localhost", "no-such-host.invalid"] {
            let closed = Promise<PlatformError?>()
            loop.post {
                let handler = ClosureHandler()
                handler.connected = { _ in Issue.record("connected after close") }
                handler.closed = { _, error in closed.keep(error) }
                TCPStream.connect(
                    loop: loop, to: SocketAddress(host: host, port: address.port),
                    timeoutMs: 30_000, handler: handler
                ).close()
            }
            #expect(try closed.wait() == nil)
        }
    }

    @Test func `an unknown host says so`() throws {
        let test = try TestLoop()
        let closed = Promise<PlatformError?>()
        test.loop.connect(to: SocketAddress(host: "no-such-host.invalid", port: 1)) {
            let handler = ClosureHandler()
            handler.closed = { _, error in closed.keep(error) }
            return handler
        }
        #expect(try closed.wait() == .hostNotFound("no-such-host.invalid"))
    }

    @Test func `an address in use is named`() throws {
        let first = try ListeningSocket(SocketAddress(host: "127.0.0.1", port: 0))
        #expect(throws: PlatformError.addressInUse(first.address.description)) {
            try ListeningSocket(first.address)
        }
        let foreign = SocketAddress(host: "192.0.2.1", port: 0)
        #expect(throws: PlatformError.addressNotAvailable("192.0.2.1:0")) {
            try ListeningSocket(foreign)
        }
        #expect(throws: PlatformError.hostNotFound("no-such-host.invalid")) {
            try ListeningSocket(SocketAddress(host: "no-such-host.invalid", port: 1))
        }
    }

    @Test func `one loop accepts and another serves`() throws {
        let acceptor = try TestLoop("acceptor")
        let worker = try TestLoop("worker")
        let socket = try ListeningSocket(SocketAddress(host: "127.0.0.1", port: 0))
        try acceptor.loop.perform {
            _ = try TCPListener(socket, loop: acceptor.loop) { accepted in
                worker.loop.post {
                    let handler = ClosureHandler()
                    handler.received = { stream, bytes in
                        #expect(worker.loop.isCurrent)
                        stream.write(bytes)
                    }
                    _ = try? TCPStream(accepted, loop: worker.loop, handler: handler)
                }
            }
        }
        let done = Promise<[UInt8]>()
        acceptor.loop.connect(to: socket.address) {
            let handler = ClosureHandler()
            handler.connected = { stream in stream.write([42]) }
            handler.received = { stream, bytes in
                stream.close()
                done.keep(bytes)
            }
            return handler
        }
        #expect(try done.wait() == [42])
    }

    @Test func `reads of many streams share one hook, which may write the answers`() throws {
        let server = try TestLoop("server")
        let client = try TestLoop("client")
        let loop = server.loop
        let pending = Confined(Pending(), to: loop)
        let address = try loop.serve { _ in
            let handler = ClosureHandler()
            handler.received = { stream, bytes in pending.value.answers.append((stream, bytes)) }
            return handler
        }
        loop.perform {
            loop.passEnded = {
                for (stream, bytes) in pending.value.answers { stream.write(bytes) }
                pending.value.answers = []
            }
        }
        let done = Promise<Void>()
        let echoes = Counter(Atomic(0))
        for _ in 0..<50 {
            client.loop.connect(to: address) {
                let handler = ClosureHandler()
                var rounds = 0
                handler.connected = { stream in stream.write([0]) }
                handler.received = { stream, bytes in
                    rounds += 1
                    if rounds < 20 { return stream.write(bytes) }
                    stream.close()
                    if echoes.add() == 50 { done.keep() }
                }
                return handler
            }
        }
        try done.wait()
    }

    private final class Pending {
        var answers: [(TCPStream, [UInt8])] = []
    }

    private final class Counter: Sendable {
        private let value: Atomic<Int>

        init(_ value: consuming Atomic<Int>) { self.value = value }

        @discardableResult
        func add() -> Int { value.add(1, ordering: .relaxed).newValue }

        var count: Int { value.load(ordering: .relaxed) }
    }
}
