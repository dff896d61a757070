internal import Platform
internal import Wire

/// Asks a server which server has which slot: CLUSTER SLOTS, and where that is not known, CLUSTER
/// SHARDS. Confined to its loop.
final class SlotDiscovery: StreamHandler {
    private static let connectMsMax: UInt64 = 5000

    private let options: Options
    private let address: SocketAddress
    private let found: (Result<SlotMap, Failure>) -> Void
    private var parser = ReplyParser()
    private var handshakeRepliesMissing = 0
    private var isAskingShards = false
    private var isDone = false

    /// Tells `found` once.
    static func run(
        _ options: Options, loop: EventLoop, found: @escaping (Result<SlotMap, Failure>) -> Void
    ) {
        let discovery = SlotDiscovery(options, found)
        _ = TCPStream.connect(
            loop: loop, to: discovery.address, timeoutMs: connectMsMax, handler: discovery)
    }

    private init(_ options: Options, _ found: @escaping (Result<SlotMap, Failure>) -> Void) {
        self.options = options
        self.found = found
        address = options.servers[0]
    }

    func streamConnected(_ stream: TCPStream) {
        let commands = options.handshake.filter { $0[0] != "READONLY" }
        handshakeRepliesMissing = commands.count
        let all = commands + [["CLUSTER", "SLOTS"]]
        stream.write(all.flatMap { CommandWriter.command($0) })
    }

    func streamReceived(_ stream: TCPStream, _ bytes: Span<UInt8>) {
        parser.append(bytes)
        while true {
            switch parser.next() {
            case .needMore: return
            case .failed(let reason): return finish(.failure(failure(reason)), stream)
            case .reply(let reply): replied(reply, stream)
            }
        }
    }

    private func replied(_ reply: Reply, _ stream: TCPStream) {
        if handshakeRepliesMissing > 0 {
            handshakeRepliesMissing -= 1
            if case .error(let line) = reply { finish(.failure(failure(line)), stream) }
            return
        }
        let map =
            isAskingShards
            ? SlotMap(shards: reply, askedAt: address) : SlotMap(slots: reply, askedAt: address)
        if let map, map.isComplete { return finish(.success(map), stream) }
        if case .error(let line) = reply, isAskingShards {
            return finish(.failure(failure(line)), stream)
        }
        guard !isAskingShards else {
            return finish(.failure(failure("not all slots have a server")), stream)
        }
        isAskingShards = true
        stream.write(CommandWriter.command(["CLUSTER", "SHARDS"]))
    }

    private func failure(_ reason: String) -> Failure { .failed("\(address): \(reason)") }

    private func finish(_ result: Result<SlotMap, Failure>, _ stream: TCPStream) {
        guard !isDone else { return }
        isDone = true
        stream.close()
        found(result)
    }

    func streamClosed(_ stream: TCPStream, error: PlatformError?) {
        let reason = error.map { Failure.failed($0.description) }
        finish(.failure(reason ?? failure("connection closed")), stream)
    }
}
