internal import Commands
internal import Engine
internal import Essentials
internal import Objects
internal import Placement
internal import Platform
internal import Storage

/// A look at the records of some positions, one page of it at a time.
struct KeyScan: Sendable {
    var positions: ClosedRange<Position>
    /// Nil for every key.
    var match: Glob?
    /// Nil for every type; there is only one so far.
    var type: String?
    /// Records to look at, at least; what shares a cursor is always read together.
    var recordsMax: Int
    /// Keys to find.
    var keysMax = Int.max

    /// Records of one page: some milliseconds of a worker's time.
    static let pageRecordsMax = 10_000
    /// Bytes of records, and so of keys, of one page.
    private static let pageBytesMax = 4 << 20

    struct Page: Sendable {
        var keys: [[UInt8]] = []
        /// Where the next page begins; nil when all positions were seen.
        var next: ScanCursor?
    }

    /// Reads one page. Blocks: never on a loop.
    func readPage(_ storage: any StorageEngine, nowMs: UInt64) throws(StorageError) -> Page {
        var page = Page()
        var records = 0
        var bytes = 0
        var last: ScanCursor?
        _ = try storage.scan(
            .objects, from: RecordKey.first(at: positions.lowerBound),
            to: RecordKey.end(of: positions.upperBound), limits: .unlimited
        ) { recordKey, record in
            guard let key = Self.key(recordKey) else { return true }
            let isFull =
                records >= min(recordsMax, Self.pageRecordsMax) || bytes >= Self.pageBytesMax
                || page.keys.count >= keysMax
            let cursor = ScanCursor(before: key.position)
            if isFull, cursor != last {
                page.next = cursor
                return false
            }
            last = cursor
            records += 1
            bytes += recordKey.count + record.count
            guard isWanted(key.bytes), Self.isLive(record, nowMs: nowMs) else { return true }
            page.keys.append(key.bytes)
            return true
        }
        return page
    }

    private func isWanted(_ key: [UInt8]) -> Bool {
        guard type == nil || type == "string" else { return false }
        return match?.matches(key) ?? true
    }

    private static func key(_ recordKey: Span<UInt8>) -> ObjectKey? {
        var bytes: [UInt8] = []
        bytes.append(contentsOf: recordKey)
        // Nil for records of other kinds, which belong to the head before them.
        return try? RecordKey.parseHead(bytes)
    }

    /// Records that cannot be decoded are for the scrub to report.
    private static func isLive(_ record: Span<UInt8>, nowMs: UInt64) -> Bool {
        var bytes: [UInt8] = []
        bytes.append(contentsOf: record)
        return (try? Object(decoding: bytes))?.isLive(nowMs: nowMs) ?? false
    }
}
