internal import Commands
internal import Essentials
internal import Placement
internal import Replication
internal import Wire

/// Commands on keys that this node does not hold: a replica coordinates them.
extension DataPlane {
    mutating func forward(
        _ request: Request, _ partition: PartitionID, now: Now, into effects: inout [Effect]
    ) {
        guard !request.arguments.isEmpty else {
            // It came from a node with another topology; that node must learn ours first.
            let text = "TRYAGAIN the cluster's topology is changing"
            return respond(to: request.origin, .error(text), into: &effects)
        }
        guard !isFull else {
            counters.overloads += 1
            let text = "OVERLOADED \(inFlightCount) requests are under way on this shard"
            return respond(to: request.origin, .error(text), into: &effects)
        }
        counters.forwards += 1
        let arrival = Arrival(request: request, atNs: now.monotonicNs)
        let id = forwards.insert(ForwardFlight(arrival: arrival, partition: partition))
        hedging.noteRead()
        guard let lateNs = forwardToNext(id, now: now, into: &effects) else {
            return rejectForward(id, now: now, into: &effects)
        }
        guard request.operation.kind == .read else {
            forwards.update(id) { $0.hasDeadline = true }
            return deadlines.schedule(id, atNs: arrival.deadlineNs, nowNs: now.monotonicNs)
        }
        late.schedule(id, atNs: min(lateNs, arrival.deadlineNs), nowNs: now.monotonicNs)
    }

    /// Hands the request to the best replica that can be reached and was not tried, and returns
    /// when its answer will be late; nil when there is none.
    private mutating func forwardToNext(
        _ id: UInt64, now: Now, into effects: inout [Effect]
    ) -> UInt64? {
        guard let table = routing.table, let flight = forwards[id] else { return nil }
        let order = forwardOrder(table, flight.partition, now: now)
        for index in 0..<order.count where !flight.tried.contains(order[index]) {
            let place = order[index]
            let node = table.node(at: place, of: flight.partition)
            forwards.update(id) { flight in
                flight.tried.insert(place)
                flight.late = flight.last
                flight.last = .init(place: place, atNs: now.monotonicNs)
            }
            let request = flight.arrival.request
            let consistency = request.consistency.forPeer(
                timeoutMs: Self.patienceMs(until: flight.arrival.deadlineNs, now: now))
            let message = PeerMessage.forward(
                id: id, consistency: consistency, arguments: request.arguments)
            effects.append(.send(node, message, after: .none))
            forwardPaces[Int(node.rawValue)].noteAsked(nowNs: now.monotonicNs)
            return now.monotonicNs + forwardPaces[Int(node.rawValue)].lateNs
        }
        return nil
    }

    /// The replica that was asked to coordinate a read is later than it usually is: another is
    /// asked, too. Writes are not: two coordinators would make two of them, and the one that is
    /// late might come after what the client has written since.
    mutating func helpLateForward(_ id: UInt64, now: Now, into effects: inout [Effect]) {
        guard let flight = forwards[id] else { return }
        if !flight.hasDeadline {
            forwards.update(id) { $0.hasDeadline = true }
            deadlines.schedule(id, atNs: flight.arrival.deadlineNs, nowNs: now.monotonicNs)
        }
        // One that failed was replaced meanwhile, or another was asked already.
        guard flight.tried.count == 1 else { return }
        guard hedging.spend() else {
            counters.hedgesDenied += 1
            let againNs = now.monotonicNs + Self.deniedPauseNs
            return late.schedule(id, atNs: againNs, nowNs: now.monotonicNs)
        }
        if forwardToNext(id, now: now, into: &effects) != nil { counters.hedges += 1 }
    }

    /// The replica refused, or its connection broke.
    ///
    /// - Parameter mayHaveRun: nobody knows whether it took effect, so only a command that may run
    ///   twice goes to the next replica.
    mutating func forwardFailed(
        _ id: UInt64, _ node: NodeNumber, mayHaveRun: Bool, now: Now, into effects: inout [Effect]
    ) {
        guard let flight = forwards[id],
            let place = routing.table?.readPlace(of: node, in: flight.partition),
            forwards.update(id, { $0.remove(place) }) ?? nil != nil
        else { return }
        forwardPaces[Int(node.rawValue)].noteAnswered(afterNs: nil, nowNs: now.monotonicNs)
        // Another one is at it.
        guard flight.late == nil else { return }
        let mayGoOn =
            !mayHaveRun || flight.arrival.request.operation.kind != .readModifyWrite
            || settings.bug == .forwardsTwice
        guard mayGoOn else { return rejectForward(id, now: now, into: &effects) }
        if standInForForward(id, now: now, into: &effects) { return }
        guard forwardToNext(id, now: now, into: &effects) != nil else {
            return rejectForward(id, now: now, into: &effects)
        }
    }

    /// The last primary that could be reached has failed: this node coordinates itself, if it is a
    /// fallback. Only what reads: it would refuse a write in words that say it was not made, and
    /// the primary may have made it.
    private mutating func standInForForward(
        _ id: UInt64, now: Now, into effects: inout [Effect]
    ) -> Bool {
        guard let table = routing.table, let partition = forwards[id]?.partition,
            forwards[id]?.arrival.request.operation.kind == .read,
            !canReachPrimary(of: partition, table),
            table.readPlace(of: routing.node, in: partition) != nil,
            let flight = forwards.remove(id)
        else { return false }
        var request = flight.arrival.request
        request.consistency.timeoutMs = Self.patienceMs(
            until: flight.arrival.deadlineNs, now: now)
        beginElsewhere(request, partition, table, now: now, into: &effects)
        return true
    }

    mutating func rejectForward(_ id: UInt64, now: Now, into effects: inout [Effect]) {
        guard let flight = forwards.remove(id) else { return }
        forgetPending(of: flight, now: now)
        let arrival = flight.arrival
        let consistency = arrival.request.consistency
        let isRead = arrival.request.operation.kind == .read
        reject(
            arrival.request.origin, since: arrival.atNs, answered: 0,
            required: isRead ? consistency.r : consistency.w, now: now, into: &effects)
    }

    mutating func finishForward(
        _ id: UInt64, _ node: NodeNumber, _ bytes: [UInt8], now: Now, into effects: inout [Effect]
    ) {
        guard var flight = forwards.remove(id) else { return }
        let origin = flight.arrival.request.origin
        if let place = routing.table?.readPlace(of: node, in: flight.partition),
            let askedNs = flight.remove(place)
        {
            let nowNs = now.monotonicNs
            forwardPaces[Int(node.rawValue)].noteAnswered(
                afterNs: nowNs - min(nowNs, askedNs), nowNs: nowNs)
            if let other = flight.last, other.atNs < askedNs { counters.hedgesWon += 1 }
        }
        forgetPending(of: flight, now: now)
        var parser = ReplyParser()
        parser.append(bytes)
        guard case .reply(let reply) = parser.next() else {
            let text = "ERR a peer's answer was malformed"
            return respond(to: origin, .error(text), into: &effects)
        }
        respond(to: origin, reply, into: &effects)
    }

    /// The command ends while replicas that were asked have not answered.
    private mutating func forgetPending(of flight: ForwardFlight, now: Now) {
        guard flight.last != nil, let table = routing.table else { return }
        let nowNs = now.monotonicNs
        for asked in [flight.last, flight.late] {
            guard let asked else { continue }
            forwardPaces[Int(table.node(at: asked.place, of: flight.partition).rawValue)]
                .noteUnanswered(afterNs: nowNs - min(nowNs, asked.atNs), nowNs: nowNs)
        }
    }

    /// Coordinates a command that another node was asked.
    mutating func takeForwarded(
        _ id: UInt64, _ consistency: PeerConsistency, _ arguments: [[UInt8]],
        _ header: PeerFrameHeader, link: LinkID, now: Now, into effects: inout [Effect]
    ) {
        guard accepts(header) else {
            counters.refusals += 1
            return effects.append(.answer(link, .refused(id: id, .epoch), after: .none))
        }
        let origin = Request.Origin.peer(link, id: id)
        switch Invocation.interpret(arguments: arguments) {
        case .key(let keyRequest):
            let request = Request(
                origin: origin, key: ObjectKey(keyRequest.key), operation: keyRequest.operation,
                consistency: Consistency(consistency))
            admit(request, now: now, into: &effects)
        case .failure(let reply): respond(to: origin, reply, into: &effects)
        case .plan, .session:
            respond(to: origin, .error("ERR a command without a key was forwarded"), into: &effects)
        }
    }
}
