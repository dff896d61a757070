public import Essentials
public import Placement

// The key of a RocksDB record. On disk. Never reorder or reuse.
//
//     u64  position of the key (big endian, so that records sort along the ring)
//     varint length of the key in bytes (0 to 65,536)
//     …    key
//     u8   kind: 0 head (context, deadlines, and a string's value); 1 is kept for cells
//     …    name of the cell (kind 1)
//
// Position first makes a slot, a partition at any Q, a tree segment and a transfer each one
// contiguous range (DESIGN section 3).

/// Names of records in the objects family.
public enum RecordKey {
    static let headKind: UInt8 = 0

    /// The record that holds a key's context and, for a string, its value.
    public static func head(of key: ObjectKey) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(8 + 3 + key.bytes.count + 1)
        bytes.appendBigEndian(key.position.rawValue)
        bytes.appendSized(key.bytes)
        bytes.append(headKind)
        return bytes
    }

    /// The least record key at or after `position`.
    public static func first(at position: Position) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.appendBigEndian(position.rawValue)
        return bytes
    }

    /// A key greater than every record key at `position` and none at a later one.
    public static func end(of position: Position) -> [UInt8] {
        guard position.rawValue < .max else { return [UInt8](repeating: 0xFF, count: 16) }
        return first(at: Position(rawValue: position.rawValue + 1))
    }

    /// Reads back the key of a head record; nil for records of other kinds.
    public static func parseHead(_ bytes: [UInt8]) throws(DecodingError) -> ObjectKey? {
        var reader = ByteReader(bytes)
        let position: UInt64 = try reader.readBigEndian()
        let key = try reader.readSized()
        guard try reader.readByte() == headKind else { return nil }
        try reader.finish()
        return ObjectKey(position: Position(rawValue: position), bytes: key)
    }
}
