public import Essentials
public import Placement

// The records of the hints family. On disk. Never reorder or reuse.
//
// An account says how many hints of a partition wait for one node:
//
//     key    u8   kind, 1
//            u16  target: the node's number (big endian)
//            u16  partition (big endian)
//     value  u8   format version, 2
//            varint  records
//            varint  bytes, of keys and values
//            varint  how long the oldest had waited, in ms, while some run of the node could count
//            varint  since when something is missing that was dropped, in ms; 0: nothing is
//
// Version 1 said when the oldest was kept, by the wall clock in ms, and is still read.
//
// A hint is an object that its target has missed:
//
//     key    u8   kind, 2
//            u16  target (big endian)
//            u64  position of the key (big endian)
//            varint length of the key in bytes
//            …    key
//     value  u8   format version, 1
//            varint  when it was kept, in ms since 1970: for people, nothing goes by it
//            …    the object (Object+Coding)
//
// Target first, since what happens to many hints at once happens to those of one target: they are
// delivered in the order of positions, and those of a partition that are past a bound are one
// range, as are those of a node that has left. A read of one key asks for it under each target
// that has hints in its partition; accounts say which, and in practice there are one or two.

/// Names and values of records in the hints family.
public enum HintRecord {
    private static let version: UInt8 = 1
    private static let accountVersion: UInt8 = 2
    private static let accountKind: UInt8 = 1
    private static let hintKind: UInt8 = 2

    /// Where the accounts begin, and where they end.
    public static let accountsStart: [UInt8] = [accountKind]
    public static let accountsEnd: [UInt8] = [accountKind + 1]

    // MARK: Accounts

    static func accountKey(_ target: NodeNumber, _ partition: PartitionID) -> [UInt8] {
        var bytes = [accountKind]
        bytes.appendBigEndian(target.rawValue)
        bytes.appendBigEndian(partition.rawValue)
        return bytes
    }

    /// The node and the partition that an account is about.
    public static func parseAccountKey(
        _ bytes: [UInt8]
    ) throws(DecodingError) -> (target: NodeNumber, partition: PartitionID) {
        var reader = ByteReader(bytes)
        guard try reader.readByte() == accountKind else { throw .invalid("kind of record") }
        let target = NodeNumber(rawValue: try reader.readBigEndian())
        let partition = PartitionID(rawValue: try reader.readBigEndian())
        try reader.finish()
        return (target, partition)
    }

    static func accountValue(_ account: HintAccounts.Account, now: Now) -> [UInt8] {
        var bytes = [accountVersion]
        bytes.appendVarint(UInt64(account.records))
        bytes.appendVarint(UInt64(account.bytes))
        let ageMs = account.records > 0 ? now.monotonicMs - account.oldestMs : 0
        bytes.appendVarint(UInt64(max(0, ageMs)))
        bytes.appendVarint(account.dirtySinceMs)
        return bytes
    }

    /// - Parameter ageMsMax: what a time by the wall clock counts for at most: it may be wrong, and
    ///   hints must not go for that.
    static func parseAccountValue(
        _ bytes: [UInt8], now: Now, ageMsMax: UInt64
    ) throws(DecodingError) -> HintAccounts.Account {
        var reader = ByteReader(bytes)
        let found = try reader.readByte()
        guard found == version || found == accountVersion else { throw .unknownVersion(found) }
        var account = HintAccounts.Account()
        guard let records = Int(exactly: try reader.readVarint()),
            let size = Int(exactly: try reader.readVarint())
        else { throw .invalid("hint account") }
        account.records = records
        account.bytes = size
        var ageMs = try reader.readVarint()
        if found == version { ageMs = min(now.wallMs - min(now.wallMs, ageMs), ageMsMax) }
        account.oldestMs = now.monotonicMs - Int64(clamping: min(ageMs, 1 << 50))
        account.storedMs = now.monotonicMs
        account.dirtySinceMs = try reader.readVarint()
        try reader.finish()
        return account
    }

    // MARK: Hints

    package static func key(_ target: NodeNumber, _ key: ObjectKey) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(1 + 2 + 8 + 3 + key.bytes.count)
        bytes.append(hintKind)
        bytes.appendBigEndian(target.rawValue)
        bytes.appendBigEndian(key.position.rawValue)
        bytes.appendSized(key.bytes)
        return bytes
    }

    /// The keys of all hints for `target` at positions in `range`: start and end.
    static func range(
        _ target: NodeNumber, _ range: ClosedRange<Position>
    ) -> (start: [UInt8], end: [UInt8]) {
        var start = [hintKind]
        start.appendBigEndian(target.rawValue)
        var end = start
        start.appendBigEndian(range.lowerBound.rawValue)
        end.appendBigEndian(range.upperBound.rawValue)
        // Lengths of keys are varints of up to three bytes, the third of which is at most 4.
        end.append(contentsOf: [0xFF, 0xFF, 0xFF])
        return (start, end)
    }

    package static func parseKey(_ bytes: [UInt8]) throws(DecodingError) -> ObjectKey {
        var reader = ByteReader(bytes)
        guard try reader.readByte() == hintKind else { throw .invalid("kind of record") }
        try reader.skip(2)
        let position = Position(rawValue: try reader.readBigEndian())
        let key = try reader.readSized()
        try reader.finish()
        return ObjectKey(position: position, bytes: key)
    }

    static func value(sinceMs: UInt64, record: [UInt8]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(1 + 6 + record.count)
        bytes.append(version)
        bytes.appendVarint(sinceMs)
        bytes.append(contentsOf: record)
        return bytes
    }

    /// When it was kept, and the object's own record.
    package static func parseValue(
        _ bytes: [UInt8]
    ) throws(DecodingError) -> (sinceMs: UInt64, record: [UInt8]) {
        var reader = try reader(of: bytes)
        let sinceMs = try reader.readVarint()
        return (sinceMs, try reader.readBytes(count: reader.remaining))
    }

    private static func reader(of bytes: [UInt8]) throws(DecodingError) -> ByteReader {
        var reader = ByteReader(bytes)
        let found = try reader.readByte()
        guard found == version else { throw .unknownVersion(found) }
        return reader
    }
}
