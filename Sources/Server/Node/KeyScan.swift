internal import Causality
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
        /// Keys that some of the replicas that were asked show, and others do not.
        var doubtful: [[UInt8]] = []
        /// Where the next page begins; nil when all positions were seen.
        var next: ScanCursor?
        /// Some of what lies in these positions cannot be read.
        var isDamaged = false
    }

    /// Reads one page. Blocks: never on a loop.
    ///
    /// - Parameter flushed: what was written up to this stamp is dropped, though its record may be
    ///   there yet.
    func readPage(
        _ storage: any StorageEngine, flushed: Timestamp, nowMs: UInt64,
        damaged: (StorageError) -> Void
    ) throws(StorageError) -> Page {
        var page = Page()
        var records = 0
        var bytes = 0
        var last: ScanCursor?
        _ = try storage.scanReadable(
            .objects, from: RecordKey.first(at: positions.lowerBound),
            to: RecordKey.end(of: positions.upperBound), limits: .unlimited,
            skipped: { _, _, error in
                page.isDamaged = true
                damaged(error)
            }
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
            guard isWanted(key.bytes) else { return true }
            switch Self.isLive(record, flushed: flushed, nowMs: nowMs) {
            case true?: page.keys.append(key.bytes)
            case false?: break
            case nil: page.isDamaged = true
            }
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

    /// Nil for a record that cannot be decoded.
    private static func isLive(
        _ record: Span<UInt8>, flushed: Timestamp, nowMs: UInt64
    ) -> Bool? {
        var bytes: [UInt8] = []
        bytes.append(contentsOf: record)
        guard var object = try? Object(decoding: bytes) else { return nil }
        if object.latestStamp <= flushed { return false }
        object.dropEntries(upTo: flushed)
        return object.isLive(nowMs: nowMs)
    }
}
