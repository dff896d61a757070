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

    /// Whether `candidate` is this password, in a time that depends on the candidate's length only.
    ///
    /// An unset secret matches nothing: whether a password is needed at all is the caller's question.
    public func matches(_ candidate: [UInt8]) -> Bool {
        let expected = Array(revealed.utf8)
        guard !expected.isEmpty else { return false }
        var difference = UInt8(expected.count == candidate.count ? 0 : 1)
        for (index, byte) in candidate.enumerated() {
            difference |= byte ^ expected[index % expected.count]
        }
        return difference == 0
    }
}
