internal import Engine

/// What disks have lost for good: the only excuse for a lost write.
struct Damage {
    enum Cause: Equatable {
        /// It was written and not yet synced.
        case powerLoss
        /// It was synced; its bytes are others now.
        case corruption
        /// Nobody could read it, and it was taken out.
        case dropped
        /// The whole disk was put back to an earlier state.
        case putBack
        /// A bound was reached, and the oldest hints went.
        case eviction
    }

    private struct Event {
        var node: Int
        var cause: Cause
        var timeNs: UInt64
    }

    /// Looked up and never iterated.
    private var events: [ObjectKey: [Event]] = [:]
    /// Nodes that have lost anything.
    private(set) var nodes: Set<Int> = []

    mutating func note(_ key: ObjectKey, node: Int, _ cause: Cause, atNs timeNs: UInt64) {
        nodes.insert(node)
        events[key, default: []].append(Event(node: node, cause: cause, timeNs: timeNs))
    }

    /// When a node first lost a state of the key that it had acknowledged, or shown. A copy that
    /// cannot be read has not answered, and is healed by enough of the others, where there are any.
    ///
    /// - Parameter durableOnly: whether nothing is acknowledged before it is synced.
    func firstNs(_ key: ObjectKey, replicas: Int, durableOnly: Bool) -> UInt64? {
        events[key]?.first { event in
            switch event.cause {
            case .putBack, .dropped: true
            case .corruption: replicas < 2
            case .powerLoss: !durableOnly
            case .eviction: false
            }
        }?.timeNs
    }

    /// How many nodes have lost a state of the key since then.
    ///
    /// - Parameter durableOnly: counts only what was lost after it had been synced.
    func nodeCount(_ key: ObjectKey, sinceNs: UInt64 = 0, durableOnly: Bool = false) -> Int {
        var nodes: [Int] = []
        for event in events[key] ?? [] where event.timeNs >= sinceNs {
            if durableOnly, event.cause == .powerLoss { continue }
            if !nodes.contains(event.node) { nodes.append(event.node) }
        }
        return nodes.count
    }
}
