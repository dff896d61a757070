public import Essentials
internal import Hashing

// The handshake that opens a peer connection. On the wire. Never reorder or reuse.
//
// Each message is a frame (length, XXH3-64, payload) whose payload begins with a kind byte:
//
//     1 hello    u32 magic "MRTL", u8 protocol version, u8 purpose, cluster id (16), node id (16),
//                u16 node number, nonce (16), u64 life, u64 life before, listed id (16)
//     2 welcome  u8 protocol version, node id (16), u16 node number, nonce (16), u64 life, MAC
//                (32), u64 the acceptor's monotonic clock in ns
//     3 proof    MAC (32)
//     4 reject   reason (varint length, UTF-8)
//     5 copy     where the node runs already (varint length, UTF-8)
//     6 forgotten  u64 life
//
// Whoever connects says hello, the other side shows by its MAC that it knows the cluster's secret,
// and the first proves the same. A MAC is HMAC-SHA-256 with the secret as key over a role byte,
// both nonces and both node ids, so that neither can be replayed or reflected. Nothing else is
// decoded before. The magic and the version come first, so that something else on the port (a
// browser, a Redis client) is noticed at once.

/// The messages by which two nodes prove to each other that they belong together.
public enum PeerHandshake {
    public static let magic: UInt32 = 0x4C54_524D
    public static let nonceSize = 16
    public static let codeSize = 32

    /// What a connection is for.
    public enum Purpose: UInt8, Sendable, Equatable {
        case member = 1
        /// From a node that is no member yet: only control messages about joining may follow.
        case join = 2
    }

    public struct Hello: Sendable, Equatable {
        public var purpose: Purpose
        public var clusterID: UniqueID
        public var nodeID: UniqueID
        public var number: NodeNumber
        public var nonce: [UInt8]
        /// The number of the sender's run, and of the run before that its directory knows of.
        public var life: UInt64
        public var previousLife: UInt64
        /// Who the sender's topology says is at the address that it has dialled; nobody where it
        /// only looks around.
        public var listedID: UniqueID

        public init(
            purpose: Purpose, clusterID: UniqueID, nodeID: UniqueID, number: NodeNumber,
            nonce: [UInt8], life: UInt64 = 0, previousLife: UInt64 = 0,
            listedID: UniqueID = UniqueID(high: 0, low: 0)
        ) {
            self.purpose = purpose
            self.clusterID = clusterID
            self.nodeID = nodeID
            self.number = number
            self.nonce = nonce
            self.life = life
            self.previousLife = previousLife
            self.listedID = listedID
        }
    }

    public struct Welcome: Sendable, Equatable {
        public var nodeID: UniqueID
        public var number: NodeNumber
        public var nonce: [UInt8]
        /// The number of the acceptor's run.
        public var life: UInt64
        public var code: [UInt8]
        /// The acceptor's monotonic clock; 0 says nothing.
        public var monotonicNs: UInt64

        public init(
            nodeID: UniqueID, number: NodeNumber, nonce: [UInt8], life: UInt64 = 0, code: [UInt8],
            monotonicNs: UInt64 = 0
        ) {
            self.nodeID = nodeID
            self.number = number
            self.nonce = nonce
            self.life = life
            self.code = code
            self.monotonicNs = monotonicNs
        }
    }

    public enum Message: Sendable, Equatable {
        case hello(Hello)
        case welcome(Welcome)
        case proof([UInt8])
        case reject(String)
        /// The node that says hello runs already, at this address.
        case copy(address: String)
        /// Of the node that says hello a later run is known than its directory knows of.
        case forgotten(life: UInt64)
    }

    public enum Role: UInt8, Sendable { case opener = 1, acceptor = 2 }

    /// What the MAC of `role` covers.
    public static func transcript(
        _ role: Role, hello: Hello, acceptorID: UniqueID, acceptorNonce: [UInt8]
    ) -> [UInt8] {
        var bytes: [UInt8] = [role.rawValue, PeerFrameWriter.protocolVersion]
        bytes.append(contentsOf: hello.nonce)
        bytes.append(contentsOf: acceptorNonce)
        hello.clusterID.encode(into: &bytes)
        hello.nodeID.encode(into: &bytes)
        acceptorID.encode(into: &bytes)
        bytes.appendLittleEndian(hello.life)
        bytes.appendLittleEndian(hello.previousLife)
        hello.listedID.encode(into: &bytes)
        return bytes
    }

    private static let reasonSizeMax = 1024

    /// Encodes a handshake message as a whole frame.
    public static func frame(_ message: Message) -> [UInt8] {
        var payload: [UInt8] = []
        switch message {
        case .hello(let hello):
            payload.append(1)
            payload.appendLittleEndian(magic)
            payload.append(PeerFrameWriter.protocolVersion)
            payload.append(hello.purpose.rawValue)
            hello.clusterID.encode(into: &payload)
            hello.nodeID.encode(into: &payload)
            payload.appendLittleEndian(hello.number.rawValue)
            payload.append(contentsOf: hello.nonce)
            payload.appendLittleEndian(hello.life)
            payload.appendLittleEndian(hello.previousLife)
            hello.listedID.encode(into: &payload)
        case .welcome(let welcome):
            payload.append(2)
            payload.append(PeerFrameWriter.protocolVersion)
            welcome.nodeID.encode(into: &payload)
            payload.appendLittleEndian(welcome.number.rawValue)
            payload.append(contentsOf: welcome.nonce)
            payload.appendLittleEndian(welcome.life)
            payload.append(contentsOf: welcome.code)
            payload.appendLittleEndian(welcome.monotonicNs)
        case .proof(let code):
            payload.append(3)
            payload.append(contentsOf: code)
        case .reject(let reason):
            payload.append(4)
            payload.appendSized(String(reason.prefix(reasonSizeMax / 4)))
        case .copy(let address):
            payload.append(5)
            payload.appendSized(String(address.prefix(reasonSizeMax / 4)))
        case .forgotten(let life):
            payload.append(6)
            payload.appendLittleEndian(life)
        }
        var bytes: [UInt8] = []
        bytes.appendLittleEndian(UInt32(payload.count))
        bytes.appendLittleEndian(xxh3(payload))
        bytes.append(contentsOf: payload)
        return bytes
    }

    /// Decodes the payload of a handshake frame.
    public static func decode(_ payload: [UInt8]) throws(DecodingError) -> Message {
        var reader = ByteReader(payload)
        let message: Message
        switch try reader.readByte() {
        case 1: message = .hello(try decodeHello(from: &reader))
        case 2:
            try checkVersion(from: &reader)
            let nodeID = try UniqueID(from: &reader)
            let number = NodeNumber(rawValue: try reader.readLittleEndian())
            let nonce = try reader.readBytes(count: nonceSize)
            let life = try reader.readLittleEndian(UInt64.self)
            let code = try reader.readBytes(count: codeSize)
            message = .welcome(
                Welcome(
                    nodeID: nodeID, number: number, nonce: nonce, life: life, code: code,
                    monotonicNs: try reader.readLittleEndian()))
        case 3: message = .proof(try reader.readBytes(count: codeSize))
        case 4: message = .reject(try reader.readSizedString(max: reasonSizeMax))
        case 5: message = .copy(address: try reader.readSizedString(max: reasonSizeMax))
        case 6: message = .forgotten(life: try reader.readLittleEndian())
        default: throw .invalid("handshake message")
        }
        try reader.finish()
        return message
    }

    private static func decodeHello(from reader: inout ByteReader) throws(DecodingError) -> Hello {
        guard try reader.readLittleEndian(UInt32.self) == magic else { throw .invalid("magic") }
        try checkVersion(from: &reader)
        guard let purpose = Purpose(rawValue: try reader.readByte()) else {
            throw .invalid("purpose")
        }
        let clusterID = try UniqueID(from: &reader)
        let nodeID = try UniqueID(from: &reader)
        let number = NodeNumber(rawValue: try reader.readLittleEndian())
        let nonce = try reader.readBytes(count: nonceSize)
        let life = try reader.readLittleEndian(UInt64.self)
        let previousLife = try reader.readLittleEndian(UInt64.self)
        return Hello(
            purpose: purpose, clusterID: clusterID, nodeID: nodeID, number: number, nonce: nonce,
            life: life, previousLife: previousLife, listedID: try UniqueID(from: &reader))
    }

    private static func checkVersion(from reader: inout ByteReader) throws(DecodingError) {
        let version = try reader.readByte()
        guard version == PeerFrameWriter.protocolVersion else { throw .unknownVersion(version) }
    }
}
