internal import Essentials

/// A decimal number with 17 places: what `INCRBYFLOAT` adds up.
///
/// Redis adds long doubles, whose sums depend on the order of the additions. Increments made at two
/// coordinators are added in whatever order they meet, so ours are whole numbers of 10^-17, whose
/// sums do not. 17 places are what Redis prints; 128 bits reach to about ±1.7·10^21.
public struct FixedDecimal: Sendable, Hashable, Comparable {
    /// Why a text is not such a number.
    public enum ParsingError: Error, Equatable {
        case notANumber
        /// A number, but an infinite one or one that 128 bits cannot hold.
        case outOfRange
    }

    /// Places behind the point.
    public static let places = 17
    static let unitsPerOne: UInt128 = 100_000_000_000_000_000
    /// Longer texts are not numbers, as in Redis (`MAX_LONG_DOUBLE_CHARS`).
    static let textSizeMax = 5 * 1024
    /// Powers of ten beyond those of a long double, which Redis refuses to read.
    static let exponentMax = 4932

    public static let zero = FixedDecimal(units: 0)

    // Two words and no `Int128`, which would align everything that holds one to 16 bytes: objects
    // in memory by the million are a quarter smaller.
    private let high: Int64
    private let low: UInt64

    public init(units: Int128) {
        high = Int64(truncatingIfNeeded: units >> 64)
        low = UInt64(truncatingIfNeeded: units)
    }

    public init(_ value: Int64) { self.init(units: Int128(value) * Int128(Self.unitsPerOne)) }

    /// The number times 10^17. On disk and on the wire.
    public var units: Int128 { Int128(high) << 64 | Int128(low) }

    /// The exact sum; nil if it cannot be held.
    public func adding(_ other: FixedDecimal) -> FixedDecimal? {
        let (sum, overflow) = units.addingReportingOverflow(other.units)
        return overflow ? nil : FixedDecimal(units: sum)
    }

    public static func < (left: FixedDecimal, right: FixedDecimal) -> Bool {
        left.units < right.units
    }
}

// MARK: Text

extension FixedDecimal: CustomStringConvertible {
    public var description: String { String(decoding: text, as: UTF8.self) }

    /// As Redis prints long doubles for people: no exponent, no zeros at the end of a fraction.
    public var text: [UInt8] {
        let (whole, fraction) = units.magnitude.quotientAndRemainder(
            dividingBy: Self.unitsPerOne)
        var bytes: [UInt8] = []
        if units < 0 { bytes.append(UInt8(ascii: "-")) }
        bytes.append(contentsOf: String(whole).utf8)
        guard fraction > 0 else { return bytes }
        bytes.append(UInt8(ascii: "."))
        var rest = UInt64(fraction)
        var scale = UInt64(Self.unitsPerOne) / 10
        while rest > 0 {
            bytes.append(UInt8(ascii: "0") + UInt8(rest / scale))
            rest %= scale
            scale /= 10
        }
        return bytes
    }

    /// Reads what C's `strtold` reads, but for hexadecimal numbers and spaces before the number.
    /// Places beyond the 17th are rounded to the nearest, ties to even.
    public init(parsing text: [UInt8]) throws(ParsingError) {
        guard !text.isEmpty, text.count < Self.textSizeMax else { throw .notANumber }
        var scanner = Scanner(text: text)
        try scanner.scan()
        self.init(units: try scanner.units())
    }

    /// Takes a text apart: sign, digits without leading zeros, and where the point stands among
    /// them.
    private struct Scanner {
        let text: [UInt8]
        var index = 0
        var isNegative = false
        var digits: [UInt8] = []
        /// How many digits stand before the point; negative for zeros behind the point.
        var digitsBeforePoint = 0

        init(text: [UInt8]) { self.text = text }

        mutating func scan() throws(ParsingError) {
            isNegative = scanSign()
            if isInfinity { throw .outOfRange }
            let whole = scanDigits(isFraction: false)
            var fraction = 0
            if index < text.count, text[index] == UInt8(ascii: ".") {
                index += 1
                fraction = scanDigits(isFraction: true)
            }
            guard whole + fraction > 0 else { throw .notANumber }
            try scanExponent()
            guard index == text.count else { throw .notANumber }
        }

        private mutating func scanSign() -> Bool {
            guard index < text.count else { return false }
            let isMinus = text[index] == UInt8(ascii: "-")
            if isMinus || text[index] == UInt8(ascii: "+") { index += 1 }
            return isMinus
        }

        private var isInfinity: Bool {
            let word = text[index...].map { $0 | 0x20 }
            return word == Array("inf".utf8) || word == Array("infinity".utf8)
        }

        /// Returns how many digits there were.
        private mutating func scanDigits(isFraction: Bool) -> Int {
            let start = index
            while index < text.count, text[index] &- UInt8(ascii: "0") < 10 {
                let digit = text[index] - UInt8(ascii: "0")
                if digit != 0 || !digits.isEmpty {
                    digits.append(digit)
                    if !isFraction { digitsBeforePoint += 1 }
                } else if isFraction {
                    digitsBeforePoint -= 1
                }
                index += 1
            }
            return index - start
        }

        private mutating func scanExponent() throws(ParsingError) {
            guard index < text.count, text[index] | 0x20 == UInt8(ascii: "e") else { return }
            index += 1
            let isMinus = scanSign()
            let start = index
            var exponent = 0
            while index < text.count, text[index] &- UInt8(ascii: "0") < 10 {
                // Far beyond any use, and far from overflow.
                exponent = min(1 << 32, exponent * 10 + Int(text[index] - UInt8(ascii: "0")))
                index += 1
            }
            guard index > start else { throw .notANumber }
            digitsBeforePoint += isMinus ? -exponent : exponent
        }

        func units() throws(ParsingError) -> Int128 {
            guard !digits.isEmpty else { return 0 }
            guard digitsBeforePoint.magnitude <= FixedDecimal.exponentMax else { throw .notANumber }
            let kept = digitsBeforePoint + FixedDecimal.places
            guard kept >= 0 else { return 0 }
            // 2^127 has 39 digits.
            guard kept <= 39 else { throw .outOfRange }
            var magnitude: UInt128 = 0
            for place in 0..<kept {
                let digit = place < digits.count ? digits[place] : 0
                let (product, overflow) = magnitude.multipliedReportingOverflow(by: 10)
                let (sum, carry) = product.addingReportingOverflow(UInt128(digit))
                guard !overflow, !carry else { throw .outOfRange }
                magnitude = sum
            }
            if roundsUp(after: kept, isOdd: magnitude % 2 == 1) { magnitude += 1 }
            let magnitudeMax = isNegative ? Int128.min.magnitude : Int128.max.magnitude
            guard magnitude <= magnitudeMax else { throw .outOfRange }
            let units = Int128(truncatingIfNeeded: magnitude)
            return isNegative ? 0 &- units : units
        }

        private func roundsUp(after kept: Int, isOdd: Bool) -> Bool {
            guard kept < digits.count else { return false }
            if digits[kept] != 5 { return digits[kept] > 5 }
            return isOdd || digits[(kept + 1)...].contains { $0 != 0 }
        }
    }
}
