internal import Essentials
internal import Wire

/// The arguments of `SCAN`.
public struct ScanRequest: Sendable, Equatable {
    public var cursor: UInt64
    /// Nil matches everything.
    public var match: Glob?
    /// About how many keys to look at.
    public var count = 10
    /// In lower case; keys of other types are left out.
    public var type: String?

    public init(cursor: UInt64) { self.cursor = cursor }

    /// Reads a whole `SCAN` command, its name included.
    public init(arguments: [[UInt8]]) throws(CommandFailure) {
        guard arguments.count >= 2, let cursor = Self.cursor(arguments[1]) else {
            throw CommandFailure("ERR invalid cursor")
        }
        self.init(cursor: cursor)
        var index = 2
        while index < arguments.count {
            guard index + 1 < arguments.count else { throw .syntax }
            let value = arguments[index + 1]
            switch Keyword(arguments[index]) {
            case "count":
                guard let count = Int64(decimal: value) else { throw .notAnInteger }
                guard count >= 1 else { throw .syntax }
                self.count = Int(count)
            case "match":
                let glob = Glob(value)
                match = glob.matchesAll ? nil : glob
            case "type":
                type = String(decoding: value, as: UTF8.self).lowercased()
            default: throw .syntax
            }
            index += 2
        }
    }

    /// Reads a number as C's `strtoul` does: an empty text is zero, a minus sign negates.
    private static func cursor(_ text: [UInt8]) -> UInt64? {
        guard let first = text.first else { return 0 }
        let isNegated = first == UInt8(ascii: "-")
        let digits = isNegated || first == UInt8(ascii: "+") ? text.dropFirst() : text[...]
        guard !digits.isEmpty else { return nil }
        var value: UInt64 = 0
        for byte in digits {
            let digit = byte &- UInt8(ascii: "0")
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = product.addingReportingOverflow(UInt64(digit))
            guard digit <= 9, !overflow, !carry else { return nil }
            value = sum
        }
        return isNegated ? 0 &- value : value
    }
}
