/// One step of `BITFIELD`.
public struct BitFieldStep: Sendable, Equatable {
    public enum Action: Sendable, Equatable {
        case get
        case set(Int64)
        case increment(Int64)
    }

    /// What becomes of a number that does not fit.
    public enum Overflow: Sendable, Equatable { case wrap, saturate, fail }

    public var action: Action
    public var isSigned: Bool
    /// Width of the field: at most 64, or 63 without a sign.
    public var bits: Int
    /// Place of its first bit.
    public var offset: Int64
    public var overflow: Overflow

    public init(
        _ action: Action, isSigned: Bool, bits: Int, offset: Int64, overflow: Overflow = .wrap
    ) {
        self.action = action
        self.isSigned = isSigned
        self.bits = bits
        self.offset = offset
        self.overflow = overflow
    }

    public var isRead: Bool { action == .get }

    /// Place of its last bit.
    var lastBit: Int64 { offset + Int64(bits) - 1 }

    /// The field's least and greatest number.
    private var bounds: ClosedRange<Int128> {
        isSigned
            ? -(1 << Int128(bits - 1))...(1 << Int128(bits - 1)) - 1 : 0...(1 << Int128(bits)) - 1
    }

    /// Carries out the step on `bytes`, which reach to its last bit unless it reads. Returns what
    /// is answered; nil for an overflow that must not happen.
    func apply(to bytes: inout [UInt8]) -> Int64? {
        let old = read(bytes)
        switch action {
        case .get: return Int64(truncatingIfNeeded: old)
        case .set(let value):
            // Without a sign, a negative number is a large one.
            let wanted = isSigned ? Int128(value) : Int128(UInt64(bitPattern: value))
            guard let new = fit(wanted) else { return nil }
            write(new, to: &bytes)
            return Int64(truncatingIfNeeded: old)
        case .increment(let amount):
            guard let new = fit(old + Int128(amount)) else {
                return nil
            }
            write(new, to: &bytes)
            return Int64(truncatingIfNeeded: new)
        }
    }

    private func fit(_ value: Int128) -> Int128? {
        if bounds.contains(value) { return value }
        switch overflow {
        case .fail: return nil
        case .saturate: return value > bounds.upperBound ? bounds.upperBound : bounds.lowerBound
        case .wrap:
            let low = value & ((1 << Int128(bits)) - 1)
            return isSigned && low > bounds.upperBound ? low - (1 << Int128(bits)) : low
        }
    }

    /// Bits behind the end are zero.
    private func read(_ bytes: [UInt8]) -> Int128 {
        var value: Int128 = 0
        for bit in Int(offset)...Int(lastBit) {
            let byte = bit >> 3 < bytes.count ? bytes[bit >> 3] : 0
            value = value << 1 | Int128(byte >> (7 - UInt8(bit & 7)) & 1)
        }
        return isSigned && value > bounds.upperBound ? value - (1 << Int128(bits)) : value
    }

    private func write(_ value: Int128, to bytes: inout [UInt8]) {
        for index in 0..<bits {
            let bit = Int(offset) + index
            let mask: UInt8 = 0x80 >> UInt8(bit & 7)
            if value >> Int128(bits - 1 - index) & 1 == 1 {
                bytes[bit >> 3] |= mask
            } else {
                bytes[bit >> 3] &= ~mask
            }
        }
    }
}
