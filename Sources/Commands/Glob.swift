/// A pattern as in `KEYS` and `SCAN`: `*`, `?`, `[a-z]`, `[^a]`, and `\` before what is meant
/// literally.
///
/// Matches as Redis' `stringmatchlen` does, but without recursion: only the last star met can still
/// take more, so the work is bounded by the product of the two sizes whatever the pattern.
public struct Glob: Sendable, Equatable {
    public let pattern: [UInt8]

    public init(_ pattern: [UInt8]) { self.pattern = pattern }

    public init(_ pattern: String) { self.init(Array(pattern.utf8)) }

    /// Whether everything matches.
    public var matchesAll: Bool { pattern == [UInt8(ascii: "*")] }

    public func matches(_ text: [UInt8]) -> Bool {
        var place = 0
        var index = 0
        /// Behind the last star met, and the first byte that it has not taken.
        var retry: (place: Int, index: Int)?
        while index < text.count {
            if place < pattern.count, pattern[place] == UInt8(ascii: "*") {
                place += 1
                if place == pattern.count { return true }
                retry = (place, index)
            } else if let next = step(place, text[index]) {
                place = next
                index += 1
            } else if let star = retry {
                place = star.place
                index = star.index + 1
                retry = (star.place, index)
            } else {
                return false
            }
        }
        while place < pattern.count, pattern[place] == UInt8(ascii: "*") { place += 1 }
        return place == pattern.count
    }

    /// Matches one byte against what stands at `place`; returns the place behind that.
    private func step(_ place: Int, _ byte: UInt8) -> Int? {
        guard place < pattern.count else { return nil }
        switch pattern[place] {
        case UInt8(ascii: "?"): return place + 1
        case UInt8(ascii: "["): return stepClass(place + 1, byte)
        case UInt8(ascii: "\\") where place + 1 < pattern.count:
            return pattern[place + 1] == byte ? place + 2 : nil
        default: return pattern[place] == byte ? place + 1 : nil
        }
    }

    /// A class that is not closed ends with the pattern.
    private func stepClass(_ start: Int, _ byte: UInt8) -> Int? {
        var place = start
        let isNegated = place < pattern.count && pattern[place] == UInt8(ascii: "^")
        if isNegated { place += 1 }
        var isMember = false
        while place < pattern.count, pattern[place] != UInt8(ascii: "]") {
            let left = pattern.count - place
            if pattern[place] == UInt8(ascii: "\\"), left >= 2 {
                isMember = isMember || pattern[place + 1] == byte
                place += 2
            } else if left >= 3, pattern[place + 1] == UInt8(ascii: "-") {
                let low = min(pattern[place], pattern[place + 2])
                let high = max(pattern[place], pattern[place + 2])
                isMember = isMember || low <= byte && byte <= high
                place += 3
            } else {
                isMember = isMember || pattern[place] == byte
                place += 1
            }
        }
        return isMember != isNegated ? min(place + 1, pattern.count) : nil
    }
}
