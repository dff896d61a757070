internal import Essentials
internal import Objects
internal import Wire

// Strings taken as arrays of bits: bit 0 is the most significant one of the first byte.

extension Operation {
    func evaluateBits(_ moment: Moment) throws(CommandFailure) -> Outcome {
        let bytes = moment.current?.bytes ?? []
        switch self {
        case .getBit(let offset):
            try Self.check(offset, moment)
            return Outcome(.integer(bytes.hasBit(Int(offset)) ? 1 : 0))
        case .setBit(let offset, let isOn):
            try Self.check(offset, moment)
            guard let isOn else {
                throw CommandFailure("ERR bit is not an integer or out of range")
            }
            return Self.setBit(Int(offset), isOn, bytes)
        case .bitCount(let range):
            guard let current = moment.current else { return Outcome(.integer(0)) }
            return Outcome(.integer(try Self.bitCount(current.bytes, range)))
        case .bitPosition(let isOn, let range):
            guard let current = moment.current else { return Outcome(.integer(isOn ? -1 : 0)) }
            return Outcome(.integer(try Self.bitPosition(of: isOn, current.bytes, range)))
        case .bitField(let steps): return try Self.bitField(steps, moment)
        default: invariant(false, "not an operation on bits")
        }
        return Outcome(.null)
    }

    static func check(_ offset: Int64, _ moment: Moment) throws(CommandFailure) {
        guard offset >> 3 < Int64(moment.valueSizeMax) else { throw .invalidBitOffset }
    }

    private static func setBit(_ offset: Int, _ isOn: Bool, _ old: [UInt8]) -> Outcome {
        let wasOn = old.hasBit(offset)
        var bytes = old
        bytes.pad(to: offset >> 3 + 1)
        let mask: UInt8 = 0x80 >> UInt8(offset & 7)
        if isOn { bytes[offset >> 3] |= mask } else { bytes[offset >> 3] &= ~mask }
        return Outcome(.integer(wasOn ? 1 : 0), .assign(bytes, deadline: .keep))
    }

    // MARK: Ranges

    private static func bitCount(
        _ bytes: [UInt8], _ range: BitRange
    ) throws(CommandFailure) -> Int64 {
        if range.start != .missing, range.end == .missing { throw .syntax }
        guard let bits = try range.bits(in: bytes.count, checksUnitFirst: false) else { return 0 }
        var count = 0
        let firstByte = bits.lowerBound >> 3
        let lastByte = bits.upperBound >> 3
        for index in firstByte...lastByte { count += bytes[index].nonzeroBitCount }
        // What the first and the last byte hold outside of the range.
        let before = UInt8(truncatingIfNeeded: ~(0xFF >> (bits.lowerBound & 7)))
        let behind = UInt8(truncatingIfNeeded: 0x7F >> (bits.upperBound & 7))
        count -= (bytes[firstByte] & before).nonzeroBitCount
        count -= (bytes[lastByte] & behind).nonzeroBitCount
        return Int64(count)
    }

    private static func bitPosition(
        of isOn: Bool, _ bytes: [UInt8], _ range: BitRange
    ) throws(CommandFailure) -> Int64 {
        guard let bits = try range.bits(in: bytes.count, checksUnitFirst: true) else { return -1 }
        // A byte in which nothing is to be found.
        let dull: UInt8 = isOn ? 0x00 : 0xFF
        var bit = bits.lowerBound
        while bit <= bits.upperBound {
            if bit & 7 == 0, bytes[bit >> 3] == dull {
                bit += 8
            } else if bytes.hasBit(bit) == isOn {
                return Int64(bit)
            } else {
                bit += 1
            }
        }
        // Without an explicit end the string goes on with zeros.
        return isOn || range.end != .missing ? -1 : Int64(bits.upperBound + 1)
    }

    // MARK: Fields

    private static func bitField(
        _ steps: [BitFieldStep], _ moment: Moment
    ) throws(CommandFailure) -> Outcome {
        var bytes = moment.current?.bytes ?? []
        for step in steps { try check(step.offset, moment) }
        // The string grows to the last bit to be written even if an overflow then forbids it.
        if let lastBit = steps.lazy.filter({ !$0.isRead }).map(\.lastBit).max() {
            bytes.pad(to: Int(lastBit >> 3) + 1)
        }
        let replies = steps.map { step in
            step.apply(to: &bytes).map { Reply.integer($0) } ?? .null
        }
        let isRead = steps.allSatisfy(\.isRead)
        let mutation: Mutation? =
            isRead || bytes == moment.current?.bytes ? nil : .assign(bytes, deadline: .keep)
        return Outcome(.array(replies), mutation)
    }
}

extension CommandFailure {
    static let invalidBitOffset = CommandFailure(
        "ERR bit offset is not an integer or out of range")
}

extension BitRange {
    /// The bits meant, of a string of `size` bytes; nil for none. Errors come in the order in which
    /// Redis finds them, which differs between `BITPOS` and `BITCOUNT`.
    func bits(in size: Int, checksUnitFirst: Bool) throws(CommandFailure) -> ClosedRange<Int>? {
        if hasExcess { throw .syntax }
        guard start != .missing else { return size > 0 ? 0...size * 8 - 1 : nil }
        let first = try start.value(else: 0)
        if checksUnitFirst, unit == nil { throw .syntax }
        let last = try end.value(else: -1)
        if !checksUnitFirst, first < 0, last < 0, first > last { return nil }
        guard let unit else { throw .syntax }
        let total = Int64(unit == .bits ? size * 8 : size)
        let low = max(0, first < 0 ? first + total : first)
        let high = min(total - 1, max(0, last < 0 ? last + total : last))
        guard low <= high else { return nil }
        return unit == .bits ? Int(low)...Int(high) : Int(low) * 8...Int(high) * 8 + 7
    }
}

extension BitRange.Bound {
    func value(else missing: Int64) throws(CommandFailure) -> Int64 {
        switch self {
        case .missing: return missing
        case .invalid: throw .notAnInteger
        case .at(let value): return value
        }
    }
}

extension [UInt8] {
    /// Bits behind the end are off.
    func hasBit(_ bit: Int) -> Bool {
        bit >> 3 < count && self[bit >> 3] << UInt8(bit & 7) & 0x80 != 0
    }
}
