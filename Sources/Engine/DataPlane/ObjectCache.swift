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
        var size: Int = 0
        /// In-flight requests that count on the slot staying where it is.
        var pins: Int = 0
        var isUsedSince = true
        var isOccupied = true
    }

    /// What a slot costs besides the bytes it points to: the slot itself, its share of the table,
    /// and the headers of three arrays as malloc rounds them (measured: 290 bytes a 100-byte value).
    private static let overhead = 192
    /// How many slots one insertion looks at: bounds the pause, and amortises to eviction's pace.
    private static let evictionStepsMax = 32

    private(set) var slots: [Slot] = []
    /// Open addressing over the position's low bits; -1 is empty.
    private var table: [Int32]
    private var mask: Int
    private var free: [Int32] = []
    private var hand = 0
    private(set) var bytes = 0
    private(set) var count = 0
    var bytesMax: Int

    init(bytesMax: Int) {
        self.bytesMax = bytesMax
        mask = 1023
        table = [Int32](repeating: -1, count: 1024)
    }

    /// The slot of `key`, marked as used; nil when it is not held.
    mutating func find(_ key: ObjectKey) -> Int? {
        var probe = home(of: key.position)
        while true {
            let index = Int(table[probe])
            if index < 0 { return nil }
            if slots[index].key == key {
                slots[index].isUsedSince = true
                return index
            }
            probe = (probe + 1) & mask
        }
    }

    /// Works on a slot in place. Call `resize` when the object has changed.
    subscript(index: Int) -> Slot {
        _read { yield slots[index] }
        _modify { yield &slots[index] }
    }

    /// Takes in an object that is not held yet and returns its slot.
    mutating func insert(_ key: ObjectKey, _ object: Object, writtenBatch: UInt64) -> Int {
        evict(writtenBatch: writtenBatch)
        var slot = Slot(key: key, object: object)
        slot.size = Self.size(of: key, object)
        bytes += slot.size
        count += 1
        let index: Int
        if let reused = free.popLast() {
            index = Int(reused)
            slots[index] = slot
        } else {
            index = slots.count
            slots.append(slot)
        }
        if 4 * count > 3 * (mask + 1) {
            grow()
        } else {
            link(index)
        }
        return index
    }

    /// Accounts for a changed object.
    mutating func resize(_ index: Int) {
        let size = Self.size(of: slots[index].key, slots[index].object)
        bytes += size - slots[index].size
        slots[index].size = size
    }

    mutating func removeAll() {
        invariant(slots.allSatisfy { $0.pins == 0 }, "cache emptied under a request")
        self = ObjectCache(bytesMax: bytesMax)
    }

    private static func size(of key: ObjectKey, _ object: Object) -> Int {
        overhead + key.bytes.count + object.payloadSize + 16 * object.context.actorCount
            + 64 * object.entries.count
    }

    private func home(of position: Position) -> Int {
        // The upper bits are the slot, which a shard has few of; the hash is in the lower ones.
        Int(truncatingIfNeeded: position.rawValue) & mask
    }

    private mutating func link(_ index: Int) {
        var probe = home(of: slots[index].key.position)
        while table[probe] >= 0 { probe = (probe + 1) & mask }
        table[probe] = Int32(index)
    }

    /// Doubles the table and links every slot anew.
    private mutating func grow() {
        mask = 2 * mask + 1
        table = [Int32](repeating: -1, count: mask + 1)
        for index in slots.indices where slots[index].isOccupied { link(index) }
    }

    private mutating func evict(writtenBatch: UInt64) {
        var steps = 0
        while bytes > bytesMax, steps < Self.evictionStepsMax, !slots.isEmpty {
            steps += 1
            hand = hand + 1 < slots.count ? hand + 1 : 0
            guard slots[hand].isOccupied, slots[hand].pins == 0, slots[hand].batch <= writtenBatch
            else { continue }
            if slots[hand].isUsedSince {
                slots[hand].isUsedSince = false
            } else {
                remove(hand)
            }
        }
    }

    /// Removes a slot; later entries of its probe run move back (Knuth 6.4, algorithm R).
    private mutating func remove(_ index: Int) {
        var probe = home(of: slots[index].key.position)
        while table[probe] != Int32(index) { probe = (probe + 1) & mask }
        var hole = probe
        var next = (probe + 1) & mask
        while table[next] >= 0 {
            let wanted = home(of: slots[Int(table[next])].key.position)
            if (next - wanted) & mask >= (next - hole) & mask {
                table[hole] = table[next]
                hole = next
            }
            next = (next + 1) & mask
        }
        table[hole] = -1
        bytes -= slots[index].size
        count -= 1
        slots[index] = Slot(
            key: ObjectKey(position: Position(rawValue: 0), bytes: []), object: Object())
        slots[index].isOccupied = false
        free.append(Int32(index))
    }
}
