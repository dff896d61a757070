/// How much a client may ask of the request parser. Each bound can be changed between two commands.
public struct RequestLimits: Sendable, Equatable {
    /// Words of one command. Redis' own bound until version 7.
    public var argumentCountMax = 1 << 20
    /// Bytes of one word. The default leaves room for a value of 16 MiB and a few bytes about it.
    public var argumentSizeMax = (16 << 20) + (64 << 10)
    /// Bytes of a whole command as it stands on the wire: four of the largest values.
    public var commandSizeMax = 64 << 20
    /// Bytes of an inline command and of a length line: Redis' `PROTO_INLINE_MAX_SIZE`.
    public var lineSizeMax = 64 << 10
    /// Whether only so much is accepted as `AUTH` and `HELLO` need: the client has yet to prove who
    /// it is, so it must not make the server keep much for it.
    public var isRestricted = false

    /// Words of one command before `AUTH`, as in Redis.
    public static let restrictedArgumentCountMax = 10
    /// Bytes of one word before `AUTH`, as in Redis.
    public static let restrictedArgumentSizeMax = 16 << 10
    /// Places in the parser's buffer are kept in 32 bits.
    public static let commandSizeLimit = 1 << 31

    public init() {}

    /// What is known of a client that has not given the password yet.
    public static var unauthenticated: RequestLimits {
        var limits = RequestLimits()
        limits.isRestricted = true
        return limits
    }
}
