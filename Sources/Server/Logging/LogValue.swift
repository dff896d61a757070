/// The value of a field in a log line.
public enum LogValue: Sendable, Equatable {
    case text(String)
    case integer(Int)
    case number(Double)
    case bool(Bool)

    /// Bytes that somebody else chose, such as a key: what is not printable ASCII shows as `\xHH`,
    /// and only the beginning of long ones is shown.
    public static func bytes(_ bytes: [UInt8], countMax: Int = 128) -> LogValue {
        var text = ""
        for byte in bytes.prefix(countMax) {
            if 0x20..<0x7F ~= byte, byte != UInt8(ascii: "\\") {
                text.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                text += (byte < 16 ? "\\x0" : "\\x") + String(byte, radix: 16)
            }
        }
        if bytes.count > countMax { text += "… (\(bytes.count) bytes)" }
        return .text(text)
    }

    /// Anything that describes itself: addresses, identifiers, errors.
    public static func describing(_ value: some CustomStringConvertible) -> LogValue {
        .text(value.description)
    }
}

/// The fields of a log line, in the order in which they are written.
public typealias LogFields = KeyValuePairs<String, LogValue>

extension LogValue: ExpressibleByStringLiteral, ExpressibleByStringInterpolation {
    public init(stringLiteral value: String) { self = .text(value) }
}

extension LogValue: ExpressibleByIntegerLiteral {
    public init(integerLiteral value: Int) { self = .integer(value) }
}

extension LogValue: ExpressibleByFloatLiteral {
    public init(floatLiteral value: Double) { self = .number(value) }
}

extension LogValue: ExpressibleByBooleanLiteral {
    public init(booleanLiteral value: Bool) { self = .bool(value) }
}
