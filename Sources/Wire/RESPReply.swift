/// What a client is answered: every reply type of RESP2 and RESP3 that Redis uses.
///
/// One value serves both versions of the protocol; `ReplyEncoder` says how each one spells it.
public enum Reply: Sendable, Equatable {
    /// A short status without line ends, such as `OK`.
    case simple(String)
    /// An error: its code, a space and a text, such as `ERR syntax error`.
    case error(String)
    case integer(Int64)
    case bulk([UInt8])
    /// The absent value: where a bulk string would have stood.
    case null
    /// The absent array. RESP3 makes no difference between the two.
    case nullArray
    case array([Reply])
    /// Keys and values in turn: `[key, value, key, value]`. In RESP2 a flat array.
    case map([Reply])
    case set([Reply])
    /// What is sent without having been asked for. In RESP2 an array.
    case push([Reply])
    case double(Double)
    case boolean(Bool)
    /// Decimal digits of an integer of any size.
    case bigNumber(String)
    /// Text meant for people (`INFO`). In RESP2 a bulk string.
    case verbatim([UInt8])

    public static let ok = Reply.simple("OK")

    /// A bulk string of the UTF-8 of `text`.
    public static func bulk(_ text: String) -> Reply { .bulk(Array(text.utf8)) }

    public var isError: Bool {
        if case .error = self { true } else { false }
    }
}
