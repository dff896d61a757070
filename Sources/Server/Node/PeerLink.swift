internal import Engine
internal import Essentials
internal import Membership
internal import Platform
internal import Wire

/// A connection that one loop of this node keeps to one other member: it says who it is, makes
/// the other side prove itself, and comes back with growing pauses when it breaks.
///
/// A member that is not where it was last known to be may have moved, and somebody else may be
/// there by now. The control plane's link then looks for it elsewhere, too, in turns: whoever
/// answers says who it is, and what one link finds all links know (`AddressBook`).
///
/// Confined to its loop.
final class PeerLink: StreamHandler {
    enum Purpose {
        /// What this loop's shard asks.
        case requests
        /// What the node's control plane and failure detector say.
        case control
    }

    private enum State { case waiting, connecting, greeting, ready, closed }

    /// The pause before the next try doubles from the first to the last, in ms. The last bounds
    /// how long a node that is back stays unnoticed.
    private static let pauseMsMin: UInt64 = 50
    private static let pauseMsMax: UInt64 = 1000
    private static let connectTimeoutMs: UInt64 = 3000
    /// From connecting to the end of the handshake, and between a request and a sign of life: a
    /// process that stands still, or a machine that is gone, closes no connection.
    private static let silentSecondsMax = 5
    /// After so many, another run of the other side is not taken for a copy.
    private static let doubtfulSecondsMax = 2
    /// What control planes say waits for a peer at most: some of the largest topologies. They say
    /// it again.
    private static let controlBytesMax = 16 << 20

    let node: NodeNumber
    private let nodeID: UniqueID
    private var address: String
    private let purpose: Purpose
    private unowned let shard: Shard
    private var state = State.waiting
    private let output: PeerOutput
    private var stream: TCPStream?
    private var reader = PeerFrameReader(sizeMax: PeerFrameReader.handshakeSizeMax)
    private var hello: PeerHandshake.Hello?
    private var pauseMs = PeerLink.pauseMsMin
    private var timer: Timer?
    /// Tries since the link was ready last.
    private var tries = 0
    /// Where the present try, or the connection, is.
    private var place = ""
    /// In which the other side has said nothing though something is awaited.
    private var silentSeconds = 0
    private var isAwaiting = false
    private var lastProblem = ""
    /// When the other side's clock was taken down last; 0: not on this connection.
    private var clockHeardNs: UInt64 = 0
    /// From one time to the next: clocks drift apart slowly.
    private static let clockPauseNs: UInt64 = 10_000_000
    private(set) var backlog = PeerBacklog()
    /// Requests that were not sent, since too much waited for the peer.
    private(set) var refusedCount: UInt64 = 0

    init(
        node: NodeNumber, nodeID: UniqueID, address: String, purpose: Purpose, shard: Shard,
        dirty: DirtyPeers
    ) {
        self.node = node
        self.nodeID = nodeID
        self.address = address
        self.purpose = purpose
        self.shard = shard
        output = PeerOutput(dirty: dirty)
        timer = Timer(loop: shard.loop) { [unowned self] in connect() }
        connect()
    }

    var isReady: Bool { if case .ready = state { true } else { false } }

    var queuedBytes: Int { output.queuedBytes }

    /// Queues a message; false when the link is down, or too much waits for the peer already.
    func send(_ message: PeerMessage, queueBytesMax: Int) -> Bool {
        guard isReady else { return false }
        guard output.queuedBytes < queueBytesMax, backlog.hasRoom || message.requestID == nil else {
            refusedCount += 1
            return false
        }
        output.append(message)
        if message.isAnsweredSoon { isAwaiting = true }
        if message.requestID != nil { backlog.noteSent() }
        return true
    }

    func send(control bytes: [UInt8], isAnsweredSoon: Bool) {
        guard send(.control(bytes), queueBytesMax: Self.controlBytesMax), isAnsweredSoon else {
            return
        }
        isAwaiting = true
    }

    /// To be called every 10 ms.
    func ticked() { backlog.tick() }

    func update(address newAddress: String) {
        guard newAddress != address else { return }
        address = newAddress
        look()
        // What it left may take long to break.
        if place != newAddress { stream?.close() }
    }

    /// Something was learnt about where the other side is.
    func look() {
        guard !isReady else { return }
        tries = 0
        pauseMs = Self.pauseMsMin
        connect()
    }

    func close() {
        state = .closed
        timer?.close()
        stream?.close()
    }

    func secondPassed() {
        guard isAwaiting else { return }
        silentSeconds += 1
        if silentSeconds > Self.doubtfulSecondsMax, purpose == .control {
            shard.services.lives.unlink(nodeID)
        }
        guard silentSeconds > Self.silentSecondsMax else { return }
        drop("no sign of life for \(Self.silentSecondsMax) s")
    }

    private func connect() {
        guard case .waiting = state else { return }
        place =
            shard.services.addresses.place(of: node, tries: tries, mayRoam: purpose == .control)
            ?? address
        tries += 1
        guard let target = SocketAddress(place) else {
            note("its address cannot be used")
            return retry()
        }
        state = .connecting
        stream = TCPStream.connect(
            loop: shard.loop, to: target, timeoutMs: Self.connectTimeoutMs, handler: self)
    }

    // MARK: StreamHandler

    func streamConnected(_ stream: TCPStream) {
        state = .greeting
        isAwaiting = true
        silentSeconds = 0
        reader = PeerFrameReader(sizeMax: PeerFrameReader.handshakeSizeMax)
        let own = shard.services.lives.own
        let hello = PeerHandshake.Hello(
            purpose: .member, clusterID: shard.topology.clusterID, nodeID: shard.services.nodeID,
            number: shard.number,
            nonce: Cryptography.secureRandomBytes(count: PeerHandshake.nonceSize),
            life: own.life, previousLife: own.previousLife,
            listedID: place == shard.topology.member(node)?.peerAddress
                ? nodeID : UniqueID(high: 0, low: 0))
        self.hello = hello
        stream.write(PeerHandshake.frame(.hello(hello)))
    }

    func streamReceived(_ stream: TCPStream, _ bytes: Span<UInt8>) {
        isAwaiting = false
        silentSeconds = 0
        reader.append(bytes)
        while !stream.isClosed {
            switch reader.next() {
            case .needMore: return
            case .failed(let reason): return drop(reason)
            case .payload(let payload):
                if isReady { take(payload) } else { greet(payload, stream) }
            }
        }
    }

    func streamClosed(_ stream: TCPStream, error: PlatformError?) {
        guard stream === self.stream else { return }
        let wasReady = isReady
        if wasReady, purpose == .control { shard.services.lives.unlink(nodeID) }
        self.stream = nil
        isAwaiting = false
        silentSeconds = 0
        clockHeardNs = 0
        output.stream = nil
        output.clear()
        backlog.clear()
        if case .closed = state { return }
        state = .waiting
        if let error { note(error.description) }
        if wasReady {
            shard.services.log.debug(
                "lost the connection to a member",
                ["node": .integer(Int(node.rawValue)), "address": .text(address)])
            shard.services.mailboxes[0].send(.peerLinkClosed(node))
            if purpose == .control { shard.services.addresses.lost(node) }
            if purpose == .requests { shard.requestLinkClosed(node) }
        }
        retry()
    }

    private func retry() {
        timer?.set(afterMs: pauseMs)
        pauseMs = min(2 * pauseMs, Self.pauseMsMax)
    }

    // MARK: Handshake and messages

    private func greet(_ payload: [UInt8], _ stream: TCPStream) {
        guard let hello, let message = try? PeerHandshake.decode(payload) else {
            return drop("the other side does not speak the peer protocol")
        }
        switch message {
        case .reject(let reason): return drop("refused: \(reason)")
        case .copy(let address):
            shard.services.noteCopy(of: node, address, nowNs: shard.loop.now.monotonicNs)
            return drop("refused: this node runs already at \(address)")
        case .forgotten(let life):
            shard.services.noteForgotten(life, from: shard)
            return drop("this node's data directory is an earlier state of it")
        case .welcome(let welcome):
            let secret = Array(shard.services.configuration.current.clusterSecret.revealed.utf8)
            let expected = Cryptography.hmacSHA256(
                key: secret,
                message: PeerHandshake.transcript(
                    .acceptor, hello: hello, acceptorID: welcome.nodeID,
                    acceptorNonce: welcome.nonce))
            guard Cryptography.constantTimeEquals(welcome.code, expected) else {
                return drop("the other side does not know this cluster's secret")
            }
            let isOther = welcome.nodeID != nodeID || welcome.number != node
            if isOther, shard.topology.member(id: welcome.nodeID) != nil {
                return leave(to: welcome.nodeID)
            }
            let proof = Cryptography.hmacSHA256(
                key: secret,
                message: PeerHandshake.transcript(
                    .opener, hello: hello, acceptorID: welcome.nodeID,
                    acceptorNonce: welcome.nonce))
            stream.write(PeerHandshake.frame(.proof(proof)))
            // One of another cluster should know, too, whose address it has.
            if isOther {
                note("a node that is no member answers there")
                return stream.closeWhenDrained()
            }
            becomeReady(stream, clockNs: welcome.monotonicNs)
            if purpose == .control {
                shard.services.lives.link(nodeID, life: welcome.life, at: place)
            }
        case .hello, .proof: return drop("the handshake is out of order")
        }
    }

    /// Somebody else is here, and has proven who it is.
    private func leave(to other: UniqueID) {
        guard let member = shard.topology.member(id: other), member.number != shard.number else {
            return drop(
                other == shard.services.nodeID
                    ? "this node itself is there" : "a node that is no member answers there")
        }
        drop("node \(member.number) answers there")
        shard.services.addresses.met(member.number, at: place, isConnected: false)
        shard.look(for: member.number)
    }

    private func becomeReady(_ stream: TCPStream, clockNs: UInt64) {
        state = .ready
        shard.services.lives.letIn()
        reader.sizeMax = PeerFrameReader.payloadSizeMax
        pauseMs = Self.pauseMsMin
        tries = 0
        lastProblem = ""
        output.stream = stream
        shard.services.log.debug(
            "connected to a member",
            ["node": .integer(Int(node.rawValue)), "address": .text(place)])
        switch purpose {
        case .requests:
            shard.apply(.linkOpened(node))
            hear(clockNs: clockNs)
            shard.noteReachability()
        case .control:
            shard.services.addresses.met(node, at: place, isConnected: true)
            // The links of requests do not search.
            if place != address { shard.look(for: node) }
            shard.control?.linkOpened(to: node)
        }
    }

    private func take(_ payload: [UInt8]) {
        do {
            var messages = try PeerPayloadReader(payload)
            shard.hear(messages.header, from: node)
            hear(clockNs: messages.header.clocks.monotonicNs)
            while let message = try messages.next() {
                take(message, messages.header)
            }
        } catch {
            drop("a frame cannot be decoded: \(error)")
        }
    }

    /// What the other side's clock showed when it closed the frame that is here now.
    private func hear(clockNs: UInt64) {
        guard purpose == .requests,
            shard.loop.now.monotonicNs >= clockHeardNs + Self.clockPauseNs || clockHeardNs == 0
        else { return }
        // Not the time of the pass, which may have begun long before the frame was made.
        clockHeardNs = SystemClock.monotonicNs()
        shard.apply(.clockHeard(node, remoteNs: clockNs, atNs: clockHeardNs))
    }

    private func take(_ message: PeerMessage, _ header: PeerFrameHeader) {
        let link = LinkID(rawValue: 0)
        if message.answeredID != nil { backlog.noteAnswered() }
        switch message {
        case .executed(let id, let reply): shard.peerCalls.answered(id, reply, by: node)
        case .control(let bytes): shard.control?.receive(bytes, from: node, link: link)
        default: shard.apply(.received(message, from: node, link: link, header))
        }
    }

    private func drop(_ reason: String) {
        note(reason)
        stream?.close()
    }

    /// Logs a problem once, not at every try; that it is not found elsewhere is none.
    private func note(_ problem: String) {
        guard problem != lastProblem, place == address else { return }
        lastProblem = problem
        // All connections have the same one, as a rule: one tells.
        shard.services.log.log(
            shard.index == 0 && purpose == .requests ? .warn : .debug, "no connection to a member",
            [
                "node": .integer(Int(node.rawValue)), "address": .text(address),
                "reason": .text(problem),
            ])
    }
}

extension PeerMessage {
    /// Whether an answer must come within a request's usual time, or the other side stands still.
    /// A command that was handed over may rightly take long.
    fileprivate var isAnsweredSoon: Bool {
        switch self {
        case .write(let id, _, _, _, _, _): id != 0
        case .check: true
        default: false
        }
    }
}
