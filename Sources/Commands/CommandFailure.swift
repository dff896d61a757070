/// An error reply: why a command was not carried out, in Redis' words.
public struct CommandFailure: Error, Sendable, Equatable {
    /// The code, a space and the text: `ERR syntax error`.
    public let text: String

    public init(_ text: String) { self.text = text }

    static let syntax = CommandFailure("ERR syntax error")
    static let notAnInteger = CommandFailure("ERR value is not an integer or out of range")
    static let notAFloat = CommandFailure("ERR value is not a valid float")
    static let tooLarge = CommandFailure(
        "ERR string exceeds maximum allowed size (proto-max-bulk-len)")

    static let keyTooLarge = CommandFailure(
        "ERR key exceeds maximum allowed size (\(KeyRequest.keySizeMax) bytes)")

    static func invalidExpireTime(_ command: String) -> CommandFailure {
        CommandFailure("ERR invalid expire time in '\(command)' command")
    }
}
