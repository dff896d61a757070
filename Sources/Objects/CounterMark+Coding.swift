public import Causality
public import Essentials

// Marks of counters. On disk (in records) and on the wire (in records and contexts of clients).
// Never reorder or reuse.
//
//     varint   number of marks
//       u64    actor (little endian), ascending            } per mark
//       varint counter, at most the context's of the actor }
//       u8     kind of the amount: 2 whole, 3 decimal      }
//       …      amount: zigzag varint, or 16 bytes          }

extension [CounterMark] {
    public func encode(into bytes: inout [UInt8]) {
        bytes.appendVarint(UInt64(count))
        for mark in self {
            bytes.appendLittleEndian(mark.actor.rawValue)
            bytes.appendVarint(mark.counter)
            bytes.append(mark.total.kind)
            mark.total.encode(into: &bytes)
        }
    }

    /// - Parameter context: what the marks are part of: it has seen what they cover.
    public init(
        from reader: inout ByteReader, within context: CausalContext
    ) throws(DecodingError) {
        self.init()
        let count = try reader.readCount(max: CausalContext.actorsDecodedMax)
        for _ in 0..<count {
            let actor = Actor(rawValue: try reader.readLittleEndian())
            let counter = try reader.readVarint()
            guard 1 <= counter, counter <= context.counter(of: actor),
                last.map({ $0.actor < actor }) ?? true
            else { throw .invalid("mark of a counter") }
            let total = try Amount(kind: try reader.readByte(), from: &reader)
            append(CounterMark(actor: actor, counter: counter, total: total))
        }
    }
}

extension Amount {
    /// On disk and on the wire.
    var kind: UInt8 {
        switch self {
        case .integer: 2
        case .decimal: 3
        }
    }

    func encode(into bytes: inout [UInt8]) {
        switch self {
        case .integer(let amount):
            bytes.appendVarint(UInt64(bitPattern: amount << 1 ^ amount >> 63))
        case .decimal(let amount):
            bytes.appendLittleEndian(UInt128(bitPattern: amount.units))
        }
    }

    init(kind: UInt8, from reader: inout ByteReader) throws(DecodingError) {
        switch kind {
        case 2:
            let zigzag = try reader.readVarint()
            self = .integer(Int64(bitPattern: zigzag >> 1) ^ -Int64(bitPattern: zigzag & 1))
        case 3:
            let units: UInt128 = try reader.readLittleEndian()
            self = .decimal(FixedDecimal(units: Int128(truncatingIfNeeded: units)))
        default: throw .invalid("kind of an amount")
        }
    }
}
