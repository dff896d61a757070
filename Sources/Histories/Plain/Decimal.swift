/// A number as `INCRBYFLOAT` adds them: exact to seventeen places.
struct Decimal: Hashable, Sendable {
    private static let places = 17
    private static let one: Int128 = 100_000_000_000_000_000

    private var units: Int128

    static let zero = Decimal(units: 0)

    private init(units: Int128) { self.units = units }

    init(_ whole: Int64) { units = Int128(whole) * Self.one }

    /// Nil for what is no decimal number of this range; a power of ten behind it is taken, too.
    init?(_ text: [UInt8]) {
        var rest = text[...]
        var isNegative = false
        if let sign = rest.first, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") {
            isNegative = sign == UInt8(ascii: "-")
            rest = rest.dropFirst()
        }
        guard !rest.isEmpty, rest.count < 36 else { return nil }
        var total: Int128 = 0
        var scale: Int128?
        var digits = 0
        for byte in rest {
            if byte == UInt8(ascii: "."), scale == nil {
                scale = Self.one
                continue
            }
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
            digits += 1
            let digit = Int128(byte - UInt8(ascii: "0"))
            if let place = scale {
                guard place > 1 else {
                    guard digit == 0 else { return nil }
                    continue
                }
                scale = place / 10
                total += digit * (place / 10)
            } else {
                guard total < Self.one * 100_000_000_000_000_000_000 else { return nil }
                total = total * 10 + digit * Self.one
            }
        }
        guard digits > 0 else { return nil }
        units = isNegative ? -total : total
    }

    static func + (left: Decimal, right: Decimal) -> Decimal {
        Decimal(units: left.units &+ right.units)
    }

    static func < (left: Decimal, right: Decimal) -> Bool { left.units < right.units }

    var isNegative: Bool { units < 0 }

    /// Without zeros at its end.
    var text: [UInt8] {
        let whole = units.magnitude / UInt128(Self.one)
        var rest = units.magnitude % UInt128(Self.one)
        var text = (units < 0 ? "-" : "") + "\(whole)"
        guard rest > 0 else { return Array(text.utf8) }
        var digits: [UInt8] = []
        for _ in 0..<Self.places {
            digits.append(UInt8(ascii: "0") + UInt8(rest % 10))
            rest /= 10
        }
        while digits.first == UInt8(ascii: "0") { digits.removeFirst() }
        text += "."
        return Array(text.utf8) + digits.reversed()
    }
}
