internal import Platform

/// A password. It says what it is only when asked by name, so that no log line, error message or
/// crash report can show it by accident.
public struct Secret: Sendable, Equatable, CustomStringConvertible, CustomReflectable {
    /// The password itself; empty when none is set.
    public let revealed: String

    public init(_ text: String) { revealed = text }

    public var isSet: Bool { !revealed.isEmpty }

    /// What may be shown: whether one is set.
    public var description: String { isSet ? "(set)" : "" }

    public var customMirror: Mirror { Mirror(reflecting: description) }

    /// Whether `candidate` is this password, in a time that does not tell how far it is right.
    ///
    /// An unset secret matches nothing: whether a password is needed at all is the caller's
    /// question.
    public func matches(_ candidate: [UInt8]) -> Bool {
        isSet && Cryptography.constantTimeEquals(Array(revealed.utf8), candidate)
    }
}
