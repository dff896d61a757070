import Essentials
import Platform
import Synchronization
import Testing

@Suite struct EventLoopTests {
    /// The shape of a shard: state that is not Sendable, reached through an actor on the loop.
    private actor Shard {
        final class State {
            var log: [String] = []
        }

        nonisolated let loop: EventLoop
        nonisolated var unownedExecutor: UnownedSerialExecutor {
            unsafe loop.asUnownedSerialExecutor()
        }
        private let state = State()

        init(loop: EventLoop) { self.loop = loop }

        func note(_ text: String) -> Bool {
            state.log.append(text)
            return loop.isCurrent
        }

        var log: [String] { state.log }
    }

    @Test func `an actor pinned to a loop runs there`() async throws {
        let test = try TestLoop()
        let shard = Shard(loop: test.loop)
        let isOnLoop = await shard.note("awaited")
        #expect(isOnLoop)
        #expect(!test.loop.isCurrent)
    }

    @Test func `a callback enters the state of its shard without a task`() throws {
        let test = try TestLoop()
        let shard = Shard(loop: test.loop)
        let done = Promise<[String]>()
        test.loop.post {
            shard.assumeIsolated { _ = $0.note("posted") }
            let timer = Timer(loop: test.loop) {
                done.keep(
                    shard.assumeIsolated { shard in
                        _ = shard.note("timer")
                        return shard.log
                    })
            }
            timer.set(afterMs: 0)
        }
        #expect(try done.wait() == ["posted", "timer"])
    }

    @Test func `received bytes are read inside the isolation of their shard`() throws {
        let test = try TestLoop()
        let shard = Shard(loop: test.loop)
        let loop = test.loop
        let socket = try ListeningSocket(SocketAddress(host: "127.0.0.1", port: 0))
        let done = Promise<[String]>()
        try loop.perform {
            _ = try TCPListener(socket, loop: loop) { accepted in
                _ = try? TCPStream(
                    accepted, loop: loop, handler: Session(shard: shard, done: done))
            }
        }
        loop.connect(to: socket.address) {
            let handler = ClosureHandler()
            handler.connected = { stream in stream.write([1, 2, 3]) }
            return handler
        }
        #expect(try done.wait() == ["3 bytes"])
    }

    private final class Session: StreamHandler {
        let shard: Shard
        let done: Promise<[String]>

        init(shard: Shard, done: Promise<[String]>) {
            self.shard = shard
            self.done = done
        }

        func streamReceived(_ stream: TCPStream, _ bytes: Span<UInt8>) {
            let log = shard.assumeIsolated { shard in
                _ = shard.note("\(bytes.count) bytes")
                return shard.log
            }
            done.keep(log)
        }

        func streamClosed(_ stream: TCPStream, error: PlatformError?) {}
    }

    @Test func `assuming isolation on another thread ends the process`() async {
        await #expect(processExitsWith: .failure) {
            let loop = try EventLoop(name: "test")
            loop.start()
            Self.touch(Shard(loop: loop))
        }
    }

    private static func touch(_ shard: Shard) {
        _ = shard.assumeIsolated { $0.note("from the test") }
    }

    @Test func `posted work of one thread runs in order`() throws {
        let test = try TestLoop()
        let seen = Mutex<[Int]>([])
        let sink = Confinement(seen: seen)
        for number in 0..<10_000 { test.loop.post { sink.append(number) } }
        test.loop.perform {}
        #expect(sink.all == Array(0..<10_000))
    }

    @Test func `perform hands over results and typed errors`() throws {
        let test = try TestLoop()
        #expect(test.loop.perform { test.loop.isCurrent })
        #expect(throws: PlatformError.notFound("x")) {
            try test.loop.perform { () throws(PlatformError) in throw .notFound("x") }
        }
    }

    @Test func `the hook runs once a pass, after the posted work`() throws {
        let test = try TestLoop()
        let loop = test.loop
        let passes = Promise<[String]>()
        loop.post {
            let log = Log()
            loop.passEnded = {
                log.lines.append("hook")
                // The work posted in the first pass is done in the second.
                if log.lines.count >= 4 {
                    loop.passEnded = nil
                    passes.keep(log.lines)
                }
            }
            log.lines.append("first")
            let confined = Confined(log, to: loop)
            loop.post { confined.value.lines.append("second") }
        }
        #expect(try passes.wait() == ["first", "hook", "second", "hook"])
    }

    @Test func `a hook that asks for another pass gets it without an event`() throws {
        let test = try TestLoop()
        let loop = test.loop
        let done = Promise<Int>()
        loop.post {
            var passes = 0
            loop.passEnded = {
                passes += 1
                if passes < 1_000 {
                    loop.requestPass()
                } else if passes == 1_000 {
                    done.keep(passes)
                }
            }
        }
        #expect(try done.wait() == 1_000)
    }

    @Test func `the clocks stand still within a pass and go on between passes`() throws {
        let test = try TestLoop()
        let loop = test.loop
        let (first, second) = loop.perform { (loop.now, loop.now) }
        #expect(first == second)
        let later = loop.perform { loop.now }
        #expect(later.monotonicNs > first.monotonicNs)
        let wallMs = SystemClock.wallMs()
        #expect(wallMs >= first.wallMs && wallMs - first.wallMs < 60_000)
    }

    @Test func `stopping closes what is open and drops later work`() throws {
        let loop = try EventLoop(name: "test")
        loop.start()
        let closed = Promise<PlatformError?>()
        let address = try loop.serve { _ in
            let handler = ClosureHandler()
            handler.closed = { _, error in closed.keep(error) }
            return handler
        }
        let connected = Promise<Void>()
        loop.connect(to: address) {
            let handler = ClosureHandler()
            handler.connected = { _ in connected.keep() }
            return handler
        }
        try connected.wait()
        loop.perform {
            Timer(loop: loop) {}.set(afterMs: 3_600_000)
            _ = SignalWatcher(.hangUp, loop: loop) {}
        }
        loop.stop()
        #expect(try closed.wait() == nil)
        loop.post { Issue.record("work ran after the stop") }
        #expect(!loop.isCurrent)
    }

    @Test func `a loop that never started can go`() throws {
        weak var gone: EventLoop?
        do {
            let loop = try EventLoop(name: "test")
            gone = loop
        }
        #expect(gone == nil)
    }

    private final class Log {
        var lines: [String] = []
    }

    private final class Confinement: Sendable {
        private let seen: Mutex<[Int]>

        init(seen: consuming sending Mutex<[Int]>) { self.seen = seen }

        func append(_ number: Int) { seen.withLock { $0.append(number) } }

        var all: [Int] { seen.withLock { $0 } }
    }
}
