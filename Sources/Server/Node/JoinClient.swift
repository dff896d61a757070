internal import Engine
internal import Essentials
internal import Membership
internal import Platform
internal import Synchronization
internal import Wire

/// Asks a cluster to take this node in: over the peer protocol, any member, which passes the
/// request on to whoever leads.
///
/// Used once, before the node serves, on a loop of its own.
final class JoinClient: StreamHandler {
    enum Outcome: Sendable {
        case joined(Topology)
        /// The cluster has decided against it; trying again changes nothing by itself.
        case refused(String)
        /// Nobody answered, or not in a way that helps: another seed may, or the same one later.
        case failed(String)
    }

    private static let timeoutMs: UInt64 = 15_000
    private static let topologySizeMax = 16 << 20

    private let description: MemberDescription
    private let secret: [UInt8]
    private let nonce = Cryptography.secureRandomBytes(count: PeerHandshake.nonceSize)
    private let proposal: ProposalID
    private var reader = PeerFrameReader(sizeMax: PeerFrameReader.handshakeSizeMax)
    private var isProven = false
    private var stream: TCPStream?
    private var timer: Timer?
    private var done: ((Outcome) -> Void)?

    private init(
        _ description: MemberDescription, secret: [UInt8], done: @escaping (Outcome) -> Void
    ) {
        self.description = description
        self.secret = secret
        self.done = done
        var random = SeededRandom.fromSystem()
        proposal = ProposalID(rawValue: random.next() >> 1)
    }

    /// Asks the node at `address` and waits for its answer.
    static func ask(
        _ address: SocketAddress, for description: MemberDescription, secret: [UInt8],
        loop: EventLoop
    ) -> Outcome {
        let answer = Mutex<Outcome?>(nil)
        let signal = Semaphore()
        let box = AnswerBox(answer)
        loop.post {
            let client = JoinClient(description, secret: secret) { outcome in
                box.value.withLock { $0 = outcome }
                signal.signal()
            }
            client.start(address, loop)
        }
        signal.wait()
        return box.value.withLock { $0 } ?? .failed("no answer")
    }

    private func start(_ address: SocketAddress, _ loop: EventLoop) {
        stream = TCPStream.connect(
            loop: loop, to: address, timeoutMs: Self.timeoutMs, handler: self)
        timer = Timer(loop: loop) { [self] in finish(.failed("no answer in time")) }
        timer?.set(afterMs: Self.timeoutMs)
    }

    private func finish(_ outcome: Outcome) {
        timer?.close()
        timer = nil
        done?(outcome)
        done = nil
        stream?.close()
    }

    private var hello: PeerHandshake.Hello {
        PeerHandshake.Hello(
            purpose: .join, clusterID: UniqueID(high: 0, low: 0), nodeID: description.id,
            number: NodeNumber(rawValue: 0), nonce: nonce)
    }

    // MARK: StreamHandler

    func streamConnected(_ stream: TCPStream) {
        stream.write(PeerHandshake.frame(.hello(hello)))
    }

    func streamReceived(_ stream: TCPStream, _ bytes: Span<UInt8>) {
        reader.append(bytes)
        while !stream.isClosed {
            switch reader.next() {
            case .needMore: return
            case .failed(let reason): return finish(.failed(reason))
            case .payload(let payload):
                if isProven { take(payload) } else { greet(payload, stream) }
            }
        }
    }

    func streamClosed(_ stream: TCPStream, error: PlatformError?) {
        finish(.failed(error?.description ?? "the connection was closed"))
    }

    private func greet(_ payload: [UInt8], _ stream: TCPStream) {
        switch try? PeerHandshake.decode(payload) {
        case .reject(let reason): finish(.refused(reason))
        case .welcome(let welcome):
            func code(_ role: PeerHandshake.Role) -> [UInt8] {
                Cryptography.hmacSHA256(
                    key: secret,
                    message: PeerHandshake.transcript(
                        role, hello: hello, acceptorID: welcome.nodeID,
                        acceptorNonce: welcome.nonce))
            }
            guard Cryptography.constantTimeEquals(welcome.code, code(.acceptor)) else {
                return finish(.refused("its 'cluster-secret' is another one"))
            }
            isProven = true
            reader.sizeMax = Self.topologySizeMax
            stream.write(PeerHandshake.frame(.proof(code(.opener))))
            var writer = PeerFrameWriter()
            let request = ControlMessage.joinRequest(proposal, description)
            writer.append(.control(request.encoded()))
            stream.write(writer.take(header: PeerFrameHeader(epoch: 0, fence: 0)))
        case .hello, .proof, .copy, .forgotten, nil:
            finish(.failed("it does not speak the peer protocol"))
        }
    }

    private func take(_ payload: [UInt8]) {
        guard var messages = try? PeerPayloadReader(payload),
            let first = try? messages.next(), case .control(let bytes) = first,
            let message = try? ControlMessage(decoding: bytes)
        else { return finish(.failed("its answer cannot be decoded")) }
        switch message {
        case .accepted(_, let topology): finish(.joined(topology))
        case .refused(_, let reason, let isFinal):
            finish(isFinal ? .refused(reason) : .failed(reason))
        default: finish(.failed("its answer makes no sense"))
        }
    }
}

private final class AnswerBox: Sendable {
    let value: Mutex<JoinClient.Outcome?>

    init(_ value: consuming Mutex<JoinClient.Outcome?>) { self.value = value }
}
