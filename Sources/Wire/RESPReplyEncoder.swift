internal import Essentials

/// The two versions of the Redis protocol, which a connection chooses with `HELLO`.
public enum RESPVersion: UInt8, Sendable, Equatable {
    case two = 2
    case three = 3
}

/// Spells replies in one version of the protocol.
///
///     type        RESP2            RESP3
///     simple      +text            +text
///     error       -text            -text
///     integer     :n               :n
///     bulk        $size bytes      $size bytes
///     null        $-1              _
///     null array  *-1              _
///     array       *count items     *count items
///     map         *2count items    %count items
///     set         *count items     ~count items
///     push        *count items     >count items
///     double      $size text       ,text
///     boolean     :0 or :1         #f or #t
///     big number  $size text       (text
///     verbatim    $size bytes      =size txt:bytes
///
/// Every line ends with CR LF, and so do the bytes of a bulk string.
public struct ReplyEncoder: Sendable {
    public var version: RESPVersion

    public init(version: RESPVersion = .two) { self.version = version }

    /// Appends `reply` to `bytes`.
    public func encode(_ reply: Reply, into bytes: inout [UInt8]) {
        switch reply {
        case .simple(let text): Self.appendLine("+", text, into: &bytes)
        case .error(let text): Self.appendLine("-", text, into: &bytes)
        case .integer(let value): Self.appendNumber(":", value, into: &bytes)
        case .bulk(let content): Self.appendBulk(content, into: &bytes)
        case .array(let items): encode("*", items, perEntry: 1, into: &bytes)
        default: encodeRare(reply, into: &bytes)
        }
    }

    private func encodeRare(_ reply: Reply, into bytes: inout [UInt8]) {
        let isThree = version == .three
        switch reply {
        case .null: Self.appendASCII(isThree ? "_\r\n" : "$-1\r\n", into: &bytes)
        case .nullArray: Self.appendASCII(isThree ? "_\r\n" : "*-1\r\n", into: &bytes)
        case .map(let items):
            encode(isThree ? "%" : "*", items, perEntry: isThree ? 2 : 1, into: &bytes)
        case .set(let items): encode(isThree ? "~" : "*", items, perEntry: 1, into: &bytes)
        case .push(let items): encode(isThree ? ">" : "*", items, perEntry: 1, into: &bytes)
        case .double(let value):
            appendScalar(",", Self.text(value), into: &bytes)
        case .boolean(let value):
            if isThree {
                Self.appendASCII(value ? "#t\r\n" : "#f\r\n", into: &bytes)
            } else {
                Self.appendNumber(":", value ? 1 : 0, into: &bytes)
            }
        case .bigNumber(let digits): appendScalar("(", digits, into: &bytes)
        case .verbatim(let text):
            guard isThree else { return Self.appendBulk(text, into: &bytes) }
            Self.appendNumber("=", Int64(text.count + 4), into: &bytes)
            Self.appendASCII("txt:", into: &bytes)
            bytes.append(contentsOf: text)
            Self.appendASCII("\r\n", into: &bytes)
        case .simple, .error, .integer, .bulk, .array:
            invariant(false, "a common reply is encoded above")
        }
    }

    private func encode(
        _ mark: Unicode.Scalar, _ items: [Reply], perEntry: Int, into bytes: inout [UInt8]
    ) {
        Self.appendNumber(mark, Int64(items.count / perEntry), into: &bytes)
        for item in items { encode(item, into: &bytes) }
    }

    /// A text that is a type of its own in RESP3 and a bulk string in RESP2.
    private func appendScalar(_ mark: Unicode.Scalar, _ text: String, into bytes: inout [UInt8]) {
        if version == .three {
            Self.appendLine(mark, text, into: &bytes)
        } else {
            Self.appendBulk(Array(text.utf8), into: &bytes)
        }
    }

    private static func appendBulk(_ content: [UInt8], into bytes: inout [UInt8]) {
        let size = Int64(content.count)
        bytes.append(addingCapacity: content.count + size.decimalSize + 5) { out in
            out.append(UInt8(ascii: "$"))
            out.appendDecimal(size)
            out.appendLineEnd()
            for byte in content { out.append(byte) }
            out.appendLineEnd()
        }
    }

    private static func appendNumber(
        _ mark: Unicode.Scalar, _ value: Int64, into bytes: inout [UInt8]
    ) {
        bytes.append(addingCapacity: value.decimalSize + 3) { out in
            out.append(UInt8(ascii: mark))
            out.appendDecimal(value)
            out.appendLineEnd()
        }
    }

    /// A line must not end early: CR and LF become spaces, as in Redis.
    private static func appendLine(
        _ mark: Unicode.Scalar, _ text: String, into bytes: inout [UInt8]
    ) {
        let utf8 = text.utf8
        bytes.append(addingCapacity: utf8.count + 3) { out in
            out.append(UInt8(ascii: mark))
            for byte in utf8 {
                let isLineEnd = byte == UInt8(ascii: "\r") || byte == UInt8(ascii: "\n")
                out.append(isLineEnd ? UInt8(ascii: " ") : byte)
            }
            out.appendLineEnd()
        }
    }

    private static func appendASCII(_ text: String, into bytes: inout [UInt8]) {
        bytes.append(contentsOf: text.utf8)
    }

    /// The shortest text that reads back as `value`, without a trailing `.0`.
    private static func text(_ value: Double) -> String {
        if value.isNaN { return "nan" }
        if value.isInfinite { return value < 0 ? "-inf" : "inf" }
        // Every whole number below 2^53 is held exactly. (`Int64(exactly:)` would need libm.)
        if value.magnitude < 0x1p53, Double(Int64(value)) == value { return "\(Int64(value))" }
        return "\(value)"
    }
}

extension OutputSpan<UInt8> {
    fileprivate mutating func appendLineEnd() {
        append(UInt8(ascii: "\r"))
        append(UInt8(ascii: "\n"))
    }
}
