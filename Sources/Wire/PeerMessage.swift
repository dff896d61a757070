internal import Essentials

/// What nodes say to each other about keys, and the envelope for what their control planes say.
///
/// Requests travel on a connection that the sender opened, answers come back on the same one; `id`
/// ties them and means nothing to the answering side. Objects and replies are opaque here.
public enum PeerMessage: Sendable, Equatable {
    /// Merge this object; answer `wrote`.
    case write(id: UInt64, key: PeerKey, wantsDurability: Bool, record: [UInt8])
    /// Do you hold the object with this fingerprint? Answer `same` or `differs`.
    case check(id: UInt64, key: PeerKey, fingerprint: UInt64)
    /// Coordinate this command; answer `forwarded`.
    case forward(id: UInt64, consistency: PeerConsistency, arguments: [[UInt8]])
    /// Carry out this command, which asks about what the receiver holds; answer `executed`.
    case execute(id: UInt64, arguments: [[UInt8]])
    case wrote(id: UInt64, isDurable: Bool)
    case same(id: UInt64)
    /// The sender's own object, empty when it has none.
    case differs(id: UInt64, record: [UInt8])
    /// The answer to a forwarded command, in RESP3.
    case forwarded(id: UInt64, reply: [UInt8])
    /// The answer to a command about a node, in RESP3.
    case executed(id: UInt64, reply: [UInt8])
    case refused(id: UInt64, Refusal)
    /// A message of the control plane (Membership owns its format).
    case control([UInt8])

    /// The number under which an answer is awaited; nil for messages that want none.
    public var requestID: UInt64? {
        switch self {
        case .write(let id, _, _, _), .check(let id, _, _), .forward(let id, _, _):
            id == 0 ? nil : id
        default: nil
        }
    }

    /// Why a replica did not do what it was asked. On the wire. Never reorder or reuse.
    public enum Refusal: UInt8, Sendable, Equatable {
        /// One side works with a topology that was replaced by one that moves keys.
        case epoch = 1
        /// The stamp is further ahead of the replica's clock than `hlc-drift-max` allows.
        case clock = 2
        case diskFull = 3
        case overloaded = 4
        case corrupt = 5
        /// Not a replica of this key in the topology both know.
        case notReplica = 6
    }
}

/// A key with its position, so that nobody hashes it twice.
public struct PeerKey: Sendable, Equatable {
    public var position: UInt64
    public var bytes: [UInt8]

    public init(position: UInt64, bytes: [UInt8]) {
        self.position = position
        self.bytes = bytes
    }
}

/// The numbers under which a forwarded command is to be coordinated.
public struct PeerConsistency: Sendable, Equatable {
    public var r: UInt8
    public var w: UInt8
    public var pr: UInt8
    public var pw: UInt8
    public var dw: UInt8
    /// What is left of the client's patience.
    public var timeoutMs: UInt32

    public init(r: UInt8, w: UInt8, pr: UInt8, pw: UInt8, dw: UInt8, timeoutMs: UInt32) {
        self.r = r
        self.w = w
        self.pr = pr
        self.pw = pw
        self.dw = dw
        self.timeoutMs = timeoutMs
    }
}
