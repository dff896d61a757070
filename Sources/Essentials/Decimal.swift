// Integers as Redis writes them in text: what INCR stores, and what every length line carries.

extension Int64 {
    /// Reads `range` of `bytes` as Redis' `string2ll` does: one spelling a number, so no plus sign,
    /// no spaces, no leading zeros and no "-0".
    public init?(decimal bytes: [UInt8], in range: Range<Int>) {
        var index = range.lowerBound
        let end = range.upperBound
        // 20 bytes: a minus sign and the 19 digits of the least integer.
        guard index < end, end - index <= 20 else { return nil }
        let isNegative = bytes[index] == UInt8(ascii: "-")
        if isNegative {
            index += 1
            guard index < end else { return nil }
        }
        if bytes[index] == UInt8(ascii: "0") {
            guard end - index == 1, !isNegative else { return nil }
            self = 0
            return
        }
        var magnitude: UInt64 = 0
        while index < end {
            let digit = UInt64(bytes[index] &- UInt8(ascii: "0"))
            guard digit <= 9 else { return nil }
            let (product, overflow) = magnitude.multipliedReportingOverflow(by: 10)
            let (sum, carry) = product.addingReportingOverflow(digit)
            guard !overflow, !carry else { return nil }
            magnitude = sum
            index += 1
        }
        if isNegative {
            guard magnitude <= UInt64(Int64.max) + 1 else { return nil }
            self = Int64(truncatingIfNeeded: 0 &- magnitude)
        } else {
            guard magnitude <= UInt64(Int64.max) else { return nil }
            self = Int64(magnitude)
        }
    }

    /// Reads all of `bytes`, as strictly.
    public init?(decimal bytes: [UInt8]) { self.init(decimal: bytes, in: 0..<bytes.count) }

    /// How many bytes the number takes in text.
    public var decimalSize: Int {
        var size = self < 0 ? 2 : 1
        var rest = magnitude
        while rest >= 10 {
            rest /= 10
            size += 1
        }
        return size
    }
}

extension [UInt8] {
    /// The decimal text of `value`.
    public init(decimal value: Int64) {
        self = []
        appendDecimal(value)
    }

    /// Appends the decimal text of `value`.
    public mutating func appendDecimal(_ value: Int64) {
        append(addingCapacity: value.decimalSize) { $0.appendDecimal(value) }
    }
}

extension OutputSpan<UInt8> {
    /// Appends the decimal text of `value`, for which there must be room.
    public mutating func appendDecimal(_ value: Int64) {
        if value < 0 { append(UInt8(ascii: "-")) }
        let magnitude = value.magnitude
        if magnitude < 10 {
            append(UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: magnitude))
            return
        }
        var divisor: UInt64 = 10
        while magnitude / divisor >= 10 { divisor *= 10 }
        while divisor > 0 {
            append(UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: magnitude / divisor % 10))
            divisor /= 10
        }
    }
}
