public import Essentials

/// What somebody says about a member: news that spreads on the back of probes.
public struct Rumour: Sendable, Equatable {
    public var subject: NodeNumber
    public var liveness: Liveness
    /// The subject's own count of how often it has objected; only it moves it on.
    public var incarnation: UInt64
    /// Who suspects it. Of other rumours: the subject.
    public var accuser: NodeNumber

    public init(
        _ subject: NodeNumber, _ liveness: Liveness, incarnation: UInt64,
        accuser: NodeNumber? = nil
    ) {
        self.subject = subject
        self.liveness = liveness
        self.incarnation = incarnation
        self.accuser = accuser ?? subject
    }

    /// Whether this is later news than `other` of the same subject:
    ///
    ///     alive(N) < suspect(N) < dead(N) < alive(N + 1)
    func isNewer(than other: Rumour) -> Bool {
        (incarnation, liveness.rawValue) > (other.incarnation, other.liveness.rawValue)
    }
}

/// What failure detectors say to each other.
public struct DetectorMessage: Sendable, Equatable {
    public enum Body: Sendable, Equatable {
        /// Answer with the number.
        case ping(UInt64)
        /// The member that was pinged answers, at first hand or through a helper.
        case ack(UInt64)
        /// Probe the target in my stead, and tell me by `ack` or `nack`.
        case pingRequest(UInt64, target: NodeNumber)
        /// The helper is there, and got no answer.
        case nack(UInt64)
        /// All that the sender knows; answer with all that you know.
        case sync([Rumour])
        case synced([Rumour])
        /// Whom do you see?
        case viewRequest(UInt64)
        case view(UInt64, [Rumour])
        /// Nothing but rumours.
        case news
    }

    public var body: Body
    /// The sender's own.
    public var incarnation: UInt64
    /// The sender runs, and some of its shards do not.
    public var isStalled: Bool
    /// News to pass on, the most important first.
    public var rumours: [Rumour]

    /// Rumours on the back of one message: at most 20 bytes each.
    public static let rumoursMax = 12
    /// Members in one comparison: 4096 are 60 KB.
    public static let statesMax = 4096
    /// An incarnation begins as a time in ms since 1970, which needs 41 bits now, and moves on by
    /// one a refutation. A greater one than 56 bits was never anybody's.
    static let incarnationMax: UInt64 = 1 << 56

    public init(
        _ body: Body, incarnation: UInt64, isStalled: Bool = false, rumours: [Rumour] = []
    ) {
        self.body = body
        self.incarnation = incarnation
        self.isStalled = isStalled
        self.rumours = rumours
    }
}
