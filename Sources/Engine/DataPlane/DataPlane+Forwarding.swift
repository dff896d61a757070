internal import Commands
internal import Essentials
internal import Placement
internal import Replication
internal import Wire

/// Commands on keys that this node does not hold: a replica coordinates them.
///
/// A command that writes is carried out at most once. It goes to another coordinator only when the
/// one that had it has refused it; where a connection breaks, or a node is judged dead, nobody
/// knows whether it ran, so it goes nowhere else. And it is never begun after this node has given
/// it up: it carries a time by its coordinator's own clock from which on it is too old
/// (`ClockBounds`), and is given up no earlier than that.
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
        enqueue(request, partition, now: now, into: &effects)
    }

    /// Lets the command take its turn among those of its connection on its key.
    @inline(never)
    mutating func enqueue(
        _ request: Request, _ partition: PartitionID, now: Now, into effects: inout [Effect]
    ) {
        counters.forwards += 1
        hedging.noteRead()
        let name = ForwardLanes.Name(request)
        forwardsBegun += 1
        let id = forwards.insert(
            ForwardFlight(
                arrival: Arrival(request: request, atNs: now.monotonicNs), order: forwardsBegun))
        switch enterLane(id, name) {
        case .wait: awaitDeadline(of: id, now: now)
        case .join:
            // Where the one before it has just gone: in the same frame.
            guard let node = lastAsked(in: name) else {
                lanes.wait(id, name)
                return awaitDeadline(of: id, now: now)
            }
            handOver(id, to: node, isFirst: false, now: now, into: &effects)
        case .handOver:
            guard let node = coordinator(of: id, partition, after: nil, now: now) else {
                return rejectForward(id, now: now, into: &effects)
            }
            handOver(id, to: node, isFirst: true, now: now, into: &effects)
        }
    }

    /// Hands the command to `node`.
    ///
    /// - Parameter isFirst: whether it is the first of its lane; others are not hedged.
    mutating func handOver(
        _ id: UInt64, to node: NodeNumber, isFirst: Bool, now: Now, into effects: inout [Effect]
    ) {
        guard let flight = forwards[id] else { return }
        let nowNs = now.monotonicNs
        let arrival = flight.arrival
        let isRead = arrival.request.operation.kind == .read
        var consistency = arrival.request.consistency.forPeer(
            timeoutMs: Self.patienceMs(until: arrival.deadlineNs, now: now))
        var endsNs = nowNs
        if !isRead {
            lastForwardSequence += 1
            consistency.sequence = lastForwardSequence
            let portionNs = Self.portionNs(of: arrival.deadlineNs - min(nowNs, arrival.deadlineNs))
            // Zero has always passed: it is refused, and with that the node's clock is known.
            let leastNs = clockBounds.leastNs(node, nowNs: nowNs)
            consistency.beginByNs = leastNs.map { $0 + portionNs } ?? 0
            if leastNs != nil { endsNs += portionNs }
        }
        forwards.update(id) { flight in
            flight.late = flight.last
            flight.last = .init(node: node, atNs: nowNs)
            flight.endsNs = endsNs
        }
        let message = PeerMessage.forward(
            id: id, consistency: consistency, arguments: arrival.request.arguments)
        effects.append(.send(node, message, after: .none))
        let index = Int(node.rawValue)
        forwardPaces[index].noteAsked(nowNs: nowNs)
        guard isRead, isFirst else { return awaitDeadline(of: id, now: now) }
        let lateNs = nowNs + forwardPaces[index].lateNs
        late.schedule(id, atNs: min(lateNs, arrival.deadlineNs), nowNs: nowNs)
    }

    /// How much of the time that is left one coordinator has for beginning a write: not all, so
    /// that another one may have it if this one comes to it too late; and no more than that a
    /// broken connection leaves its client waiting for.
    private static func portionNs(of leftNs: UInt64) -> UInt64 {
        min(leftNs - leftNs / 4, 5_000_000_000)
    }

    mutating func awaitDeadline(of id: UInt64, now: Now) {
        let deadlineNs = forwards.update(id) { flight -> UInt64? in
            guard !flight.hasDeadline else { return nil }
            flight.hasDeadline = true
            return flight.arrival.deadlineNs
        }
        guard let deadlineNs = deadlineNs ?? nil else { return }
        deadlines.schedule(id, atNs: deadlineNs, nowNs: now.monotonicNs)
    }

    // MARK: Late and failed ones

    /// The replica that was asked to coordinate a read is later than it usually is: another is
    /// asked, too. Writes are not: two coordinators would make two of them. Nor are reads with a
    /// write of their connection before them on its way.
    mutating func helpLateForward(_ id: UInt64, now: Now, into effects: inout [Effect]) {
        awaitDeadline(of: id, now: now)
        guard let flight = forwards[id], let asked = flight.last, flight.late == nil,
            flight.refusedBy.isEmpty, isAlone(id, of: flight)
        else { return }
        let partition = partition(of: flight.arrival.request.key)
        guard let partition, let table = routing.table else { return }
        let order = forwardOrder(table, partition, now: now)
        let node = (0..<order.count).lazy.map { table.node(at: order[$0], of: partition) }
            .first { $0 != asked.node }
        guard let node else { return }
        guard hedging.spend() else {
            counters.hedgesDenied += 1
            let againNs = now.monotonicNs + Self.deniedPauseNs
            return late.schedule(id, atNs: againNs, nowNs: now.monotonicNs)
        }
        counters.hedges += 1
        holdBackReads(behind: id, of: flight, now: now)
        handOver(id, to: node, isFirst: true, now: now, into: &effects)
    }

    /// The replica refused, or its connection broke.
    ///
    /// - Parameter refusal: nil: nobody knows whether it took effect.
    mutating func forwardFailed(
        _ id: UInt64, _ node: NodeNumber, _ refusal: PeerMessage.Refusal?, now: Now,
        into effects: inout [Effect]
    ) {
        guard forwards.update(id, { $0.remove(node) }) ?? nil != nil else { return }
        forwardPaces[Int(node.rawValue)].noteAnswered(afterNs: nil, nowNs: now.monotonicNs)
        // Else another one is at it.
        guard let flight = forwards[id], flight.last == nil else { return }
        let mayRunAgain =
            refusal != nil || flight.arrival.request.operation.kind == .read
            || settings.bug == .forwardsTwice
        guard mayRunAgain else { return lose(id, flight, now: now, into: &effects) }
        forwards.update(id) { flight in
            // One that came too late is welcome to a second try: its clock was not known well.
            if refusal == .late, !flight.wasLate {
                flight.wasLate = true
            } else {
                flight.refusedBy.append(node)
            }
        }
        stepBack(id, flight, now: now, into: &effects)
    }

    /// Nobody will tell whether the command took effect; it may until the time that it carries. So
    /// long its client waits, and what comes after it.
    private mutating func lose(
        _ id: UInt64, _ flight: ForwardFlight, now: Now, into effects: inout [Effect]
    ) {
        closeLane(of: flight)
        forwards.update(id) { $0.isLost = true }
        guard now.monotonicNs < flight.endsNs else {
            return rejectForward(id, now: now, into: &effects)
        }
        deadlines.schedule(
            id, atNs: min(flight.endsNs, flight.arrival.deadlineNs), nowNs: now.monotonicNs)
    }

    mutating func wakeForward(_ id: UInt64, now: Now, into effects: inout [Effect]) {
        guard let flight = forwards[id] else { return }
        let deadlineNs = flight.arrival.deadlineNs
        let dueNs = flight.isLost ? min(flight.endsNs, deadlineNs) : deadlineNs
        guard now.monotonicNs >= dueNs else {
            return deadlines.schedule(id, atNs: dueNs, nowNs: now.monotonicNs)
        }
        for asked in [flight.last, flight.late] {
            if let asked { noteTimeout(of: asked.node, now: now, into: &effects) }
        }
        rejectForward(id, now: now, into: &effects)
    }

    // MARK: The end

    mutating func rejectForward(_ id: UInt64, now: Now, into effects: inout [Effect]) {
        guard let flight = endForward(id, now: now, into: &effects) else { return }
        leaveLane(id, flight, answeredBy: nil, now: now, into: &effects)
    }

    /// Tells the client that nobody has answered.
    mutating func endForward(
        _ id: UInt64, now: Now, into effects: inout [Effect]
    ) -> ForwardFlight? {
        guard let flight = forwards.remove(id) else { return nil }
        forgetPending(of: flight, now: now)
        let arrival = flight.arrival
        let consistency = arrival.request.consistency
        let isRead = arrival.request.operation.kind == .read
        reject(
            arrival.request.origin, since: arrival.atNs, answered: 0,
            required: isRead ? consistency.r : consistency.w, now: now, into: &effects)
        return flight
    }

    mutating func finishForward(
        _ id: UInt64, _ node: NodeNumber, _ bytes: [UInt8], now: Now, into effects: inout [Effect]
    ) {
        guard var flight = forwards.remove(id) else { return }
        let origin = flight.arrival.request.origin
        if let askedNs = flight.remove(node) {
            let nowNs = now.monotonicNs
            forwardPaces[Int(node.rawValue)].noteAnswered(
                afterNs: nowNs - min(nowNs, askedNs), nowNs: nowNs)
            if let other = flight.last, other.atNs < askedNs { counters.hedgesWon += 1 }
        }
        forgetPending(of: flight, now: now)
        var parser = ReplyParser()
        parser.append(bytes)
        if case .reply(let reply) = parser.next() {
            respond(to: origin, reply, into: &effects)
        } else {
            respond(to: origin, .error("ERR a peer's answer was malformed"), into: &effects)
        }
        leaveLane(id, flight, answeredBy: node, now: now, into: &effects)
    }

    /// The command ends while replicas that were asked have not answered.
    mutating func forgetPending(of flight: ForwardFlight, now: Now) {
        let nowNs = now.monotonicNs
        for asked in [flight.last, flight.late] {
            guard let asked else { continue }
            forwardPaces[Int(asked.node.rawValue)]
                .noteUnanswered(afterNs: nowNs - min(nowNs, asked.atNs), nowNs: nowNs)
        }
    }
}
