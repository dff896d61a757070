import Essentials
import Hashing
import Platform
import Wire

/// Somebody who knows the cluster's secret and says that he is one of its members.
struct PeerImpostor: Sendable {
    /// Length and checksum of a frame.
    static let framePrefixSize = 12

    private let clusterID: UniqueID
    private let nodeID: UniqueID
    private let number: NodeNumber
    /// The number of the member's run. Another one would be that of a copy, and be refused.
    private let life: UInt64
    private let secret: [UInt8]
    private let purpose: PeerHandshake.Purpose

    /// - Parameter server: whom to impersonate.
    init(of server: Server, secret: String, _ purpose: PeerHandshake.Purpose) throws {
        self.purpose = purpose
        clusterID = try Self.id(server.info("cluster_id"))
        nodeID = try Self.id(server.info("node_id"))
        number = NodeNumber(rawValue: UInt16(try server.info("node_number") ?? "") ?? 0)
        self.secret = Array(secret.utf8)
        let stranger = PeerHandshake.Hello(
            purpose: .join, clusterID: clusterID, nodeID: UniqueID(high: 1, low: 1), number: number,
            nonce: Cryptography.secureRandomBytes(count: PeerHandshake.nonceSize))
        let socket = try Socket(to: Endpoint(port: server.peerPort), timeout: .seconds(10))
        life = try Self.welcome(stranger, on: socket).life
    }

    private static func id(_ digits: String?) throws -> UniqueID {
        guard let digits, let high = UInt64(digits.prefix(16), radix: 16),
            let low = UInt64(digits.dropFirst(16), radix: 16)
        else { throw Failure("no identifier: \(digits ?? "nothing")") }
        return UniqueID(high: high, low: low)
    }

    /// Opens a peer connection in earnest.
    func shakeHands(_ socket: borrowing Socket) throws {
        let hello = PeerHandshake.Hello(
            purpose: purpose, clusterID: clusterID, nodeID: nodeID, number: number,
            nonce: Cryptography.secureRandomBytes(count: PeerHandshake.nonceSize), life: life)
        let welcome = try Self.welcome(hello, on: socket)
        try socket.send(PeerHandshake.frame(.proof(proof(hello, welcome))))
    }

    /// Says hello, and hears who is there.
    private static func welcome(
        _ hello: PeerHandshake.Hello, on socket: borrowing Socket
    ) throws -> PeerHandshake.Welcome {
        try socket.send(PeerHandshake.frame(.hello(hello)))
        var frames = PeerFrameReader(sizeMax: PeerFrameReader.handshakeSizeMax)
        var event = frames.next()
        while event == .needMore {
            let received = try socket.receive()
            frames.append(received.span)
            event = frames.next()
        }
        guard case .payload(let payload) = event,
            case .welcome(let welcome) = try PeerHandshake.decode(payload)
        else { throw Failure("no welcome: \(event)") }
        return welcome
    }

    /// What shows that the secret is known.
    private func proof(
        _ hello: PeerHandshake.Hello, _ welcome: PeerHandshake.Welcome
    ) -> [UInt8] {
        Cryptography.hmacSHA256(
            key: secret,
            message: PeerHandshake.transcript(
                .opener, hello: hello, acceptorID: welcome.nodeID,
                acceptorNonce: welcome.nonce))
    }

    /// Puts any bytes into a frame that is right.
    static func frame(_ payload: [UInt8]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.appendLittleEndian(UInt32(payload.count))
        bytes.appendLittleEndian(xxh3(payload))
        return bytes + payload
    }
}
