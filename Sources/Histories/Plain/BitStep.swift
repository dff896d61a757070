/// One step of `BITFIELD`, and strings as arrays of bits: bit 0 is the most significant one of the
/// first byte.
struct BitStep: Sendable, Equatable {
    enum Action: Sendable, Equatable {
        case get
        case set(Int64)
        case add(Int64)
    }

    enum Overflow: Sendable { case wrap, saturate, fail }

    var action: Action
    var isSigned: Bool
    var width: Int
    var place: Int
    var overflow: Overflow

    var isRead: Bool { action == .get }

    private var least: Int128 { isSigned ? -(1 << Int128(width - 1)) : 0 }
    private var most: Int128 { (1 << Int128(isSigned ? width - 1 : width)) - 1 }

    /// Nil where the words are none of `BITFIELD`'s.
    static func parse(_ words: ArraySlice<[UInt8]>) -> [BitStep]? {
        var rest = words
        var steps: [BitStep] = []
        var overflow = Overflow.wrap
        while let word = rest.popFirst() {
            let name = PlainCommand.name(word)
            if name == "OVERFLOW" {
                switch rest.popFirst().map(PlainCommand.name) {
                case "WRAP": overflow = .wrap
                case "SAT": overflow = .saturate
                case "FAIL": overflow = .fail
                default: return nil
                }
                continue
            }
            guard let kind = rest.popFirst().map(PlainCommand.name),
                let place = rest.popFirst().map(PlainCommand.name),
                let width = Int(kind.dropFirst()), (1...64).contains(width)
            else { return nil }
            let isSigned = kind.first == "I"
            let isScaled = place.first == "#"
            guard let offset = Int(isScaled ? String(place.dropFirst()) : place) else { return nil }
            var action = Action.get
            if name != "GET" {
                guard let amount = rest.popFirst().flatMap(PlainCommand.number) else { return nil }
                action = name == "SET" ? .set(amount) : .add(amount)
            }
            steps.append(
                BitStep(
                    action: action, isSigned: isSigned, width: width,
                    place: isScaled ? offset * width : offset, overflow: overflow))
        }
        return steps
    }

    /// Carries it out and returns what is answered; nil for an overflow that must not happen.
    func apply(to bytes: inout [UInt8]) -> Int64? {
        let old = field(of: bytes)
        var new: Int128
        switch action {
        case .get: return Int64(truncatingIfNeeded: old)
        case .set(let value):
            new = isSigned ? Int128(value) : Int128(UInt64(bitPattern: value))
        case .add(let amount): new = old + Int128(amount)
        }
        if new < least || new > most {
            switch overflow {
            case .fail: return nil
            case .saturate: new = new > most ? most : least
            case .wrap:
                new &= (1 << Int128(width)) - 1
                if isSigned, new > most { new -= 1 << Int128(width) }
            }
        }
        store(new, in: &bytes)
        if case .set = action { return Int64(truncatingIfNeeded: old) }
        return Int64(truncatingIfNeeded: new)
    }

    private func field(of bytes: [UInt8]) -> Int128 {
        var value: Int128 = 0
        for bit in place..<place + width { value = value << 1 | (bytes.isBitOn(bit) ? 1 : 0) }
        return isSigned && value > most ? value - (1 << Int128(width)) : value
    }

    private func store(_ value: Int128, in bytes: inout [UInt8]) {
        for index in 0..<width {
            bytes.setBit(place + index, value >> Int128(width - 1 - index) & 1 == 1)
        }
    }
}

extension [UInt8] {
    func isBitOn(_ bit: Int) -> Bool {
        bit >> 3 < count && self[bit >> 3] << UInt8(bit & 7) & 0x80 != 0
    }

    mutating func setBit(_ bit: Int, _ isOn: Bool) {
        pad(to: bit >> 3 + 1)
        let mask: UInt8 = 0x80 >> UInt8(bit & 7)
        if isOn { self[bit >> 3] |= mask } else { self[bit >> 3] &= ~mask }
    }

    mutating func pad(to size: Int) {
        if count < size { append(contentsOf: repeatElement(0, count: size - count)) }
    }
}
