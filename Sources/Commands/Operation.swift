public import Objects

/// What one command does to one string key: read, then perhaps write.
///
/// Everything is parsed but what Redis itself looks at only once it has the value: such an argument
/// is kept as nil where it is not a number, and fails when its turn comes. So errors come in Redis'
/// order. What is rare and large is boxed, so that the rest is moved cheaply.
public enum Operation: Sendable, Equatable {
    case get
    case set([UInt8], SetOptions)
    /// `SETEX` and `PSETEX`.
    case setExpiring([UInt8], Expiry)
    /// `SETNX`: answers a number.
    case setIfAbsent([UInt8])
    case getSet([UInt8])
    case getEx(DeadlineRequest)
    case getDel
    case append([UInt8])
    case size
    case getRange(start: Int64, end: Int64)
    case setRange(offset: Int64, [UInt8])
    /// `INCR`, `INCRBY`, `DECR` and `DECRBY`.
    case increment(Int64)
    /// `INCRBYFLOAT`; nil for an amount that is infinite or too large.
    case incrementDecimal(FixedDecimal?)
    case getBit(offset: Int64)
    /// `SETBIT`; nil for what is neither 0 nor 1.
    case setBit(offset: Int64, Bool?)
    indirect case bitCount(BitRange)
    indirect case bitPosition(of: Bool, BitRange)
    case bitField([BitFieldStep])

    case exists
    case type
    case touch
    case expire(Expiry, ExpireCondition)
    case timeToLive(Expiry.Unit)
    case expireTime(Expiry.Unit)
    case persist
    case delete
    case objectEncoding
    case objectRefcount
    case objectIdleTime
    case objectFrequency
    case dump
    indirect case restore(RestoreRequest)

    /// Carried out by the engine, which knows contexts; here only parsed.
    case dynamoGet
    case dynamoPut(context: [UInt8], [UInt8])
    case dynamoDelete(context: [UInt8])

    /// For plans: the value and its deadline (-1 for none) as an array, or null.
    case readEntry
    /// For plans: deletes what `readEntry` had read, unless it was written to since.
    indirect case deleteUnchanged(StringView)

    /// Bytes of the value that it brings along.
    public var payloadSize: Int {
        switch self {
        case .set(let value, _), .setExpiring(let value, _), .setIfAbsent(let value),
            .getSet(let value), .append(let value), .setRange(_, let value),
            .dynamoPut(_, let value):
            value.count
        case .restore(let request): request.payload.count
        default: 0
        }
    }

    /// What an operation needs to know and may do.
    public enum Kind: Sendable, Equatable {
        /// Never writes.
        case read
        /// Writes, and neither the reply nor what is written depends on what is there.
        case blindWrite
        /// Writes, or decides not to, by what is there.
        case readModifyWrite
    }

    public var kind: Kind {
        switch self {
        case .get, .size, .getRange, .getBit, .bitCount, .bitPosition, .exists, .type, .touch,
            .timeToLive, .expireTime, .objectEncoding, .objectRefcount, .objectIdleTime,
            .objectFrequency, .dump, .dynamoGet, .readEntry, .getEx(.keep):
            .read
        case .set(_, let options): options.isBlind ? .blindWrite : .readModifyWrite
        case .setExpiring: .blindWrite
        case .bitField(let steps): steps.allSatisfy(\.isRead) ? .read : .readModifyWrite
        default: .readModifyWrite
        }
    }
}

/// The options of `SET`.
public struct SetOptions: Sendable, Equatable {
    public enum Condition: Sendable, Equatable { case always, ifAbsent, ifPresent }

    public var condition = Condition.always
    public var deadline = DeadlineRequest.remove
    /// Whether the reply is the value that was there before.
    public var returnsOld = false

    public init() {}

    public static let plain = SetOptions()

    var isBlind: Bool { condition == .always && !returnsOld && deadline != .keep }
}

/// What a command asks to be done with the expiry, before it is checked.
public enum DeadlineRequest: Sendable, Equatable {
    case keep, remove
    case expire(Expiry)
}

/// When a key is to expire, as the client gave it.
public struct Expiry: Sendable, Equatable {
    public enum Unit: Sendable, Equatable { case seconds, milliseconds }

    /// Nil if the argument was not an integer.
    public var amount: Int64?
    public var unit: Unit
    /// Since 1970, not since now.
    public var isAbsolute: Bool

    public init(_ amount: Int64?, _ unit: Unit, isAbsolute: Bool) {
        self.amount = amount
        self.unit = unit
        self.isAbsolute = isAbsolute
    }
}

/// `NX`, `XX`, `GT` and `LT` of the `EXPIRE` family.
public struct ExpireCondition: OptionSet, Sendable, Equatable {
    public let rawValue: UInt8
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    public static let ifNone = ExpireCondition(rawValue: 1)
    public static let ifSome = ExpireCondition(rawValue: 2)
    public static let ifLater = ExpireCondition(rawValue: 4)
    public static let ifEarlier = ExpireCondition(rawValue: 8)
}

/// The range of `BITCOUNT` and `BITPOS`, looked at only once there is a value.
public struct BitRange: Sendable, Equatable {
    public enum Unit: Sendable, Equatable { case bytes, bits }

    public enum Bound: Sendable, Equatable {
        case missing, invalid
        case at(Int64)
    }

    public var start = Bound.missing
    public var end = Bound.missing
    /// Nil for a word that is not a unit.
    public var unit: Unit? = .bytes
    /// More words than there are arguments.
    public var hasExcess = false

    public init() {}
}

/// The arguments of `RESTORE`.
public struct RestoreRequest: Sendable, Equatable {
    public var payload: [UInt8]
    /// Milliseconds; 0 for none, nil if the argument was not an integer.
    public var timeToLive: Int64?
    public var isAbsolute = false
    public var replaces = false

    public init(payload: [UInt8], timeToLive: Int64?) {
        self.payload = payload
        self.timeToLive = timeToLive
    }
}
