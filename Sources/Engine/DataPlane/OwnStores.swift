/// The coordinator's own stores that wait until their batch is safe enough to count for w.
///
/// Batches become safe in their order, so two queues do: one for what must be written, one for what
/// must be durable.
struct OwnStores: Sendable {
    private struct Waiting {
        var batch: UInt64
        var id: UInt64
    }

    private struct Queue {
        var items: [Waiting] = []
        var head = 0

        mutating func popUpTo(_ batch: UInt64) -> UInt64? {
            guard head < items.count, items[head].batch <= batch else {
                if head > 0, 2 * head >= items.count {
                    items.removeSubrange(0..<head)
                    head = 0
                }
                return nil
            }
            defer { head += 1 }
            return items[head].id
        }
    }

    private var forWritten = Queue()
    private var forDurable = Queue()

    mutating func append(_ id: UInt64, batch: UInt64, isDurable: Bool) {
        if isDurable {
            forDurable.items.append(Waiting(batch: batch, id: id))
        } else {
            forWritten.items.append(Waiting(batch: batch, id: id))
        }
    }

    /// The next request whose own store is now safe enough.
    mutating func popSafe(written: UInt64, durable: UInt64) -> (id: UInt64, isDurable: Bool)? {
        if let id = forDurable.popUpTo(durable) { return (id, true) }
        if let id = forWritten.popUpTo(written) { return (id, false) }
        return nil
    }
}
