public import Essentials

// On disk and on the wire. Never reorder or reuse.
//
//     varint   number of entries
//       u64    actor (little endian), ascending            } per entry
//       varint counter, at least 1                         }
//     varint   number of exceptions
//       u64    actor                                       } per exception,
//       varint counter, at least 2 past the actor's entry  } ascending

extension CausalContext {
    /// More actors than this are refused on decoding: far past what pruning leaves.
    public static let actorsDecodedMax = 4096
    /// A key does not take that many writes, and one more can always be counted.
    static let counterDecodedMax: UInt64 = 1 << 62

    public func encode(into bytes: inout [UInt8]) {
        bytes.appendVarint(UInt64(entries.count))
        for entry in entries {
            bytes.appendLittleEndian(entry.actor.rawValue)
            bytes.appendVarint(entry.counter)
        }
        bytes.appendVarint(UInt64(exceptions.count))
        for dot in exceptions {
            bytes.appendLittleEndian(dot.actor.rawValue)
            bytes.appendVarint(dot.counter)
        }
    }

    public init(from reader: inout ByteReader) throws(DecodingError) {
        self.init()
        let entryCount = try reader.readCount(max: Self.actorsDecodedMax)
        var decoded = InlineFirst<Entry>()
        for _ in 0..<entryCount {
            let actor = Actor(rawValue: try reader.readLittleEndian())
            let counter = try reader.readVarint()
            guard 0 < counter, counter <= Self.counterDecodedMax,
                decoded.last.map({ $0.actor < actor }) ?? true
            else {
                throw .invalid("causal context entry")
            }
            decoded.append(Entry(actor: actor, counter: counter))
        }
        self.init(entries: decoded)
        let exceptionCount = try reader.readCount(max: Self.actorsDecodedMax)
        var last: Dot?
        for _ in 0..<exceptionCount {
            let actor = Actor(rawValue: try reader.readLittleEndian())
            let dot = Dot(actor: actor, counter: try reader.readVarint())
            let reached = counter(of: actor)
            guard dot.counter > reached, dot.counter - reached >= 2,
                dot.counter <= Self.counterDecodedMax, last.map({ $0 < dot }) ?? true
            else { throw .invalid("causal context exception") }
            appendException(dot)
            last = dot
        }
    }
}
