internal import Essentials

/// Finds where replies end, without making anything of them.
///
/// A load generator needs to know of a reply that it is complete, and whether it is an error:
/// building values of it, as `Wire.ReplyParser` does, would cost more than all else that the driver
/// does. Both RESP versions; nothing is allocated. Confined to its caller.
enum ReplyScanner {
    /// What a reply is. The ranges are those of the scanned bytes.
    enum Content: Equatable {
        case status(Range<Int>)
        /// The line without its mark: code, space, text.
        case error(Range<Int>)
        case integer
        case bulk(Range<Int>)
        case null
        /// An array, map or set, with the range of its elements.
        case aggregate(Range<Int>)
        /// Sent without having been asked for: no reply to anything.
        case push
        /// Attributes, which say something about the reply that follows.
        case attribute
        /// Everything else: doubles, booleans, big numbers, texts.
        case other
    }

    enum Result: Equatable {
        /// The bytes end inside the reply.
        case needMore
        case reply(Content, end: Int)
        /// Not RESP.
        case malformed
    }

    /// What a server may announce; more is taken for garbage. Redis' largest bulk is 512 MiB.
    static let sizeMax = 1 << 30

    /// Scans the reply that begins at `start`.
    static func scan(_ bytes: Span<UInt8>, from start: Int) -> Result {
        guard start < bytes.count else { return .needMore }
        guard let lineEnd = endOfLine(bytes, from: start + 1) else { return .needMore }
        let line = start + 1..<lineEnd
        let end = lineEnd + 2
        switch bytes[start] {
        case UInt8(ascii: "+"): return .reply(.status(line), end: end)
        case UInt8(ascii: "-"): return .reply(.error(line), end: end)
        case UInt8(ascii: ":"): return .reply(.integer, end: end)
        case UInt8(ascii: "_"): return .reply(.null, end: end)
        case UInt8(ascii: "#"), UInt8(ascii: ","), UInt8(ascii: "("):
            return .reply(.other, end: end)
        case UInt8(ascii: "$"), UInt8(ascii: "="), UInt8(ascii: "!"):
            return scanBulk(bytes, mark: bytes[start], line)
        case UInt8(ascii: "*"), UInt8(ascii: "~"), UInt8(ascii: "%"), UInt8(ascii: ">"),
            UInt8(ascii: "|"):
            return scanAggregate(bytes, mark: bytes[start], line)
        default: return .malformed
        }
    }

    private static func scanBulk(
        _ bytes: Span<UInt8>, mark: UInt8, _ line: Range<Int>
    ) -> Result {
        let contentStart = line.upperBound + 2
        guard let size = number(bytes, in: line) else { return .malformed }
        if size < 0 { return .reply(.null, end: contentStart) }
        let content = contentStart..<contentStart + size
        let end = content.upperBound + 2
        guard end <= bytes.count else { return .needMore }
        switch mark {
        case UInt8(ascii: "$"): return .reply(.bulk(content), end: end)
        case UInt8(ascii: "!"): return .reply(.error(content), end: end)
        default: return .reply(.other, end: end)
        }
    }

    private static func scanAggregate(
        _ bytes: Span<UInt8>, mark: UInt8, _ line: Range<Int>
    ) -> Result {
        let itemsStart = line.upperBound + 2
        guard let count = number(bytes, in: line) else { return .malformed }
        if count < 0 { return .reply(.null, end: itemsStart) }
        let isPairs = mark == UInt8(ascii: "%") || mark == UInt8(ascii: "|")
        var missing = isPairs ? 2 * count : count
        var end = itemsStart
        // Items within items are counted along, so that depth costs no recursion.
        while missing > 0 {
            switch shallowScan(bytes, from: end) {
            case .item(let more, let itemEnd):
                missing += more - 1
                end = itemEnd
            case .needMore: return .needMore
            case .malformed: return .malformed
            }
        }
        switch mark {
        case UInt8(ascii: ">"): return .reply(.push, end: end)
        case UInt8(ascii: "|"): return .reply(.attribute, end: end)
        default: return .reply(.aggregate(itemsStart..<end), end: end)
        }
    }

    private enum Item {
        /// An item with so many items of its own still to come.
        case item(Int, end: Int)
        case needMore
        case malformed
    }

    /// Scans one item of an aggregate, of a nested aggregate only its head.
    private static func shallowScan(_ bytes: Span<UInt8>, from start: Int) -> Item {
        guard start < bytes.count else { return .needMore }
        let mark = bytes[start]
        let isPairs = mark == UInt8(ascii: "%") || mark == UInt8(ascii: "|")
        let isList =
            mark == UInt8(ascii: "*") || mark == UInt8(ascii: "~") || mark == UInt8(ascii: ">")
        guard isPairs || isList else {
            switch scan(bytes, from: start) {
            case .reply(_, let end): return .item(0, end: end)
            case .needMore: return .needMore
            case .malformed: return .malformed
            }
        }
        guard let lineEnd = endOfLine(bytes, from: start + 1) else { return .needMore }
        guard let count = number(bytes, in: start + 1..<lineEnd) else { return .malformed }
        // Attributes stand before the item that they are about: they are one more.
        let attribute = mark == UInt8(ascii: "|") ? 1 : 0
        return .item(max(0, count) * (isPairs ? 2 : 1) + attribute, end: lineEnd + 2)
    }

    /// The index of the CR that ends the line; nil when its LF is not there yet.
    private static func endOfLine(_ bytes: Span<UInt8>, from start: Int) -> Int? {
        var index = start
        while index + 1 < bytes.count {
            if bytes[index] == UInt8(ascii: "\r") { return index }
            index += 1
        }
        return nil
    }

    private static func number(_ bytes: Span<UInt8>, in line: Range<Int>) -> Int? {
        var index = line.lowerBound
        let isNegative = index < line.upperBound && bytes[index] == UInt8(ascii: "-")
        if isNegative { index += 1 }
        guard index < line.upperBound else { return nil }
        var value = 0
        while index < line.upperBound {
            let digit = bytes[index] &- UInt8(ascii: "0")
            guard digit < 10, value <= sizeMax else { return nil }
            value = value * 10 + Int(digit)
            index += 1
        }
        return isNegative ? -value : value
    }
}
