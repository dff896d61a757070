/// What is going to happen, in the order of its time; at one time in the order of its planning.
///
/// A binary heap of small items; what they stand for stays where it is while they change places.
struct Schedule<Happening> {
    private struct Item {
        var timeNs: UInt64
        var sequence: UInt64
        var slot: Int

        func isBefore(_ other: Item) -> Bool {
            (timeNs, sequence) < (other.timeNs, other.sequence)
        }
    }

    private var items: [Item] = []
    private var slots: [Happening?] = []
    private var freeSlots: [Int] = []
    private var planned: UInt64 = 0

    var nextNs: UInt64? { items.first?.timeNs }

    mutating func plan(_ happening: Happening, atNs timeNs: UInt64) {
        planned += 1
        let slot: Int
        if let free = freeSlots.popLast() {
            slot = free
            slots[slot] = happening
        } else {
            slot = slots.count
            slots.append(happening)
        }
        items.append(Item(timeNs: timeNs, sequence: planned, slot: slot))
        var child = items.count - 1
        while child > 0, items[child].isBefore(items[(child - 1) / 2]) {
            items.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    mutating func popFirst() -> Happening? {
        guard let slot = items.first?.slot else { return nil }
        items.swapAt(0, items.count - 1)
        items.removeLast()
        var parent = 0
        while 2 * parent + 1 < items.count {
            var child = 2 * parent + 1
            if child + 1 < items.count, items[child + 1].isBefore(items[child]) { child += 1 }
            guard items[child].isBefore(items[parent]) else { break }
            items.swapAt(parent, child)
            parent = child
        }
        freeSlots.append(slot)
        return slots[slot].take()
    }
}
