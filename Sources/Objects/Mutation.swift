/// What a string key shows to a command at one moment: siblings resolved, increments added up,
/// what has expired left out.
public struct StringView: Sendable, Equatable {
    public var bytes: [UInt8]
    /// Milliseconds since 1970; nil for a key that does not expire.
    public var deadlineMs: UInt64?

    public init(bytes: [UInt8], deadlineMs: UInt64? = nil) {
        self.bytes = bytes
        self.deadlineMs = deadlineMs
    }
}

/// What a write does to a key's expiry.
public enum DeadlineChange: Sendable, Equatable {
    case keep
    case remove
    /// Milliseconds since 1970.
    case set(UInt64)
}

/// What a command does to an object, said without causality: the engine adds the dot and the stamp.
public enum Mutation: Sendable, Equatable {
    /// Overwrites all that the coordinator knows of the key.
    case assign([UInt8], deadline: DeadlineChange)
    /// Adds to the key as a counter; concurrent increments add up. The deadline stays.
    case increment(Int64)
    /// The same for decimal amounts (`INCRBYFLOAT`).
    case incrementDecimal(FixedDecimal)
    /// Changes the expiry alone; `.keep` is not meaningful here.
    case setDeadline(DeadlineChange)
    /// Drops the values and keeps the context.
    case delete

    /// Whether it replaces the whole value.
    public var isOverwrite: Bool {
        switch self {
        case .assign, .delete: true
        case .increment, .incrementDecimal, .setDeadline: false
        }
    }
}
