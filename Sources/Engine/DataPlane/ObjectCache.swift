internal import Causality
internal import Essentials
internal import Objects
internal import Placement

/// The decoded objects that a shard holds in memory, bounded in bytes.
///
/// Every read and every write goes through it: a write reads before it writes, and a pass's stores
/// are not in RocksDB before the pass ends. Absent keys are held too, so that a new key costs one
/// look-up. Replacement is CLOCK (a second chance for what was used since the hand came by).
///
/// Invariant: a slot that is pinned, or whose last store is not yet written, is never evicted; a
/// read of RocksDB in between would bring back the past.
/// Confined to its shard.
struct ObjectCache {
    struct Slot {
        var key: ObjectKey
        var object: Object
        /// The batch that holds the last store of this object; 0 when it came from storage.
        var batch: UInt64 = 0
        var size: Int32 = 0
        /// In-flight requests that count on the slot staying where it is.
        var pins: Int32 = 0
        /// The quorum read of this key that is under way; 0 for none.
        var reader: UInt64 = 0
        /// The last overwrite of this key made here, which may be under way; 0 for none.
        var overwriter: UInt64 = 0
        var isUsedSince = true
        var isOccupied = true
        /// What hints tell of a key that this node is no primary of: never stored, and never read.
        var isStandIn = false
    }

    /// What a slot costs besides the bytes it points to: the slot itself, its share of the table,
    /// and the headers of the key's and the value's arrays, as malloc rounds them.
    private static let overhead = MemoryLayout<Slot>.stride + 16 + 2 * 48
    /// How many slots one insertion looks at: bounds the pause, and amortises to eviction's pace.
    private static let evictionStepsMax = 32
    /// Slots come in pages, so that growing copies none: 1024 of them are 160 KiB.
    private static let pageBits = 10
    private static let pageMask = 1 << pageBits - 1

    private var pages: [[Slot]] = []
    private var slotCount = 0
    /// Open addressing over the position's low bits. An entry is a tag (upper half: more bits of
    /// the position) and a slot's index, so that a probe which does not match touches no slot.
    private var table: [UInt64]
    private var mask: Int
    private var free: [UInt32] = []
    private var hand = 0
    private(set) var bytes = 0
    private(set) var count = 0
    var bytesMax: Int

    private static let vacant = UInt64.max
    private static let tableSizeMin = 1024

    init(bytesMax: Int) {
        self.bytesMax = bytesMax
        mask = Self.tableSizeMin - 1
        table = [UInt64](repeating: Self.vacant, count: Self.tableSizeMin)
    }

    /// The slot of `key`, marked as used; nil when it is not held.
    mutating func find(_ key: ObjectKey) -> Int? {
        let tag = Self.tag(of: key.position)
        var probe = home(of: key.position)
        while true {
            let entry = table[probe]
            if entry == Self.vacant { return nil }
            if entry >> 32 == tag {
                let index = Int(UInt32(truncatingIfNeeded: entry))
                if pages[index >> Self.pageBits][index & Self.pageMask].key == key {
                    pages[index >> Self.pageBits][index & Self.pageMask].isUsedSince = true
                    return index
                }
            }
            probe = (probe + 1) & mask
        }
    }

    /// Works on a slot in place. Call `resize` when the object has changed.
    ///
    /// A getter, not a `_read`: this compiler goes on reading what a coroutine has yielded after it
    /// has ended (found by the address sanitizer). Inlined, it loads only what is asked for.
    subscript(index: Int) -> Slot {
        get { pages[index >> Self.pageBits][index & Self.pageMask] }
        _modify { yield &pages[index >> Self.pageBits][index & Self.pageMask] }
    }

    /// Looks at a slot in place: the subscript would copy, and count references to, all of it.
    ///
    /// Mutating, for only what nobody else can change is not copied.
    mutating func look<Result>(_ index: Int, _ body: (inout Slot) -> Result) -> Result {
        body(&pages[index >> Self.pageBits][index & Self.pageMask])
    }

    /// Takes in an object that is not held yet and returns its slot.
    mutating func insert(_ key: ObjectKey, _ object: Object, writtenBatch: UInt64) -> Int {
        var slot = Slot(key: key, object: object)
        slot.size = Int32(clamping: Self.size(of: key, object))
        evict(writtenBatch: writtenBatch, toFit: Int(slot.size))
        bytes += Int(slot.size)
        count += 1
        let index: Int
        if let reused = free.popLast() {
            index = Int(reused)
            self[index] = slot
        } else {
            index = slotCount
            if index & Self.pageMask == 0 {
                var page: [Slot] = []
                page.reserveCapacity(1 << Self.pageBits)
                pages.append(page)
            }
            pages[index >> Self.pageBits].append(slot)
            slotCount += 1
        }
        if 2 * count > mask + 1 {
            grow()
        } else {
            link(index)
        }
        return index
    }

    /// Accounts for a changed object, whose store is not written yet.
    mutating func resize(_ index: Int, writtenBatch: UInt64) {
        bytes += look(index) { slot in
            let before = Int(slot.size)
            slot.size = Int32(clamping: Self.size(of: slot.key, slot.object))
            return Int(slot.size) - before
        }
        // Objects that grow in place insert nothing.
        evict(writtenBatch: writtenBatch)
    }

    mutating func removeAll() {
        for index in 0..<slotCount {
            invariant(self[index].pins == 0, "cache emptied under a request")
        }
        self = ObjectCache(bytesMax: bytesMax)
    }

    private static func size(of key: ObjectKey, _ object: Object) -> Int {
        overhead + key.bytes.count + object.payloadSize + 16 * (object.context.actorCount - 1)
            + MemoryLayout<Entry>.stride * (object.entries.count - 1)
            + MemoryLayout<CounterMark>.stride * object.covered.count
    }

    private func home(of position: Position) -> Int {
        // The upper bits are the slot, which a shard has few of; the hash is in the lower ones.
        Int(truncatingIfNeeded: position.rawValue) & mask
    }

    private static func tag(of position: Position) -> UInt64 {
        position.rawValue >> 18 & 0xFFFF_FFFF
    }

    private mutating func link(_ index: Int) {
        let position = self[index].key.position
        var probe = home(of: position)
        while table[probe] != Self.vacant { probe = (probe + 1) & mask }
        table[probe] = Self.tag(of: position) << 32 | UInt64(index)
    }

    /// Doubles the table and links every slot anew.
    private mutating func grow() {
        mask = 2 * mask + 1
        table = [UInt64](repeating: Self.vacant, count: mask + 1)
        for index in 0..<slotCount where self[index].isOccupied { link(index) }
    }

    /// Makes up for what insertions have left above the bound, since what was there was pinned or
    /// not written yet, or since they look at so few slots each. To be called now and then.
    mutating func settle(writtenBatch: UInt64) {
        if bytes > bytesMax { evict(writtenBatch: writtenBatch) }
    }

    private mutating func evict(writtenBatch: UInt64, toFit size: Int = 0) {
        var steps = 0
        while bytes + size > bytesMax, steps < Self.evictionStepsMax, slotCount > 0 {
            steps += 1
            hand = hand + 1 < slotCount ? hand + 1 : 0
            guard self[hand].isOccupied, self[hand].pins == 0, self[hand].batch <= writtenBatch
            else { continue }
            if self[hand].isUsedSince {
                self[hand].isUsedSince = false
            } else {
                remove(hand)
            }
        }
    }

    /// Removes a slot; later entries of its probe run move back (Knuth 6.4, algorithm R).
    private mutating func remove(_ index: Int) {
        var probe = home(of: self[index].key.position)
        while UInt32(truncatingIfNeeded: table[probe]) != UInt32(index) {
            probe = (probe + 1) & mask
        }
        var hole = probe
        var next = (probe + 1) & mask
        while table[next] != Self.vacant {
            let moved = Int(UInt32(truncatingIfNeeded: table[next]))
            let wanted = home(of: self[moved].key.position)
            if (next - wanted) & mask >= (next - hole) & mask {
                table[hole] = table[next]
                hole = next
            }
            next = (next + 1) & mask
        }
        table[hole] = Self.vacant
        bytes -= Int(self[index].size)
        count -= 1
        self[index] = Slot(
            key: ObjectKey(position: Position(rawValue: 0), bytes: []), object: Object())
        self[index].isOccupied = false
        free.append(UInt32(index))
    }
}
