internal import Essentials
internal import Platform

/// One connection of a client to a Redis server: sends commands, and hands every reply to the
/// client with the operation that it belongs to. Reconnects by itself. Confined to its loop.
final class Lane: StreamHandler {
    /// How long to wait before a connection is tried again: servers that restart need a moment.
    private static let reconnectMs: UInt64 = 100
    private static let connectMsMax: UInt64 = 5000
    /// A reply longer than this is not one: Redis' largest value is half of it.
    private static let carryBytesMax = 1 << 30

    private(set) var address: SocketAddress
    private unowned let client: RedisClient
    private var stream: TCPStream?
    /// Whether it is connected, and the server has agreed to what is asked of it first.
    private(set) var isUsable = false
    private var handshakeRepliesMissing = 0
    private var output: [UInt8] = []
    /// What was sent and not answered, from `head` on.
    private var inFlight: [Operation] = []
    private var head = 0
    /// The beginning of a reply whose rest is still to come.
    private var carry: [UInt8] = []
    private var lastProgressNs: UInt64 = 0
    private var lossCode = "CONNECTION"
    private var reconnection: Timer?

    init(_ client: RedisClient, to address: SocketAddress) {
        self.client = client
        self.address = address
    }

    func connect() {
        handshakeRepliesMissing = 0
        lossCode = "CONNECTION"
        stream = TCPStream.connect(
            loop: client.driver.loop, to: address, timeoutMs: Self.connectMsMax, handler: self)
    }

    // MARK: Sending

    /// Queues what asks for `operation` until `flush`.
    func append(_ operation: Operation) {
        client.driver.writer.append(
            operation, keyCount: client.driver.options.keyCount, to: &output)
        inFlight.append(operation)
    }

    /// Queues ASKING, which lets the next command through while its slot is being moved.
    func appendAsking(for operation: Operation) {
        output += Self.asking
        var control = operation
        control.part = .asking
        inFlight.append(control)
    }

    private static let asking = CommandWriter.command(["ASKING"])

    func flush(nowNs: UInt64) {
        guard !output.isEmpty else { return }
        if head == 0 { lastProgressNs = nowNs }
        stream?.write(output)
        output.removeAll(keepingCapacity: true)
    }

    func expire(unansweredSince deadlineNs: UInt64) {
        guard isUsable, !inFlight.isEmpty, lastProgressNs < deadlineNs else { return }
        lossCode = "TIMEOUT"
        stream?.close()
    }

    // MARK: Stream

    func streamConnected(_ stream: TCPStream) {
        let greeting = client.driver.options.handshake
        handshakeRepliesMissing = greeting.count
        if greeting.isEmpty { return becomeUsable() }
        stream.write(greeting.flatMap { CommandWriter.command($0) })
    }

    private func becomeUsable() {
        isUsable = true
        client.laneUsable()
    }

    func streamReceived(_ stream: TCPStream, _ bytes: Span<UInt8>) {
        let nowNs = SystemClock.monotonicNs()
        lastProgressNs = nowNs
        if carry.isEmpty {
            let consumed = consume(bytes, nowNs)
            if consumed < bytes.count { carry.append(contentsOf: bytes.extracting(consumed...)) }
        } else {
            var whole: [UInt8] = []
            swap(&whole, &carry)
            whole.append(contentsOf: bytes)
            let consumed = consume(whole.span, nowNs)
            whole.removeSubrange(..<consumed)
            carry = whole
            if carry.count > Self.carryBytesMax { lose("PROTOCOL") }
        }
        client.received(nowNs: nowNs)
    }

    /// Handles the complete replies, and returns how many bytes they were.
    private func consume(_ bytes: Span<UInt8>, _ nowNs: UInt64) -> Int {
        var offset = 0
        while true {
            switch ReplyScanner.scan(bytes, from: offset) {
            case .needMore: return offset
            case .malformed:
                lose("PROTOCOL")
                return bytes.count
            case .reply(.push, let end), .reply(.attribute, let end): offset = end
            case .reply(let content, let end):
                offset = end
                if handshakeRepliesMissing > 0 {
                    handshakeReplied(content, bytes)
                } else if head < inFlight.count {
                    let operation = inFlight[head]
                    head += 1
                    if head == inFlight.count {
                        inFlight.removeAll(keepingCapacity: true)
                        head = 0
                    }
                    client.answered(operation, content, bytes, on: self, nowNs: nowNs)
                } else {
                    lose("PROTOCOL")
                    return bytes.count
                }
            }
        }
    }

    private func handshakeReplied(_ content: ReplyScanner.Content, _ bytes: Span<UInt8>) {
        if case .error(let line) = content {
            return client.driver.status.fail("\(address) refused: \(bytes.text(line))")
        }
        handshakeRepliesMissing -= 1
        if handshakeRepliesMissing == 0 { becomeUsable() }
    }

    private func lose(_ code: String) {
        lossCode = code
        stream?.close()
    }

    func streamClosed(_ stream: TCPStream, error: PlatformError?) {
        self.stream = nil
        let wasUsable = isUsable
        isUsable = false
        output = []
        carry = []
        let lost = inFlight[head...]
        inFlight = []
        head = 0
        client.laneLost(
            self, lost: lost, code: lossCode, wasUsable: wasUsable,
            reason: error?.description ?? "\(address): connection closed")
        // Not before the loop is stopping: then nobody fires any more.
        reconnection =
            reconnection ?? Timer(loop: client.driver.loop) { [weak self] in self?.connect() }
        reconnection?.set(afterMs: Self.reconnectMs)
    }

    /// The next connection goes to another server.
    func redirect(to address: SocketAddress) { self.address = address }
}

extension Span<UInt8> {
    /// The text of a range, for people.
    func text(_ range: Range<Int>) -> String {
        String(decoding: range.map { self[$0] }, as: UTF8.self)
    }
}

extension Options {
    /// The commands that every connection begins with.
    var handshake: [[String]] {
        var commands: [[String]] = []
        if respVersion == 3 {
            commands.append(["HELLO", "3"] + (password.map { ["AUTH", "default", $0] } ?? []))
        } else if let password {
            commands.append(["AUTH", password])
        }
        if isCluster, route == .any { commands.append(["READONLY"]) }
        if !consistency.isEmpty { commands.append(["CONSISTENCY"] + consistency) }
        return commands
    }
}
