internal import Essentials
internal import Wire

// The commands on bits, whose arguments have more to them.

extension KeyRequest {
    static func parseBits(
        _ id: CommandID, _ arguments: some RequestArguments
    ) throws(CommandFailure) -> Operation {
        switch id {
        case .getBit: .getBit(offset: try bitOffset(arguments.argument(2)))
        case .setBit:
            .setBit(
                offset: try bitOffset(arguments.argument(2)), bitValue(arguments.integer(3)))
        case .bitCount: .bitCount(try parseRange(arguments, from: 2, isEndRequired: true))
        case .bitPos: try parseBitPosition(arguments)
        default: .bitField(try parseFields(arguments, isReadOnly: id == .bitFieldReadOnly))
        }
    }

    private static func bitValue(_ number: Int64?) -> Bool? {
        switch number {
        case 0: false
        case 1: true
        default: nil
        }
    }

    private static func parseBitPosition(
        _ arguments: some RequestArguments
    ) throws(CommandFailure) -> Operation {
        let number = try arguments.requiredInteger(2)
        guard let isOn = bitValue(number) else {
            throw CommandFailure("ERR The bit argument must be 1 or 0.")
        }
        return .bitPosition(
            of: isOn, try parseRange(arguments, from: 3, isEndRequired: false))
    }

    private static func parseRange(
        _ arguments: some RequestArguments, from first: Int, isEndRequired: Bool
    ) throws(CommandFailure) -> BitRange {
        func bound(_ index: Int) -> BitRange.Bound {
            guard index < arguments.argumentCount else { return .missing }
            return arguments.integer(index).map { .at($0) } ?? .invalid
        }
        var range = BitRange()
        range.start = bound(first)
        range.end = bound(first + 1)
        if first + 2 < arguments.argumentCount {
            switch arguments.keyword(first + 2) {
            case .byte: range.unit = .bytes
            case .bit: range.unit = .bits
            default: range.unit = nil
            }
        }
        range.hasExcess = arguments.argumentCount > first + 3
        return range
    }

    /// Reads a place of a bit; `#n` is the nth field of `fieldBits`.
    private static func bitOffset(
        _ text: [UInt8], fieldBits: Int64? = nil
    ) throws(CommandFailure) -> Int64 {
        let isField = fieldBits != nil && text.first == UInt8(ascii: "#")
        guard let number = Int64(decimal: text, in: (isField ? 1 : 0)..<text.count) else {
            throw .invalidBitOffset
        }
        let (offset, overflow) = number.multipliedReportingOverflow(
            by: isField ? fieldBits ?? 1 : 1)
        guard !overflow, offset >= 0, offset <= .max - 64 else { throw .invalidBitOffset }
        return offset
    }

    // MARK: Fields

    private static func parseFields(
        _ arguments: some RequestArguments, isReadOnly: Bool
    ) throws(CommandFailure) -> [BitFieldStep] {
        var steps: [BitFieldStep] = []
        var overflow = BitFieldStep.Overflow.wrap
        var index = 2
        while index < arguments.argumentCount {
            let left = arguments.argumentCount - index - 1
            let word = arguments.keyword(index)
            switch word {
            case .get where left >= 2:
                steps.append(try parseField(arguments, index, .get, overflow))
                index += 3
            case .set where left >= 3, .incrBy where left >= 3:
                var step = try parseField(arguments, index, .get, overflow)
                let amount = try arguments.requiredInteger(index + 3)
                step.action = word == .set ? .set(amount) : .increment(amount)
                steps.append(step)
                index += 4
            case .overflow where left >= 1:
                overflow = try parseOverflow(arguments.keyword(index + 1))
                index += 2
            default: throw .syntax
            }
        }
        if isReadOnly, !steps.allSatisfy(\.isRead) {
            throw CommandFailure("ERR BITFIELD_RO only supports the GET subcommand")
        }
        return steps
    }

    private static func parseOverflow(
        _ word: Keyword
    ) throws(CommandFailure) -> BitFieldStep.Overflow {
        switch word {
        case .wrap: .wrap
        case .sat: .saturate
        case .fail: .fail
        default: throw CommandFailure("ERR Invalid OVERFLOW type specified")
        }
    }

    private static func parseField(
        _ arguments: some RequestArguments, _ index: Int, _ action: BitFieldStep.Action,
        _ overflow: BitFieldStep.Overflow
    ) throws(CommandFailure) -> BitFieldStep {
        let type = arguments.argument(index + 1)
        let isSigned = type.first == UInt8(ascii: "i")
        guard isSigned || type.first == UInt8(ascii: "u"),
            let bits = Int64(decimal: type, in: 1..<type.count), 1 <= bits,
            bits <= (isSigned ? 64 : 63)
        else {
            throw CommandFailure(
                """
                ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not \
                supported but i64 is.
                """)
        }
        let offset = try bitOffset(arguments.argument(index + 2), fieldBits: bits)
        return BitFieldStep(
            action, isSigned: isSigned, bits: Int(bits), offset: offset, overflow: overflow)
    }
}
