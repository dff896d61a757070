internal import Essentials
internal import Placement
internal import Replication
internal import Wire

/// Whom a read asks, and what is done when they are late.
///
/// All of it rests on how fast each peer has been answering and what it owes (`ReplicaPace`). What
/// a read asks beyond its r replicas, to be helped out or to learn, comes from one budget.
extension DataPlane {
    mutating func makePaces(for node: NodeNumber) {
        while readPaces.count <= Int(node.rawValue) {
            readPaces.append(ReplicaPace())
            forwardPaces.append(ReplicaPace())
        }
    }

    // MARK: Choosing

    /// The other replicas in the order in which a read asks them: cheap ones first, suspected ones
    /// last, those that cannot be reached not at all.
    ///
    /// Neighbours of a position start with different replicas, and a replica that is not twice as
    /// dear as the cheapest is as good: so load stays spread while nothing is wrong.
    func readOrder(
        _ table: PlacementTable, _ partition: PartitionID, own: Int, _ position: Position, now: Now
    ) -> PlaceList {
        let start = own + 1 + Int(truncatingIfNeeded: position.rawValue & 1)
        return order(
            table, partition, without: own, from: start, readPaces, fade: false, now: now)
    }

    /// The replicas in the order in which one of them is asked to coordinate a command: primaries,
    /// and fallbacks only where no primary can be reached.
    func forwardOrder(
        _ table: PlacementTable, _ partition: PartitionID, now: Now
    ) -> PlaceList {
        var list = order(
            table, partition, without: nil, from: 0, forwardPaces, fade: true, now: now)
        if list.count == 0 {
            for place in reachableFallbacks(of: partition, table) { list.append(place) }
        }
        return list
    }

    /// More than any cost that times and counts make.
    private static let suspectCost: UInt64 = 1 << 61

    private func order(
        _ table: PlacementTable, _ partition: PartitionID, without own: Int?, from start: Int,
        _ paces: [ReplicaPace], fade: Bool, now: Now
    ) -> PlaceList {
        let nowNs = now.monotonicNs
        let count = table.replicaCount
        var costs = InlineArray<16, UInt64>(repeating: .max)
        for place in 0..<count where place != own {
            let node = table.replica(partition, place)
            guard node != routing.node, routing.canReach(node) else { continue }
            let index = Int(node.rawValue)
            let cost =
                fade ? paces[index].fadingCost(nowNs: nowNs) : paces[index].cost(nowNs: nowNs)
            let isSuspect = routing.isSuspect(node)
            costs[place] = (isSuspect ? Self.suspectCost : 0) + min(cost, 1 << 59)
        }
        var list = PlaceList()
        while true {
            var least = UInt64.max
            for place in 0..<count { least = min(least, costs[place]) }
            guard least < .max else { return list }
            var place = start % count
            while costs[place] == .max || costs[place] > 2 * least {
                place = place + 1 < count ? place + 1 : 0
            }
            list.append(place)
            costs[place] = .max
        }
    }

    // MARK: Learning

    /// `node` is being asked; returns after how many ns it is late.
    mutating func noteAsked(_ node: NodeNumber, now: Now) -> UInt64 {
        let index = Int(node.rawValue)
        readPaces[index].noteAsked(nowNs: now.monotonicNs)
        return readPaces[index].lateNs
    }

    /// `node` has answered what it was asked at `askedNs`, or failed: nil.
    mutating func noteSettled(_ node: NodeNumber, askedNs: UInt64?, now: Now) {
        let nowNs = now.monotonicNs
        readPaces[Int(node.rawValue)].noteAnswered(
            afterNs: askedNs.map { nowNs - min(nowNs, $0) }, nowNs: nowNs)
    }

    /// A flight ends with answers outstanding, which nobody will connect with it any more.
    mutating func forgetPending(of flight: ReadFlight, now: Now) {
        guard !flight.quorum.isQuiet, let table = routing.table else { return }
        let nowNs = now.monotonicNs
        for place in 0..<PlaceSet.placesMax where flight.quorum.isPending(place) {
            let askedNs = min(flight.askedNs(place) ?? nowNs, nowNs)
            readPaces[Int(table.node(at: place, of: flight.partition).rawValue)]
                .noteUnanswered(afterNs: nowNs - askedNs, nowNs: nowNs)
        }
    }

    /// All reads were abandoned.
    mutating func forgetReads() {
        detachedCount = 0
        backgroundRepairs = [:]
        for index in readPaces.indices {
            readPaces[index].forgetOutstanding()
            forwardPaces[index].forgetOutstanding()
        }
    }

    /// Asks a replica that reads have been avoiding, beside those that the read needs, so that it
    /// is noticed when it is well again.
    mutating func probe(
        _ id: UInt64, _ partition: PartitionID, _ order: PlaceList, now: Now,
        into effects: inout [Effect]
    ) {
        guard let table = routing.table, order.count > 1 else { return }
        let nowNs = now.monotonicNs
        let last = order[order.count - 1]
        // Where fallbacks have to help there is no replica left to avoid.
        guard last < table.replicaCount else { return }
        let pace = readPaces[Int(table.replica(partition, last).rawValue)]
        guard pace.isStale(nowNs: nowNs) else { return }
        let first = readPaces[Int(table.replica(partition, order[0]).rawValue)]
        guard pace.cost(nowNs: nowNs) > 2 * first.cost(nowNs: nowNs),
            reads[id]?.quorum.isAsked(last) == false, hedging.spend()
        else { return }
        counters.probes += 1
        let next = reads.update(id) { flight -> ReadQuorum.Effect in
            flight.probe = last
            return flight.quorum.askAlso(last)
        }
        if let next { carryOut(next, of: id, now: now, into: &effects) }
    }

    // MARK: Helping out

    /// The replicas of a read may be later than they usually are: one more is asked.
    mutating func helpLateRead(_ id: UInt64, now: Now, into effects: inout [Effect]) {
        let nowNs = now.monotonicNs
        if reads.look(id, { $0.map { !$0.isLookPlanned || $0.lookNs <= nowNs } }) == true {
            endDueRequests(of: id, now: now, into: &effects)
        }
        guard let flight = reads[id], !flight.isDetached, flight.quorum.canAskMore else { return }
        let dueNs = lateNs(of: flight)
        guard nowNs >= dueNs else {
            return late.schedule(id, atNs: dueNs, nowNs: nowNs)
        }
        if settings.bug == .answersLateReads {
            return finishRead(id, isHeld: true, now: now, into: &effects)
        }
        guard hedging.spend() else {
            counters.hedgesDenied += 1
            return late.schedule(id, atNs: nowNs + Self.deniedPauseNs, nowNs: nowNs)
        }
        let next = reads.update(id) { flight -> ReadQuorum.Effect in
            let next = flight.quorum.apply(.slow)
            if case .ask(let place) = next { flight.hedge = place }
            return next
        }
        guard let next else { return }
        counters.hedges += 1
        carryOut(next, of: id, now: now, into: &effects)
    }

    /// After how long a read asks again for a share of the budget.
    static let deniedPauseNs: UInt64 = 2_000_000

    /// When the read's replicas are late: the first of those asked at the start; after that, the
    /// one asked last.
    private func lateNs(of flight: ReadFlight) -> UInt64 {
        guard let table = routing.table else { return .max }
        func paceNs(_ place: Int) -> UInt64 {
            readPaces[Int(table.node(at: place, of: flight.partition).rawValue)].lateNs
        }
        if let asked = flight.lastAsked, asked.place != flight.probe,
            flight.quorum.isPending(asked.place)
        {
            return asked.atNs + paceNs(asked.place)
        }
        if flight.merged != nil { return flight.settlingNs + Self.lateRepairNs }
        var dueNs = UInt64.max
        for place in 0..<PlaceSet.placesMax
        where flight.quorum.isPending(place) && place != flight.probe {
            dueNs = min(dueNs, flight.startedNs + paceNs(place))
        }
        return dueNs
    }
}
