public import Essentials

/// What nodes say to each other about keys, and the envelope for what their control planes say.
///
/// Requests travel on a connection that the sender opened, answers come back on the same one; `id`
/// ties them and means nothing to the answering side. Objects and replies are opaque here.
///
/// Requests say how long their sender goes on waiting (`patienceMs`). It counts from the arrival,
/// so that nobody's wall clock matters: a replica that comes to a request later than that drops
/// what nobody waits for, and says so (`late`).
public enum PeerMessage: Sendable, Equatable {
    /// Merge this object; answer `wrote`, or, where the sender wants to hear of it and the result
    /// has more than it has sent, `wroteBeside`.
    case write(
        id: UInt64, key: PeerKey, wantsDurability: Bool, record: [UInt8],
        patienceMs: UInt32 = unlimitedPatienceMs, wantsUncovered: Bool = false)
    /// Keep this object for `target`, which cannot be reached and is to get it later; answer
    /// `wrote`.
    case hint(
        id: UInt64, target: NodeNumber, key: PeerKey, wantsDurability: Bool, record: [UInt8])
    /// You have missed these, all of one partition: merge them; answer `handedOver`.
    case handoff(id: UInt64, entries: [HandoffEntry])
    /// Which hints do you keep of this key? Answer `hintsKept`.
    case hintsWanted(id: UInt64, key: PeerKey)
    /// By which topology do you serve now? Answer `epochTold`.
    case epochWanted(id: UInt64)
    /// Do you hold the object with this fingerprint? Answer `same` or `differs`.
    case check(
        id: UInt64, key: PeerKey, fingerprint: UInt64, patienceMs: UInt32 = unlimitedPatienceMs)
    /// Coordinate this command; answer `forwarded`.
    case forward(id: UInt64, consistency: PeerConsistency, arguments: [[UInt8]])
    /// Carry out this command, which asks about what the receiver holds; answer `executed`.
    case execute(id: UInt64, arguments: [[UInt8]])
    case wrote(id: UInt64, isDurable: Bool)
    /// It has, beside things that the write has not covered: this is what it holds now.
    /// `wasKnown`: it had heard of the write before.
    case wroteBeside(id: UInt64, isDurable: Bool, wasKnown: Bool, record: [UInt8])
    /// All but those refused are stored; so many bytes may now be under way.
    case handedOver(id: UInt64, windowBytes: UInt64, refused: [HandoffRefusal])
    case hintsKept(id: UInt64, hints: [KeptHint])
    case epochTold(id: UInt64, epoch: UInt64)
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

    /// The number of the request that it answers; nil for requests, and for answers to those that
    /// `requestID` does not count. Each counted request gets one answer, or its connection ends.
    public var answeredID: UInt64? {
        switch self {
        case .wrote(let id, _), .wroteBeside(let id, _, _, _), .same(let id), .differs(let id, _),
            .forwarded(let id, _),
            .refused(let id, _), .handedOver(let id, _, _):
            id == 0 ? nil : id
        default: nil
        }
    }

    /// Of requests that are wanted whenever they come, such as repairs.
    public static let unlimitedPatienceMs = UInt32.max

    /// The number under which an answer is awaited; nil for messages that want none.
    public var requestID: UInt64? {
        switch self {
        case .write(let id, _, _, _, _, _), .check(let id, _, _, _), .forward(let id, _, _),
            .hint(let id, _, _, _, _), .handoff(let id, _):
            id == 0 ? nil : id
        default: nil
        }
    }

    /// How long the sender waits for the answer, from the request's arrival on; 0: no longer.
    public var patienceMs: UInt32 {
        switch self {
        case .write(_, _, _, _, let patienceMs, _), .check(_, _, _, let patienceMs): patienceMs
        case .forward(_, let consistency, _): consistency.timeoutMs
        default: Self.unlimitedPatienceMs
        }
    }

    /// The same request after it has waited for `ms` at the receiver.
    public func waited(ms: UInt64) -> PeerMessage {
        guard ms > 0, patienceMs != Self.unlimitedPatienceMs else { return self }
        let left = UInt32(clamping: UInt64(patienceMs) - min(ms, UInt64(patienceMs)))
        switch self {
        case .write(let id, let key, let wantsDurability, let record, _, let wantsUncovered):
            return .write(
                id: id, key: key, wantsDurability: wantsDurability, record: record,
                patienceMs: left, wantsUncovered: wantsUncovered)
        case .check(let id, let key, let fingerprint, _):
            return .check(id: id, key: key, fingerprint: fingerprint, patienceMs: left)
        case .forward(let id, var consistency, let arguments):
            consistency.timeoutMs = left
            return .forward(id: id, consistency: consistency, arguments: arguments)
        default: return self
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
        /// It came to the request after the sender's patience; the request was not carried out.
        case late = 7
        /// The replica's own copy of the object cannot be read.
        case unreadable = 8
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

/// One of the objects that a holder of hints hands over.
public struct HandoffEntry: Sendable, Equatable {
    public var key: PeerKey
    public var record: [UInt8]

    public init(key: PeerKey, record: [UInt8]) {
        self.key = key
        self.record = record
    }
}

/// A hint as its holder tells an admin of it.
public struct KeptHint: Sendable, Equatable {
    public var target: NodeNumber
    public var record: [UInt8]

    public init(target: NodeNumber, record: [UInt8]) {
        self.target = target
        self.record = record
    }
}

/// Which of a handoff's objects was not stored, and why.
public struct HandoffRefusal: Sendable, Equatable {
    /// Counted from 0, as they were sent.
    public var index: Int
    public var reason: PeerMessage.Refusal

    public init(index: Int, reason: PeerMessage.Refusal) {
        self.index = index
        self.reason = reason
    }
}

/// The numbers under which a forwarded command is to be coordinated.
public struct PeerConsistency: Sendable, Equatable {
    public var r: UInt8
    public var w: UInt8
    public var pr: UInt8
    public var pw: UInt8
    public var dw: UInt8
    /// What is left of the client's patience; 0: nothing.
    public var timeoutMs: UInt32
    /// Greater than that of every write handed over before on the connection: none is carried out
    /// twice. 0 for what only reads.
    public var sequence: UInt64 = 0
    /// By the receiver's monotonic clock, in ns: from then on a write must not be begun, since its
    /// sender has given it up.
    public var beginByNs: UInt64 = .max

    public init(r: UInt8, w: UInt8, pr: UInt8, pw: UInt8, dw: UInt8, timeoutMs: UInt32) {
        self.r = r
        self.w = w
        self.pr = pr
        self.pw = pw
        self.dw = dw
        self.timeoutMs = timeoutMs
    }
}
