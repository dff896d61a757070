internal import Causality
public import Essentials
internal import Hashing

// The head record of a key. On disk and on the wire, the same bytes in both. Never reorder or
// reuse.
//
//     u8       format version, 1 to 3
//     u8       type: 1 string; the highest bit is set when an entry has a deadline (kind 1)
//     …        causal context (CausalContext+Coding)
//     varint   number of entries
//       u64    actor of the dot (little endian)     } per entry, ascending by dot
//       varint counter of the dot                   }
//       u64    stamp (little endian)                }
//       u8     content kind | deadline kind << 4    }
//       varint deadline in ms since 1970            } deadline kind 1 only
//       …      content                              }
//     …        marks of counters (CounterMark+Coding), from version 2 on
//     u32      the low half of XXH3-64 of all bytes before (little endian)
//
// Content kinds: 0 none, 1 register (varint length, bytes), 2 share of whole numbers (varint start,
// zigzag varint), 3 share of decimals (varint start, 16 bytes little endian, two's complement), 4
// expired register, 5 and 6 expired shares (as 2 and 3), 7 causal register (as 1; from version 3
// on). Deadline kinds: 0 none, 1 at, 2 never.
//
// The checksum is made by the coordinator and travels with the record, so that bytes which changed
// in memory, on a wire or on a disk are found by whoever decodes them.
//
// Version 2 came with counters that know what covers them. A record without shares and marks is
// written as version 1, which has no marks and no kinds 5 and 6, and in which shares have no start:
// each is read as a run that starts at its dot. Version 3 came with registers that say that they
// were written with a context; a record without them is written as one of the others. So versions
// can live side by side while neither is written. A reader refuses versions above its own.

extension Object {
    /// The newest version that is written and read.
    public static let formatVersion: UInt8 = 3
    private static let formatVersionWithoutCausal: UInt8 = 2
    private static let formatVersionWithoutCounters: UInt8 = 1

    private static let stringType: UInt8 = 1
    private static let deadlineFlag: UInt8 = 0x80
    private static let checksumSize = 4
    /// What expired shares add to their content kind.
    private static let shareExpired: UInt8 = 3
    private static let causalRegister: UInt8 = 7

    public func encoded() -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(40 + 32 * entries.count + 12 * context.actorCount + payloadSize)
        let version = formatVersion
        bytes.append(version)
        bytes.append(Self.stringType | (deadlineMsAny ? Self.deadlineFlag : 0))
        context.encode(into: &bytes)
        bytes.appendVarint(UInt64(entries.count))
        // By index, here and below: walking the list copies its entries.
        for index in entries.indices { Self.encode(entries[index], into: &bytes) }
        if version > Self.formatVersionWithoutCounters { covered.encode(into: &bytes) }
        bytes.appendLittleEndian(UInt32(truncatingIfNeeded: xxh3(bytes)))
        return bytes
    }

    public init(decoding bytes: [UInt8]) throws(DecodingError) {
        guard bytes.count > Self.checksumSize else { throw .truncated }
        let body = bytes.count - Self.checksumSize
        var trailer = ByteReader(bytes, in: body..<bytes.count)
        let stored: UInt32 = try trailer.readLittleEndian()
        guard UInt32(truncatingIfNeeded: xxh3(bytes.span.extracting(0..<body))) == stored else {
            throw .invalid("object checksum")
        }
        var reader = ByteReader(bytes, in: 0..<body)
        let version = try reader.readByte()
        guard 1...Self.formatVersion ~= version else { throw .unknownVersion(version) }
        let type = try reader.readByte()
        guard type & ~Self.deadlineFlag == Self.stringType else { throw .invalid("object type") }
        let context = try CausalContext(from: &reader)
        let count = try reader.readCount()
        var entries = InlineFirst<Entry>()
        for _ in 0..<count {
            let entry = try Self.decodeEntry(from: &reader, version)
            guard entries.last.map({ $0.dot < entry.dot }) ?? true, context.contains(entry.dot),
                entry.hasContent || entry.hasDeadline
            else { throw .invalid("object entry") }
            entries.append(entry)
        }
        let marks = version == 1 ? [] : try [CounterMark](from: &reader, within: context)
        try reader.finish()
        self.init(context: context, entries: entries, covered: marks)
        guard deadlineMsAny == (type & Self.deadlineFlag != 0) else {
            throw .invalid("deadline flag")
        }
    }

    /// Whether the record may hold something that expires, told by two bytes: what a walk over all
    /// records looks at first.
    public static func mayExpire(record: Span<UInt8>) -> Bool {
        record.count > 1 && record[1] & deadlineFlag != 0
    }

    /// The oldest that can say all that is here.
    private var formatVersion: UInt8 {
        var version =
            covered.isEmpty ? Self.formatVersionWithoutCounters : Self.formatVersionWithoutCausal
        for index in entries.indices {
            if entries[index].isCausal { return Self.formatVersion }
            if case .share = entries[index].content { version = Self.formatVersionWithoutCausal }
        }
        return version
    }

    private var deadlineMsAny: Bool {
        for index in entries.indices {
            if case .at = entries[index].deadline { return true }
        }
        return false
    }

    private static func encode(_ entry: Entry, into bytes: inout [UInt8]) {
        bytes.appendLittleEndian(entry.dot.actor.rawValue)
        bytes.appendVarint(entry.dot.counter)
        bytes.appendLittleEndian(entry.stamp.rawValue)
        let content: UInt8 =
            switch entry.content {
            case .none: 0
            case .register: entry.isCausal ? causalRegister : 1
            case .share(let share): share.total.kind + (share.isExpired ? shareExpired : 0)
            case .expired: 4
            }
        switch entry.deadline {
        case .none: bytes.append(content)
        case .at(let deadlineMs):
            bytes.append(content | 1 << 4)
            bytes.appendVarint(deadlineMs)
        case .never: bytes.append(content | 2 << 4)
        }
        switch entry.content {
        case .none, .expired: break
        case .register(let value): bytes.appendSized(value)
        case .share(let share):
            bytes.appendVarint(share.start)
            share.total.encode(into: &bytes)
        }
    }

    private static func decodeEntry(
        from reader: inout ByteReader, _ version: UInt8
    ) throws(DecodingError) -> Entry {
        let actor = Actor(rawValue: try reader.readLittleEndian())
        let dot = Dot(actor: actor, counter: try reader.readVarint())
        let stamp = Timestamp(rawValue: try reader.readLittleEndian())
        let kinds = try reader.readByte()
        let deadline: Entry.Deadline
        switch kinds >> 4 {
        case 0: deadline = .none
        case 1: deadline = .at(try reader.readVarint())
        case 2: deadline = .never
        default: throw .invalid("deadline kind")
        }
        let content: Entry.Content
        switch kinds & 0x0F {
        case 0: content = .none
        case 1: content = .register(try reader.readSized())
        case 2, 3, 5, 6:
            let isExpired = kinds & 0x0F > shareExpired
            guard version > 1 || !isExpired else { throw .invalid("content kind") }
            let start = version == 1 ? dot.counter : try reader.readVarint()
            guard 1...max(1, dot.counter) ~= start else { throw .invalid("start of a share") }
            let kind = kinds & 0x0F - (isExpired ? shareExpired : 0)
            var share = Share(start: start, total: try Amount(kind: kind, from: &reader))
            share.isExpired = isExpired
            content = .share(share)
        case 4: content = .expired
        case causalRegister where version > formatVersionWithoutCausal:
            content = .register(try reader.readSized())
        default: throw .invalid("content kind")
        }
        return Entry(
            dot: dot, stamp: stamp, content: content, deadline: deadline,
            isCausal: kinds & 0x0F == causalRegister)
    }
}
