internal import Commands
internal import Essentials
internal import Placement
internal import Replication

/// When the time of requests is over that a read serves, or lets wait.
///
/// Each request ends by its own time-out: one that is patient holds up nobody else on its key, and
/// one that is not ends the read only when nobody is left who needs it. A request that needs no
/// read, and only waits so as not to overtake others of its source, goes on when they have ended.
extension DataPlane {
    /// Lets a request wait for the end of the read of its key that is under way.
    mutating func wait(_ arrival: Arrival, for id: UInt64, now: Now) {
        let deadlineNs = arrival.deadlineNs
        let isFirst = reads.update(id) { flight -> Bool in
            flight.waiting.append(arrival)
            return deadlineNs < flight.lookNs
        }
        readRequestCount += 1
        if isFirst == true { planLook(at: id, deadlineNs, now: now) }
    }

    /// The first deadline of all requests that a read is to serve or let wait, and the last of
    /// those that it is for.
    func deadlines(
        of served: [Arrival], _ waiting: [Arrival], _ table: PlacementTable, at place: Int
    ) -> (firstNs: UInt64, lastNs: UInt64) {
        var (firstNs, lastNs) = (UInt64.max, UInt64.min)
        // By index: walking an array of requests copies each.
        for index in served.indices {
            firstNs = min(firstNs, served[index].deadlineNs)
            let needsRead = needsRead(served[index].request, table, at: place)
            if needsRead { lastNs = max(lastNs, served[index].deadlineNs) }
        }
        for index in waiting.indices { firstNs = min(firstNs, waiting[index].deadlineNs) }
        return (firstNs, lastNs)
    }

    private mutating func planLook(at id: UInt64, _ dueNs: UInt64, now: Now) {
        deadlines.schedule(id, atNs: dueNs, nowNs: now.monotonicNs)
        let lookNs = deadlines.turnNs(atNs: dueNs)
        reads.update(id) { flight in
            flight.lookNs = lookNs
            flight.isLookPlanned = true
        }
    }

    /// Ends the requests of a read whose time is over, and the read when none is left that it is
    /// for; plans the next look otherwise.
    mutating func endDueRequests(of id: UInt64, now: Now, into effects: inout [Effect]) {
        guard let flight = reads[id], let table = routing.table else { return }
        guard !flight.isDetached else {
            guard now.monotonicNs < flight.deadlineNs else {
                return timeOutRead(id, now: now, into: &effects)
            }
            return planLook(at: id, flight.deadlineNs, now: now)
        }
        let own = flight.own
        var split = DueRequests(nowNs: now.monotonicNs)
        for index in flight.served.indices {
            let needs = needsRead(flight.served[index].request, table, at: own)
            split.add(flight.served[index], needs, isServed: true)
        }
        let servedDueCount = split.due.count
        for index in flight.waiting.indices {
            let needs = needsRead(flight.waiting[index].request, table, at: own)
            split.add(flight.waiting[index], needs, isServed: false)
        }
        guard !split.due.isEmpty else { return planLook(at: id, split.nextNs, now: now) }
        readRequestCount -= split.due.count
        let (served, waiting) = (split.served, split.waiting)
        reads.update(id) { flight in
            flight.served = served
            flight.waiting = waiting
        }
        if servedDueCount > 0 { noteTimeouts(of: flight, now: now, into: &effects) }
        for (index, due) in split.due.enumerated() {
            end(
                due, of: flight, isServed: index < servedDueCount, table, now: now,
                into: &effects)
        }
        guard served.contains(where: { needsRead($0.request, table, at: own) }) else {
            return timeOutRead(id, now: now, into: &effects)
        }
        planLook(at: id, split.nextNs, now: now)
    }

    /// One request waits no longer.
    private mutating func end(
        _ arrival: Arrival, of flight: ReadFlight, isServed: Bool, _ table: PlacementTable,
        now: Now, into effects: inout [Effect]
    ) {
        guard needsRead(arrival.request, table, at: flight.own) else {
            return act(
                arrival, slot: flight.slot, flight.partition, place: flight.own, now: now,
                into: &effects)
        }
        // For those that wait nobody has been asked; this node's own copy is there.
        let bounded = arrival.request.consistency.bounded(by: table.replicaCount)
        let shortfall =
            isServed
            ? flight.quorum.shortfall
            : ReadQuorum.Shortfall(
                unaskedOf: bounded.r, pr: bounded.pr, isPrimary: flight.own < table.replicaCount)
        reject(arrival, shortfall, now: now, into: &effects)
    }

    mutating func reject(
        _ arrival: Arrival, _ shortfall: ReadQuorum.Shortfall, now: Now,
        into effects: inout [Effect]
    ) {
        let bounded = arrival.request.consistency.bounded(by: routing.table?.replicaCount ?? 1)
        let asked = shortfall.kind == .primaries ? bounded.pr : bounded.r
        guard shortfall.answered < asked else {
            // It had as many as asked for, and none that would have known.
            counters.quorumFailures += 1
            return respond(to: arrival.request.origin, Self.unknownKey, into: &effects)
        }
        let noun = shortfall.kind == .primaries ? "primaries" : "replicas"
        reject(
            arrival.request.origin, since: arrival.atNs, answered: shortfall.answered,
            required: shortfall.required, noun, now: now, into: &effects)
    }

    /// Not enough replicas have answered, or acknowledged, in the time of those whom the read was
    /// for.
    private mutating func timeOutRead(_ id: UInt64, now: Now, into effects: inout [Effect]) {
        guard let flight = reads[id], let table = routing.table else { return }
        if flight.isDetached { noteTimeouts(of: flight, now: now, into: &effects) }
        for place in 0..<table.replicaCount where flight.quorum.isRepairing(place) {
            counters.repairsFailed += 1
        }
        guard !flight.isDetached else { return forget(id, now: now) }
        forgetPending(of: flight, now: now)
        let next = reads.update(id) { $0.quorum.apply(.deadlinePassed) }
        if let next { carryOut(next, of: id, now: now, into: &effects) }
    }

    private mutating func noteTimeouts(
        of flight: ReadFlight, now: Now, into effects: inout [Effect]
    ) {
        noteTimeouts(in: flight.partition, now: now, into: &effects) {
            flight.quorum.isPending($0) || flight.quorum.isRepairing($0)
        }
    }
}

/// Tells the requests whose time is over, or that have nobody left to wait for, from the others,
/// in their order.
private struct DueRequests {
    let nowNs: UInt64
    private(set) var due: [Arrival] = []
    /// Those that stay, and are answered by this read.
    private(set) var served: [Arrival] = []
    /// Those that stay and wait for another one. What comes after a write that goes on now is
    /// among them: this read knows nothing of that.
    private(set) var waiting: [Arrival] = []
    /// The first deadline of those that stay.
    private(set) var nextNs = UInt64.max
    /// Whose requests stay, and whose writes go on. Looked up and never iterated.
    private var waitingSources: Set<Request.Origin.Source> = []
    private var writingSources: Set<Request.Origin.Source> = []

    init(nowNs: UInt64) { self.nowNs = nowNs }

    /// Takes in a request, which came after those that were taken in before.
    mutating func add(_ arrival: Arrival, _ needsRead: Bool, isServed: Bool) {
        let source = arrival.request.origin.source
        let isPatient = arrival.deadlineNs > nowNs
        guard needsRead ? isPatient : waitingSources.contains(source) else {
            if !needsRead { writingSources.insert(source) }
            return due.append(arrival)
        }
        if isPatient { nextNs = min(nextNs, arrival.deadlineNs) }
        waitingSources.insert(source)
        if isServed, !writingSources.contains(source) {
            served.append(arrival)
        } else {
            waiting.append(arrival)
        }
    }
}
