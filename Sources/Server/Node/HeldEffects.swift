internal import Engine

/// Effects that wait for their batches, in their order.
///
/// A read of something old may hold for an earlier batch than the write before it; it then waits a
/// little longer than it must, and order is kept.
struct HeldEffects {
    private var items: [(batch: UInt64, effect: DataPlane.Effect)] = []
    private var head = 0

    mutating func append(_ effect: DataPlane.Effect, batch: UInt64) {
        items.append((batch, effect))
    }

    mutating func popUpTo(_ batch: UInt64) -> DataPlane.Effect? {
        guard head < items.count, items[head].batch <= batch else {
            if head == items.count {
                items.removeAll(keepingCapacity: items.count < 65_536)
                head = 0
            } else if head > 1024, 2 * head > items.count {
                items.removeSubrange(0..<head)
                head = 0
            }
            return nil
        }
        defer { head += 1 }
        return items[head].effect
    }
}
