internal import Engine
internal import Essentials
internal import Membership
internal import Platform
internal import Wire

/// A connection that another node opened to this one: nothing is decoded before it has proven that
/// it knows the cluster's secret, and only joining is talked about with a node that is no member.
///
/// Confined to its loop.
final class PeerConnection: StreamHandler {
    private enum State {
        case awaitingHello
        case awaitingProof(PeerHandshake.Hello, expected: [UInt8])
        case member(NodeNumber)
        case joiner
        /// It was a member: it is told so, and nothing that it says counts.
        case outcast
    }

    private static let greetingSecondsMax = 5
    /// A joiner waits half as long for its answer.
    private static let joinerSecondsMax = 30
    /// A joiner says little and waits for one answer.
    private static let joinerFrameSizeMax = 64 << 10

    let id: LinkID
    private unowned let shard: Shard
    private var state = State.awaitingHello
    private let output: PeerOutput
    private var stream: TCPStream?
    private var reader = PeerFrameReader(sizeMax: PeerFrameReader.handshakeSizeMax)
    /// Since the connection was opened, as long as it is no member's.
    private var seconds = 0
    /// Whether nothing is read because the disk lags.
    private var isHeld = false

    init?(id: LinkID, _ socket: AcceptedSocket, shard: Shard, dirty: DirtyPeers) {
        self.id = id
        self.shard = shard
        output = PeerOutput(dirty: dirty)
        guard let stream = try? TCPStream(socket, loop: shard.loop, handler: self) else {
            return nil
        }
        self.stream = stream
    }

    /// Whether the other side has shown that it belongs here.
    var isProven: Bool {
        switch state {
        case .awaitingHello, .awaitingProof: false
        case .member, .joiner, .outcast: true
        }
    }

    func answer(_ message: PeerMessage) {
        guard isProven else { return }
        let queuedBytes = output.queuedBytes
        if queuedBytes > 2 * PeerOutput.answerBytesMax, case .differs(let id, _) = message {
            // One read may hold a thousand checks, each of them answered by a large object.
            output.append(.refused(id: id, .overloaded))
        } else {
            output.append(message)
        }
        // A peer that does not read its answers gets no more of its requests read.
        if queuedBytes > PeerOutput.answerBytesMax { stream?.pauseReading() }
    }

    func close() { stream?.close() }

    func secondPassed() {
        let secondsMax: Int
        switch state {
        case .awaitingHello, .awaitingProof: secondsMax = Self.greetingSecondsMax
        case .joiner, .outcast: secondsMax = Self.joinerSecondsMax
        case .member: return
        }
        seconds += 1
        if seconds > secondsMax { stream?.close() }
    }

    /// The disk has caught up.
    func resume() {
        guard isHeld else { return }
        isHeld = false
        if output.queuedBytes <= PeerOutput.answerBytesMax { stream?.resumeReading() }
    }

    // MARK: StreamHandler

    func streamReceived(_ stream: TCPStream, _ bytes: Span<UInt8>) {
        reader.append(bytes)
        while !stream.isClosed {
            switch reader.next() {
            case .needMore: return holdIfBehind(stream)
            case .failed(let reason): return drop(reason)
            case .payload(let payload): take(payload, stream)
            }
        }
    }

    /// What peers write goes on piling up for a disk that lags unless they wait, too.
    private func holdIfBehind(_ stream: TCPStream) {
        guard !isHeld, !shard.services.acceptsPeerWrites else { return }
        isHeld = true
        shard.arePeersHeld = true
        stream.pauseReading()
    }

    func streamDrained(_ stream: TCPStream) {
        if !isHeld { stream.resumeReading() }
    }

    func streamClosed(_ stream: TCPStream, error: PlatformError?) {
        self.stream = nil
        output.stream = nil
        shard.peers.forget(id)
    }

    // MARK: Handshake and messages

    private func take(_ payload: [UInt8], _ stream: TCPStream) {
        switch state {
        case .awaitingHello: takeHello(payload, stream)
        case .awaitingProof(let hello, let expected):
            guard case .proof(let code)? = try? PeerHandshake.decode(payload),
                Cryptography.constantTimeEquals(code, expected)
            else { return reject("the cluster's secret is not known here", stream) }
            admit(hello, stream)
        case .member(let node): takeMessages(payload, from: node)
        case .joiner: takeMessages(payload, from: nil)
        case .outcast: break
        }
    }

    private func takeHello(_ payload: [UInt8], _ stream: TCPStream) {
        let hello: PeerHandshake.Hello
        do {
            guard case .hello(let decoded) = try PeerHandshake.decode(payload) else {
                return drop("the handshake is out of order")
            }
            hello = decoded
        } catch {
            return drop("not a hello: \(error)")
        }
        if hello.purpose == .member, hello.clusterID == shard.topology.clusterID {
            if let member = shard.topology.member(hello.number), member.id != hello.nodeID {
                return reject("node \(hello.number) is somebody else", stream)
            }
            switch verdict(on: hello) {
            case .fine: break
            case .copy(let address):
                return reject(
                    .copy(address: address), "a copy of a node that runs at \(address)", stream)
            case .forgotten(let life):
                return reject(
                    .forgotten(life: life), "its data directory is an earlier state of it", stream)
            }
        }
        if hello.purpose == .join, let reason = shard.services.founding.obstacle {
            // While this node only listens, whoever joins is to ask again.
            return shard.services.founding.isGivenUp ? reject(reason, stream) : drop(reason)
        }
        let nonce = Cryptography.secureRandomBytes(count: PeerHandshake.nonceSize)
        let own = shard.services.nodeID
        let secret = Array(shard.services.configuration.current.clusterSecret.revealed.utf8)
        func code(_ role: PeerHandshake.Role) -> [UInt8] {
            Cryptography.hmacSHA256(
                key: secret,
                message: PeerHandshake.transcript(
                    role, hello: hello, acceptorID: own, acceptorNonce: nonce))
        }
        let welcome = PeerHandshake.Welcome(
            nodeID: own, number: shard.number, nonce: nonce,
            life: shard.services.lives.own.life, code: code(.acceptor),
            monotonicNs: shard.loop.now.monotonicNs)
        state = .awaitingProof(hello, expected: code(.opener))
        stream.write(PeerHandshake.frame(.welcome(welcome)))
    }

    private func admit(_ hello: PeerHandshake.Hello, _ stream: TCPStream) {
        output.stream = stream
        switch hello.purpose {
        case .join:
            state = .joiner
            reader.sizeMax = Self.joinerFrameSizeMax
        case .member:
            guard hello.clusterID == shard.topology.clusterID else {
                shard.services.heardOf(hello, at: stream.peer, from: shard)
                return reject("this is another cluster", stream)
            }
            shard.services.lives.admit(hello.nodeID, life: hello.life)
            // A member that this node's topology does not show yet is ahead of it; its frames'
            // epochs make this node fetch the newer one.
            state = .member(hello.number)
            reader.sizeMax = PeerFrameReader.payloadSizeMax
            castOutIfGone()
        }
    }

    /// To be called when the topology has changed. Whoever is no member any more hears of the
    /// topology that says so, and of nothing else.
    func castOutIfGone() {
        guard case .member(let node) = state else { return }
        switch shard.topology.standing(of: node) {
        case .member, .unknown: return
        case .lost, .removed: state = .outcast
        }
        output.append(.control(ControlMessage.topology(shard.topology).encoded()))
        if let stream {
            shard.services.log.warn(
                "a node that was removed from the cluster has come back",
                ["node": .integer(Int(node.rawValue)), "address": .describing(stream.peer)])
        }
    }

    private func takeMessages(_ payload: [UInt8], from node: NodeNumber?) {
        do {
            var messages = try PeerPayloadReader(payload)
            if let node { shard.hear(messages.header, from: node) }
            while let message = try messages.next() {
                if case .control(let bytes) = message {
                    shard.services.mailboxes[0].send(
                        .controlReceived(bytes, from: node, link: id))
                } else if let node {
                    shard.route(message, from: node, link: id, messages.header)
                } else {
                    return drop("a node that joins sent more than it may")
                }
            }
        } catch {
            drop("a frame cannot be decoded: \(error)")
        }
    }

    private func verdict(on hello: PeerHandshake.Hello) -> PeerLives.Verdict {
        let services = shard.services
        guard hello.nodeID == services.nodeID else { return services.lives.judge(hello) }
        let address = shard.topology.member(id: hello.nodeID)?.peerAddress ?? "another address"
        return hello.life == services.lives.own.life ? .fine : .copy(address: address)
    }

    private func reject(_ reason: String, _ stream: TCPStream) {
        reject(.reject(reason), reason, stream)
    }

    private func reject(
        _ message: PeerHandshake.Message, _ reason: String, _ stream: TCPStream
    ) {
        stream.write(PeerHandshake.frame(message))
        shard.services.log.warn(
            "a peer was refused",
            ["address": .describing(stream.peer), "reason": .text(reason)])
        stream.closeWhenDrained()
    }

    private func drop(_ reason: String) {
        if let stream {
            shard.services.log.warn(
                "a peer connection was closed",
                ["address": .describing(stream.peer), "reason": .text(reason)])
        }
        stream?.close()
    }
}
