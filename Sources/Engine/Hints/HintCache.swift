internal import Essentials
internal import Objects

/// The hints of the keys that were written lately, decoded: a hint is merged with what waits
/// already, and a pass's stores are not in RocksDB before the pass ends.
///
/// Invariant: an entry holds every hint of its key. One whose last change is not yet written is
/// never evicted; a read of RocksDB in between would bring back the past.
/// Confined to its shard.
struct HintCache: Sendable {
    /// One key's hint for one node.
    struct Copy: Sendable {
        let target: NodeNumber
        var object: Object
        /// Bytes of its key and value, as they are stored.
        var size: Int
    }

    struct Entry: Sendable {
        var copies: [Copy] = []
        /// The batch of the last change; 0 when it is as it was read.
        var batch: UInt64 = 0

        fileprivate var size: Int { copies.reduce(0) { $0 + $1.size } }
    }

    /// Keys held.
    static let countMax = 8192
    /// Bytes of their hints, as they are stored: so many keys at a kilobyte each. Large values must
    /// not fill the memory of all who keep them.
    static let bytesMax = 8 << 20
    /// How many keys one insertion looks at for one to evict.
    private static let evictionStepsMax = 8

    /// Looked up by key and never iterated.
    private var entries: [ObjectKey: Entry] = [:]
    /// The keys in the order in which they came, from `head` on.
    private var order: [ObjectKey] = []
    private var head = 0

    private(set) var bytes = 0

    var count: Int { entries.count }
    private var isFull: Bool { count >= Self.countMax || bytes >= Self.bytesMax }

    subscript(key: ObjectKey) -> Entry? { entries[key] }

    mutating func insert(_ key: ObjectKey, _ entry: Entry, writtenBatch: UInt64) {
        evict(writtenBatch: writtenBatch)
        bytes += entry.size
        if let replaced = entries.updateValue(entry, forKey: key) {
            bytes -= replaced.size
        } else {
            order.append(key)
        }
    }

    /// Works on an entry in place; nil, and nothing done, when the key is not held.
    mutating func update<Result>(
        _ key: ObjectKey, _ body: (inout Entry) -> Result
    ) -> Result? {
        guard let before = entries[key]?.size else { return nil }
        defer { bytes += (entries[key]?.size ?? 0) - before }
        return body(&entries[key, default: Entry()])
    }

    mutating func removeAll() { self = HintCache() }

    private mutating func evict(writtenBatch: UInt64) {
        var steps = 0
        while isFull, steps < Self.evictionStepsMax, head < order.count {
            steps += 1
            let key = order[head]
            head += 1
            if let entry = entries[key], entry.batch > writtenBatch {
                order.append(key)
            } else {
                bytes -= entries.removeValue(forKey: key)?.size ?? 0
            }
        }
        guard head >= Self.countMax else { return }
        order.removeSubrange(0..<head)
        head = 0
    }
}
