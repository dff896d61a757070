/// How many replicas have to answer, as clients say it.
public enum Quorum: Sendable, Equatable {
    /// At most `numberMax`.
    case number(Int)
    case one
    /// More than half of n.
    case quorum
    case all
    /// What the keyspace says.
    case `default`

    /// The most replicas that a key can have: a preference list fits 16 bits.
    public static let numberMax = 16

    /// In one byte, as an override holds it.
    ///
    ///     0…16 = that many, 0x80 one, 0x81 quorum, 0x82 all, 0x83 default
    var code: UInt8 {
        switch self {
        case .number(let number): UInt8(max(0, min(number, Self.numberMax)))
        case .one: 0x80
        case .quorum: 0x81
        case .all: 0x82
        case .default: 0x83
        }
    }

    /// Nil for a byte that is no code.
    init?(code: UInt8) {
        switch code {
        case 0x80: self = .one
        case 0x81: self = .quorum
        case 0x82: self = .all
        case 0x83: self = .default
        default:
            guard code <= Self.numberMax else { return nil }
            self = .number(Int(code))
        }
    }
}

/// What a request or a connection asks for instead of the keyspace's own numbers; nil leaves them.
///
/// Kept in a few bytes, because every request carries one.
public struct ConsistencyOverride: Sendable, Equatable {
    /// The longest wait that a client may ask for: an hour.
    public static let timeoutMsMax = 3_600_000

    private static let unset: UInt8 = 0xFF
    private var rCode = Self.unset
    private var wCode = Self.unset
    private var prCode = Self.unset
    private var pwCode = Self.unset
    private var dwCode = Self.unset
    /// 0 for none.
    private var timeout: UInt32 = 0

    public init() {}

    public var r: Quorum? {
        get { Quorum(code: rCode) }
        set { rCode = newValue?.code ?? Self.unset }
    }

    public var w: Quorum? {
        get { Quorum(code: wCode) }
        set { wCode = newValue?.code ?? Self.unset }
    }

    public var pr: Quorum? {
        get { Quorum(code: prCode) }
        set { prCode = newValue?.code ?? Self.unset }
    }

    public var pw: Quorum? {
        get { Quorum(code: pwCode) }
        set { pwCode = newValue?.code ?? Self.unset }
    }

    public var dw: Quorum? {
        get { Quorum(code: dwCode) }
        set { dwCode = newValue?.code ?? Self.unset }
    }

    /// At least 1, at most `timeoutMsMax`.
    public var timeoutMs: Int? {
        get { timeout == 0 ? nil : Int(timeout) }
        set { timeout = UInt32(max(0, min(newValue ?? 0, Self.timeoutMsMax))) }
    }

    /// What `other` says where it says something, else what this one does: a request's words go
    /// before its connection's.
    public func overridden(by other: ConsistencyOverride) -> ConsistencyOverride {
        var result = self
        result.r = other.r ?? r
        result.w = other.w ?? w
        result.pr = other.pr ?? pr
        result.pw = other.pw ?? pw
        result.dw = other.dw ?? dw
        result.timeoutMs = other.timeoutMs ?? timeoutMs
        return result
    }
}
