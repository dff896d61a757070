internal import Essentials

// Commands typed by people: one line, words between spaces, quotes as in a shell. The words are
// unescaped where they stand, since unescaping only ever shortens them.

extension RequestParser {
    /// Reads a line as a command; nil for one without words, which is skipped.
    mutating func readInlineCommand() -> Event? {
        switch findLineEnd(UInt8(ascii: "\n")) {
        case .incomplete: return .needMore
        case .tooLong: return Self.failed("too big inline request")
        case .at(let lineEnd):
            var end = lineEnd
            if end > position, buffer[end - 1] == UInt8(ascii: "\r") { end -= 1 }
            let isBalanced = splitWords(in: position..<end)
            position = lineEnd + 1
            guard isBalanced else { return Self.failed("unbalanced quotes in request") }
            guard argumentCount > 0 else { return nil }
            if let event = checkRestriction() { return event }
            return isHTTP ? .crossProtocolAttack : .command
        }
    }

    private func checkRestriction() -> Event? {
        guard limits.isRestricted else { return nil }
        guard argumentCount <= RequestLimits.restrictedArgumentCountMax else {
            return Self.failed("unauthenticated multibulk length")
        }
        for index in 0..<argumentCount
        where argumentSize(index) > RequestLimits.restrictedArgumentSizeMax {
            return Self.failed("unauthenticated bulk length")
        }
        return nil
    }

    /// Splits a line as Redis' `sdssplitargs` does; false if a quote is not closed, or closed
    /// inside a word. A NUL ends the line.
    private mutating func splitWords(in line: Range<Int>) -> Bool {
        var input = line.lowerBound
        var output = input
        while true {
            while input < line.upperBound, Self.isSpace(buffer[input]) { input += 1 }
            guard input < line.upperBound, buffer[input] != 0 else { return true }
            let wordStart = output
            guard unescapeWord(&input, line.upperBound, &output) else {
                dropWords()
                return false
            }
            addInlineWord(wordStart..<output)
        }
    }

    /// Copies one word from `input` to `output`, resolving quotes; stops at the space behind it.
    private mutating func unescapeWord(
        _ input: inout Int, _ end: Int, _ output: inout Int
    ) -> Bool {
        while input < end {
            let byte = buffer[input]
            switch byte {
            case UInt8(ascii: " "), UInt8(ascii: "\n"), UInt8(ascii: "\r"), UInt8(ascii: "\t"), 0:
                return true
            case UInt8(ascii: "\""), UInt8(ascii: "'"):
                input += 1
                guard unescapeQuoted(byte, &input, end, &output) else { return false }
                // A closing quote ends the word: only a space may follow.
                return input == end || buffer[input] == 0 || Self.isSpace(buffer[input])
            default:
                emit(byte, &output)
                input += 1
            }
        }
        return true
    }

    /// Copies what stands between quotes and steps over the closing one.
    private mutating func unescapeQuoted(
        _ quote: UInt8, _ input: inout Int, _ end: Int, _ output: inout Int
    ) -> Bool {
        let isDouble = quote == UInt8(ascii: "\"")
        while input < end, buffer[input] != 0 {
            let byte = buffer[input]
            let following = input + 1 < end ? buffer[input + 1] : 0
            if byte == quote {
                input += 1
                return true
            }
            if byte == UInt8(ascii: "\\"), isDouble, following == UInt8(ascii: "x"),
                input + 3 < end, let high = Self.hexadecimal(buffer[input + 2]),
                let low = Self.hexadecimal(buffer[input + 3])
            {
                emit(high << 4 | low, &output)
                input += 4
            } else if byte == UInt8(ascii: "\\"), isDouble, following != 0 {
                emit(Self.escaped(following), &output)
                input += 2
            } else if byte == UInt8(ascii: "\\"), !isDouble, following == quote {
                emit(quote, &output)
                input += 2
            } else {
                emit(byte, &output)
                input += 1
            }
        }
        return false
    }

    private mutating func emit(_ byte: UInt8, _ output: inout Int) {
        buffer[output] = byte
        output += 1
    }

    private static func escaped(_ letter: UInt8) -> UInt8 {
        switch letter {
        case UInt8(ascii: "n"): UInt8(ascii: "\n")
        case UInt8(ascii: "r"): UInt8(ascii: "\r")
        case UInt8(ascii: "t"): UInt8(ascii: "\t")
        case UInt8(ascii: "b"): 0x08
        case UInt8(ascii: "a"): 0x07
        default: letter
        }
    }

    private static func hexadecimal(_ digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
        default: nil
        }
    }

    /// C's `isspace`.
    private static func isSpace(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: " ") || (0x09...0x0D).contains(byte)
    }
}
