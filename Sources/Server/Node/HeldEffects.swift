internal import Engine

/// Effects that wait for their batches, in their order.
///
/// A read of something old may hold for an earlier batch than the write before it; it then waits a
/// little longer than it must, and order is kept.
struct HeldEffects {
    private struct Item {
        let batch: UInt64
        let sinceNs: UInt64
        /// Nil for a reply that was given up.
        var effect: DataPlane.Effect?
    }

    private var items: [Item] = []
    private var head = 0
    /// Replies before this item have been given up already.
    private var patient = 0

    mutating func append(_ effect: DataPlane.Effect, batch: UInt64, nowNs: UInt64) {
        items.append(Item(batch: batch, sinceNs: nowNs, effect: effect))
    }

    mutating func popUpTo(_ batch: UInt64) -> DataPlane.Effect? {
        while head < items.count, items[head].batch <= batch {
            head += 1
            if let effect = items[head - 1].effect.take() { return effect }
        }
        if head == items.count {
            items.removeAll(keepingCapacity: items.count < 65_536)
            (head, patient) = (0, 0)
        } else if head > 1024, 2 * head > items.count {
            items.removeSubrange(0..<head)
            (head, patient) = (0, max(0, patient - head))
        }
        return nil
    }

    /// Gives up the replies that have waited since before `ns` and returns their numbers: a disk
    /// that is full or hangs may keep them for ever. What goes to other nodes keeps waiting.
    mutating func giveUpReplies(since ns: UInt64) -> [UInt64] {
        var numbers: [UInt64] = []
        patient = max(patient, head)
        while patient < items.count, items[patient].sinceNs < ns {
            if case .reply(let number, _, _) = items[patient].effect {
                numbers.append(number)
                items[patient].effect = nil
            }
            patient += 1
        }
        return numbers
    }
}
