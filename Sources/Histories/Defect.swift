/// Something that a store must not do.
public struct Defect: Sendable, Equatable, CustomStringConvertible {
    public enum Kind: String, Sendable {
        /// An acknowledged write is not there, and nothing has replaced it.
        case lost
        /// A value is there that nobody wrote, or a count that nobody could reach.
        case invented
        /// Something that was replaced or removed is there again.
        case returned
        /// A read shows less than what was acknowledged before it began.
        case stale
        /// A read shows less than an earlier read did.
        case backwards
        /// Two replicas differ when all is over.
        case unequal
        /// No replica was read.
        case unread
    }

    public let kind: Kind
    public let key: String
    public let text: String

    init(_ kind: Kind, _ key: String, _ text: String) {
        self.kind = kind
        self.key = key
        self.text = text
    }

    public var description: String { "\(key): \(kind.rawValue): \(text)" }
}
