internal import Essentials
internal import Placement

/// All that a shard keeps for nodes that were unreachable, and what is under way with it.
struct HintStore: Sendable {
    var accounts = HintAccounts()
    var cache = HintCache()
    var loads = HintLoads()
    /// Ascending by target.
    var deliveries: [HintDelivery] = []
    var handoffs = FlightTable<Handoff>(.handoff)
    /// Not on the wire: the numbers only find what waits for a load.
    private(set) var arrivals = FlightTable<IncomingHandoff>(.handoff)
    /// Bytes of the records in them.
    private(set) var arrivalBytes = 0
    /// Arrivals that go on when background work may, in their order.
    var waiting: [UInt64] = []
    /// When background work that waits for the pacer may go on; .max when none does.
    var wakeNs = UInt64.max
    /// Whether chunks that are merged wait for an fsync that was not asked for yet, and when the
    /// next one may be.
    var isSyncWanted = false
    var nextSyncNs: UInt64 = 0
    var lastScanToken: UInt64 = 0
    /// The last batch that removes hints: reads wait until it is written.
    var dropBatch: UInt64 = 0
    var nextSecondNs: UInt64 = 0
    /// Askers whose hints are stored and not yet as safe as they want, in their order.
    var unanswered: [Unanswered] = []

    /// Somebody who counts on a hint.
    struct Unanswered: Sendable {
        let asker: HintTask.Asker
        let target: NodeNumber
        let partition: PartitionID
        let hold: Hold
    }

    mutating func takeIn(_ handoff: IncomingHandoff) -> UInt64 {
        arrivalBytes += handoff.bytes
        return arrivals.insert(handoff)
    }

    mutating func updateArrival(_ id: UInt64, _ body: (inout IncomingHandoff) -> Void) {
        _ = arrivals.update(id, body)
    }

    mutating func removeArrival(_ id: UInt64) -> IncomingHandoff? {
        guard let handoff = arrivals.remove(id) else { return nil }
        arrivalBytes -= handoff.bytes
        return handoff
    }

    func deliveryIndex(of target: NodeNumber) -> Int? {
        deliveries.firstIndex { $0.target == target }
    }

    /// Makes sure that somebody cares for the hints of `target`.
    mutating func openDelivery(to target: NodeNumber) {
        let index = deliveries.firstIndex { $0.target >= target } ?? deliveries.count
        guard index == deliveries.count || deliveries[index].target != target else { return }
        deliveries.insert(HintDelivery(target: target), at: index)
    }

    /// The hint of `key` for `target` is about to change: what is under way with it is not what
    /// will be stored.
    mutating func noteChange(_ key: ObjectKey, of target: NodeNumber) {
        guard let index = deliveryIndex(of: target), deliveries[index].isRunning else { return }
        deliveries[index].scan?.changed.insert(key)
        guard deliveries[index].chunksUnderWay > 0 else { return }
        for id in handoffs.ids {
            _ = handoffs.update(id) { if $0.target == target { $0.changed.insert(key) } }
        }
    }
}
