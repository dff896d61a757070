internal import Essentials

/// Changes that are applied together or not at all, in their order.
///
/// A value, reused pass after pass: `clear` keeps its memory. It is a buffer in the format of
/// RocksDB's own batches, so that building one makes no call into C and handing it over is one
/// copy.
///
///     batch  := sequence (8) = 0 | count (4) | change...         little-endian
///     change := 0x01 | key | value        put, family 0
///               0x05 | family | key | value
///               0x00 | key                delete, family 0
///               0x04 | family | key
///               0x0F | start | end        delete of start <= key < end, family 0
///               0x0E | family | start | end
///     family := varint; key, value, start, end := varint length | bytes
///
/// On disk: RocksDB appends exactly these bytes to its WAL, which it has kept readable since
/// LevelDB (`db/write_batch.cc`, `db/dbformat.h`).
public struct WriteBatch: Sendable {
    /// Puts and deletes are limited by RocksDB to 32-bit lengths; ours end far below.
    public static let entryBytesMax = 1 << 30

    private static let headerBytes = 12

    private enum Tag {
        static let put: UInt8 = 0x01
        static let putInFamily: UInt8 = 0x05
        static let delete: UInt8 = 0x00
        static let deleteInFamily: UInt8 = 0x04
        static let deleteRange: UInt8 = 0x0F
        static let deleteRangeInFamily: UInt8 = 0x0E
    }

    /// One decoded change.
    enum Change: Equatable {
        case put(Family, key: [UInt8], value: [UInt8])
        case delete(Family, key: [UInt8])
        case deleteRange(Family, from: [UInt8], to: [UInt8])
    }

    /// The whole batch; its count is patched in by `encoded`.
    private(set) var bytes: [UInt8]

    /// How many changes the batch holds.
    public private(set) var count = 0 {
        didSet {
            let value = UInt32(count)
            for index in 0..<4 {
                bytes[8 + index] = UInt8(truncatingIfNeeded: value >> (8 * UInt32(index)))
            }
        }
    }

    public init() {
        bytes = Array(repeating: 0, count: Self.headerBytes)
    }

    public var isEmpty: Bool { count == 0 }

    /// What the batch takes in the WAL, but for the framing of records.
    public var byteCount: Int { bytes.count }

    /// Sets the value of `key`.
    public mutating func put(_ key: [UInt8], _ value: [UInt8], in family: Family) {
        append(tag: Tag.put, orInFamily: Tag.putInFamily, family)
        append(key)
        append(value)
        count += 1
    }

    /// Removes `key`, which need not exist.
    public mutating func delete(_ key: [UInt8], in family: Family) {
        append(tag: Tag.delete, orInFamily: Tag.deleteInFamily, family)
        append(key)
        count += 1
    }

    /// Removes every key with `start <= key < end`. One record, however many keys; but each slows
    /// the reads near it until it is compacted away: for vnodes, not for a handful of keys.
    ///
    /// - Precondition: `start <= end`.
    public mutating func deleteRange(from start: [UInt8], to end: [UInt8], in family: Family) {
        invariant(!end.lexicographicallyPrecedes(start), "a range ends before it starts")
        append(tag: Tag.deleteRange, orInFamily: Tag.deleteRangeInFamily, family)
        append(start)
        append(end)
        count += 1
    }

    /// Forgets all changes and keeps the memory.
    public mutating func clear() {
        bytes.removeLast(bytes.count - Self.headerBytes)
        count = 0
    }

    /// Adds the changes of `other` after those of this batch.
    public mutating func append(_ other: borrowing WriteBatch) {
        bytes.append(contentsOf: other.bytes[Self.headerBytes...])
        count += other.count
    }

    private mutating func append(tag: UInt8, orInFamily tagInFamily: UInt8, _ family: Family) {
        if family == .objects {
            bytes.append(tag)
        } else {
            bytes.append(tagInFamily)
            bytes.appendVarint(UInt64(family.rawValue))
        }
    }

    private mutating func append(_ part: [UInt8]) {
        invariant(part.count <= Self.entryBytesMax, "a key or value is over entryBytesMax")
        bytes.appendSized(part)
    }
}

extension WriteBatch {
    /// Decodes the batch, for the engine that has no RocksDB to do it.
    func forEachChange(_ body: (Change) -> Void) {
        do {
            var reader = ByteReader(bytes, in: Self.headerBytes..<bytes.count)
            for _ in 0..<count { body(try Self.readChange(&reader)) }
            try reader.finish()
        } catch {
            invariant(false, "a write batch cannot be decoded: \(error)")
        }
    }

    private static func readChange(_ reader: inout ByteReader) throws(DecodingError) -> Change {
        let tag = try reader.readByte()
        var family = Family.objects
        if [Tag.putInFamily, Tag.deleteInFamily, Tag.deleteRangeInFamily].contains(tag) {
            let id = try reader.readVarint()
            guard let known = UInt32(exactly: id).flatMap(Family.init) else {
                throw .invalid("family")
            }
            family = known
        }
        let key = try reader.readSized()
        switch tag {
        case Tag.delete, Tag.deleteInFamily: return .delete(family, key: key)
        case Tag.put, Tag.putInFamily:
            return .put(family, key: key, value: try reader.readSized())
        case Tag.deleteRange, Tag.deleteRangeInFamily:
            return .deleteRange(family, from: key, to: try reader.readSized())
        default: throw .invalid("tag")
        }
    }
}
