/// A pattern as Redis' KEYS and CONFIG GET take it: `*`, `?`, `[a-c]`, `[^x]`, and `\` before a
/// character that is to be taken as it is.
///
/// Matching is iterative and goes back to the last `*` only: at most pattern × text steps, and no
/// recursion, whatever somebody sends. (The recursive matchers of the field were denial-of-service
/// bugs.)
public struct GlobPattern: Sendable {
    private let pattern: [UInt8]
    private let ignoresCase: Bool

    public init(_ pattern: [UInt8], ignoresCase: Bool = false) {
        self.pattern = ignoresCase ? pattern.map(Self.lowercased) : pattern
        self.ignoresCase = ignoresCase
    }

    public init(_ pattern: String, ignoresCase: Bool = false) {
        self.init(Array(pattern.utf8), ignoresCase: ignoresCase)
    }

    public func matches(_ text: String) -> Bool { matches(Array(text.utf8)) }

    public func matches(_ text: [UInt8]) -> Bool {
        var patternIndex = 0
        var textIndex = 0
        var star: (pattern: Int, text: Int)?
        while textIndex < text.count {
            if patternIndex < pattern.count, pattern[patternIndex] == UInt8(ascii: "*") {
                patternIndex += 1
                star = (patternIndex, textIndex)
                continue
            }
            let byte = ignoresCase ? Self.lowercased(text[textIndex]) : text[textIndex]
            if patternIndex < pattern.count, let next = elementEnd(at: patternIndex, taking: byte) {
                patternIndex = next
                textIndex += 1
            } else if let last = star {
                // Let the last star take one byte more. Earlier stars need not be tried again.
                star = (last.pattern, last.text + 1)
                patternIndex = last.pattern
                textIndex = last.text + 1
            } else {
                return false
            }
        }
        return pattern[patternIndex...].allSatisfy { $0 == UInt8(ascii: "*") }
    }

    /// Where the one-byte element at `index` ends, or nil when it does not take `byte`.
    private func elementEnd(at index: Int, taking byte: UInt8) -> Int? {
        switch pattern[index] {
        case UInt8(ascii: "?"): return index + 1
        case UInt8(ascii: "["):
            let (end, isTaken) = readClass(at: index, taking: byte)
            return isTaken ? end : nil
        case UInt8(ascii: "\\") where index + 1 < pattern.count:
            return pattern[index + 1] == byte ? index + 2 : nil
        default: return pattern[index] == byte ? index + 1 : nil
        }
    }

    /// Reads `[…]`. As in Redis, a class that is never closed ends with the pattern, a range may be
    /// given backwards, and `]` closes even an empty class.
    private func readClass(at start: Int, taking byte: UInt8) -> (end: Int, isTaken: Bool) {
        var index = start + 1
        let isNegated = index < pattern.count && pattern[index] == UInt8(ascii: "^")
        if isNegated { index += 1 }
        var isListed = false
        while index < pattern.count, pattern[index] != UInt8(ascii: "]") {
            if pattern[index] == UInt8(ascii: "\\"), index + 1 < pattern.count {
                isListed = isListed || pattern[index + 1] == byte
                index += 2
            } else if index + 2 < pattern.count, pattern[index + 1] == UInt8(ascii: "-") {
                let (one, other) = (pattern[index], pattern[index + 2])
                isListed = isListed || min(one, other)...max(one, other) ~= byte
                index += 3
            } else {
                isListed = isListed || pattern[index] == byte
                index += 1
            }
        }
        return (min(index + 1, pattern.count), isListed != isNegated)
    }

    private static func lowercased(_ byte: UInt8) -> UInt8 {
        UInt8(ascii: "A")...UInt8(ascii: "Z") ~= byte ? byte | 0x20 : byte
    }
}
