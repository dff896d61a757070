/// The quorums that a request, a connection or a keyspace asks for: of each one a `Quorum`, or nil
/// where it says nothing.
///
/// Kept in a few bytes, because every request carries them.
public struct Quorums: Sendable, Hashable {
    /// Which quorum. The raw values stand in formats on disk: never reorder or reuse.
    public enum Name: UInt8, CaseIterable, Sendable {
        case r = 1
        case w = 2
        case pr = 3
        case pw = 4
        case dw = 5

        /// As admins write it.
        public var text: String { "\(self)" }

        /// Whether it may be 0: a read needs one replica at least, and so does a write, but none of
        /// them has to be a primary or on disk.
        public var mayBeZero: Bool { self != .r && self != .w }
    }

    private static let unset: UInt8 = 0xFF
    private var rCode = Self.unset
    private var wCode = Self.unset
    private var prCode = Self.unset
    private var pwCode = Self.unset
    private var dwCode = Self.unset

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

    public subscript(name: Name) -> Quorum? {
        get {
            switch name {
            case .r: r
            case .w: w
            case .pr: pr
            case .pw: pw
            case .dw: dw
            }
        }
        set {
            switch name {
            case .r: r = newValue
            case .w: w = newValue
            case .pr: pr = newValue
            case .pw: pw = newValue
            case .dw: dw = newValue
            }
        }
    }

    /// What `other` says where it says something, else what this one does. Part of requests that
    /// bring quorums of their own.
    public func overridden(by other: Quorums) -> Quorums {
        var result = self
        if other.rCode != Self.unset { result.rCode = other.rCode }
        if other.wCode != Self.unset { result.wCode = other.wCode }
        if other.prCode != Self.unset { result.prCode = other.prCode }
        if other.pwCode != Self.unset { result.pwCode = other.pwCode }
        if other.dwCode != Self.unset { result.dwCode = other.dwCode }
        return result
    }
}

extension Quorums: CustomStringConvertible {
    /// `r 1, w QUORUM`: what is said, and nothing of the rest.
    public var description: String {
        Name.allCases.compactMap { name in self[name].map { "\(name.text) \($0.text)" } }
            .joined(separator: ", ")
    }
}
