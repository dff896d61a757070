public import Essentials

/// A request as a handler sees it: read completely and within bounds, the target taken apart.
public struct HTTPRequest: Sendable {
    public var method: String
    /// The target up to `?`, as it was sent.
    public var path: String
    /// Names and values of the query, percent-decoded; any bytes, since keys may be any bytes.
    public var query: [(name: String, value: [UInt8])]
    /// Names are in lower case.
    public var headers: [(name: String, value: String)]
    public var body: [UInt8]

    public init(
        method: String, target: [UInt8], headers: [(name: String, value: String)] = [],
        body: [UInt8] = []
    ) {
        self.method = method
        let parts = target.split(
            separator: UInt8(ascii: "?"), maxSplits: 1, omittingEmptySubsequences: false)
        self.path = String(decoding: parts[0], as: UTF8.self)
        self.query = parts.count < 2 ? [] : Self.parseQuery(parts[1])
        self.headers = headers.map { (name: $0.name.lowercased(), value: $0.value) }
        self.body = body
    }

    public func header(_ name: String) -> String? { headers.first { $0.name == name }?.value }

    /// The value of a parameter of the query.
    public func parameter(_ name: String) -> [UInt8]? { query.first { $0.name == name }?.value }

    private static func parseQuery(_ text: ArraySlice<UInt8>) -> [(name: String, value: [UInt8])] {
        text.split(separator: UInt8(ascii: "&")).map { part in
            let sides = part.split(
                separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            let name = String(decoding: percentDecoded(sides[0]), as: UTF8.self)
            return (name: name, value: sides.count < 2 ? [] : percentDecoded(sides[1]))
        }
    }

    /// Decodes `%HH` and `+`; a `%` without two digits after it stands for itself.
    static func percentDecoded(_ text: ArraySlice<UInt8>) -> [UInt8] {
        var out: [UInt8] = []
        var index = text.startIndex
        while index < text.endIndex {
            let byte = text[index]
            let digits = text[index...].dropFirst().prefix(2)
            if byte == UInt8(ascii: "%"), digits.count == 2,
                let high = Character(Unicode.Scalar(digits[index + 1])).hexDigitValue,
                let low = Character(Unicode.Scalar(digits[index + 2])).hexDigitValue
            {
                out.append(UInt8(high << 4 | low))
                index += 3
            } else {
                out.append(byte == UInt8(ascii: "+") ? 0x20 : byte)
                index += 1
            }
        }
        return out
    }
}

/// An answer to a request.
public struct HTTPResponse: Sendable {
    public var status: Int
    public var contentType: String
    public var body: [UInt8]
    public var headers: [(name: String, value: String)] = []
    /// How long the answer is held back: a failed log-in costs its client time.
    public var delayMs = 0

    public init(status: Int = 200, contentType: String, body: [UInt8]) {
        self.status = status
        self.contentType = contentType
        self.body = body
    }

    /// A line of plain text.
    public static func text(_ status: Int, _ text: String) -> HTTPResponse {
        HTTPResponse(
            status: status, contentType: "text/plain; charset=utf-8",
            body: Array((text + "\n").utf8))
    }

    public static func json(_ json: JSON, status: Int = 200) -> HTTPResponse {
        HTTPResponse(
            status: status, contentType: "application/json", body: Array((json.text + "\n").utf8))
    }

    /// `{"error": reason}`, as every refusal of the admin port reads.
    public static func error(_ status: Int, _ reason: String) -> HTTPResponse {
        json(["error": .string(reason)], status: status)
    }
}
