/// Replaces comments by spaces and strings by quotation marks, character for character.
///
/// Interpolations go with their string: no rule here looks into them.
struct CodeFilter {
    private static let quote = UInt8(ascii: "\"")
    private static let newline = UInt8(ascii: "\n")
    private static let backslash = UInt8(ascii: "\\")

    private let bytes: [UInt8]
    private var index = 0
    private var out: [UInt8] = []

    static func code(of text: String) -> String {
        var filter = CodeFilter(bytes: Array(text.utf8))
        filter.run()
        return String(decoding: filter.out, as: UTF8.self)
    }

    private init(bytes: [UInt8]) {
        self.bytes = bytes
        out.reserveCapacity(bytes.count)
    }

    private mutating func run() {
        while index < bytes.count {
            if isNext("//") {
                while index < bytes.count, bytes[index] != Self.newline { replace(by: " ") }
            } else if let hashes = stringOpening() {
                skipString(hashes: hashes)
            } else {
                out.append(bytes[index])
                index += 1
            }
        }
    }

    private func isNext(_ text: StaticString, at offset: Int = 0) -> Bool {
        let start = index + offset
        guard start + text.utf8CodeUnitCount <= bytes.count else { return false }
        return text.description.utf8.elementsEqual(
            bytes[start..<start + text.utf8CodeUnitCount])
    }

    private mutating func replace(by filler: Unicode.Scalar) {
        let byte = bytes[index]
        index += 1
        // A character of several bytes becomes one.
        guard byte & 0xC0 != 0x80 else { return }
        out.append(byte == Self.newline ? byte : UInt8(ascii: filler))
    }

    private mutating func skip(_ count: Int) {
        for _ in 0..<min(count, bytes.count - index) { replace(by: "\"") }
    }

    /// The number of `#` before the quotation mark of a string that begins here.
    private func stringOpening() -> Int? {
        var hashes = 0
        while index + hashes < bytes.count, bytes[index + hashes] == UInt8(ascii: "#") {
            hashes += 1
        }
        guard index + hashes < bytes.count, bytes[index + hashes] == Self.quote else { return nil }
        return hashes
    }

    private func hasHashes(_ count: Int, at offset: Int) -> Bool {
        let start = index + offset
        return start + count <= bytes.count
            && bytes[start..<start + count].allSatisfy { $0 == UInt8(ascii: "#") }
    }

    private mutating func skipString(hashes: Int) {
        let quotes = isNext("\"\"\"", at: hashes) ? 3 : 1
        skip(hashes + quotes)
        var depth = 0
        while index < bytes.count {
            let byte = bytes[index]
            if byte == Self.backslash, hasHashes(hashes, at: 1) {
                if isNext("(", at: 1 + hashes) { depth += 1 }
                skip(2 + hashes)
            } else if depth > 0, let inner = stringOpening() {
                skipString(hashes: inner)
            } else if depth == 0, byte == Self.quote, quotes == 1 || isNext("\"\"\""),
                hasHashes(hashes, at: quotes)
            {
                return skip(quotes + hashes)
            } else {
                if depth > 0, byte == UInt8(ascii: "(") { depth += 1 }
                if depth > 0, byte == UInt8(ascii: ")") { depth -= 1 }
                skip(1)
            }
        }
    }
}
