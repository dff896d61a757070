public import Causality

/// A dotted value of a string cell: what one write event left behind and nobody has overwritten.
///
/// One dot has two parts that live and die apart: the content (a register, or one actor's share of
/// a counter: see Counter.swift) and a deadline. `EXPIRE` replaces deadlines and leaves contents
/// alone, so that a concurrent `SET` is neither expired nor hidden by it.
///
/// Invariant: at least one part is present.
public struct Entry: Sendable, Equatable {
    public enum Content: Sendable, Equatable {
        case none
        case register([UInt8])
        case share(Share)
        /// The deadline has passed here and the register is gone; the dot stays, so that a replica
        /// that knows of a later deadline can still bring the value back.
        case expired

        /// Whether a client may see it, as far as this entry tells.
        var isLive: Bool {
            switch self {
            case .none, .expired: false
            case .register: true
            case .share(let share): !share.isExpired
            }
        }

        /// Whether it was there until its deadline.
        var hasExpired: Bool {
            switch self {
            case .none, .register: false
            case .share(let share): share.isExpired
            case .expired: true
            }
        }
    }

    /// Among concurrent deadlines the longest wins, and `.never` is longest: a session that was
    /// refreshed on one side of a partition is not expired by the other.
    public enum Deadline: Sendable, Equatable {
        case none
        /// Milliseconds since 1970.
        case at(UInt64)
        case never
    }

    public var dot: Dot
    public var stamp: Timestamp
    public var content: Content
    public var deadline: Deadline
    /// A register whose writer said what it has seen (`DPUT`): increments that it has not seen
    /// count into it whenever they were made. A plain write means to replace all that is older.
    /// False where there is no register any more.
    public var isCausal: Bool

    public init(
        dot: Dot, stamp: Timestamp, content: Content, deadline: Deadline, isCausal: Bool = false
    ) {
        self.dot = dot
        self.stamp = stamp
        self.content = content
        self.deadline = deadline
        self.isCausal = isCausal
    }

    /// Takes over the content of the same event, as it is elsewhere.
    mutating func take(contentOf other: Entry) {
        content = other.content
        isCausal = other.isCausal
    }

    /// Whether what `share` has added counts into this register.
    func counts(_ share: Entry) -> Bool { isCausal || stamp <= share.stamp }

    /// Whether it is a whole value, be it past its deadline.
    var isRegister: Bool {
        switch content {
        case .register, .expired: true
        case .none, .share: false
        }
    }

    /// The order in which siblings are shown, total and the same on every node: the later stamp
    /// first, ties broken by dot.
    func wins(over other: Entry) -> Bool {
        (stamp, dot) > (other.stamp, other.dot)
    }

    var hasContent: Bool {
        if case .none = content { return false }
        return true
    }

    var hasDeadline: Bool {
        if case .none = deadline { return false }
        return true
    }

    /// Which parts are there, and whether the content has expired: all that two replicas may hold
    /// differently of one dot. Part of fingerprints, so on the wire.
    var parts: UInt8 {
        var parts: UInt8 = content.hasExpired ? 1 : 0
        if hasContent { parts |= 2 }
        if hasDeadline { parts |= 4 }
        return parts
    }
}
