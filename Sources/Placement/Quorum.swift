/// How many replicas have to answer, as clients and admins say it.
public enum Quorum: Sendable, Hashable {
    /// At most `numberMax`.
    case number(Int)
    case one
    /// More than half of n.
    case quorum
    case all
    /// What is said further down: for a request by its keyspace, for a keyspace by the node's
    /// settings.
    case `default`

    /// The most replicas that a key can have.
    public static let numberMax = PlacementTable.replicasMax

    /// In one byte. In memory, on disk and on the wire; never reuse.
    ///
    ///     0…16 = that many, 0x80 one, 0x81 quorum, 0x82 all, 0x83 default
    public var code: UInt8 {
        switch self {
        case .number(let number): UInt8(max(0, min(number, Self.numberMax)))
        case .one: 0x80
        case .quorum: 0x81
        case .all: 0x82
        case .default: 0x83
        }
    }

    /// Nil for a byte that is no code.
    public init?(code: UInt8) {
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

    /// Of n replicas how many; nil for `default`, which others decide.
    @inlinable
    public func count(of n: Int) -> Int? {
        switch self {
        case .number(let number): number
        case .one: 1
        case .quorum: n / 2 + 1
        case .all: n
        case .default: nil
        }
    }

    /// As clients and admins write it.
    public var text: String {
        switch self {
        case .number(let number): "\(number)"
        case .one: "ONE"
        case .quorum: "QUORUM"
        case .all: "ALL"
        case .default: "DEFAULT"
        }
    }
}
