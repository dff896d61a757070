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
        deadlines.schedule(id, atNs: arrival.deadlineNs, nowNs: now.monotonicNs)
        forwardToNext(id, now: now, into: &effects)
    }

    /// Hands the request to the first replica that can be reached and was not tried; to one under
    /// suspicion only when there is no other.
    private mutating func forwardToNext(
        _ id: UInt64, now: Now, into effects: inout [Effect]
    ) {
        guard let table = routing.table, let flight = forwards[id] else { return }
        guard
            let place = nextPlace(flight, table, isSuspect: false)
                ?? nextPlace(flight, table, isSuspect: true)
        else { return rejectForward(id, now: now, into: &effects) }
        forwards.update(id) { flight in
            flight.place = place
            flight.tried.insert(place)
        }
        let request = flight.arrival.request
        let consistency = request.consistency.forPeer(
            timeoutMs: Self.patienceMs(until: flight.arrival.deadlineNs, now: now))
        let message = PeerMessage.forward(
            id: id, consistency: consistency, arguments: request.arguments)
        effects.append(.send(table.replica(flight.partition, place), message, after: .none))
    }

    private func nextPlace(
        _ flight: ForwardFlight, _ table: PlacementTable, isSuspect: Bool
    ) -> Int? {
        (0..<table.replicaCount).first { place in
            let node = table.replica(flight.partition, place)
            return !flight.tried.contains(place) && routing.canReach(node)
                && routing.isSuspect(node) == isSuspect
        }
    }

    /// The replica refused, or its connection broke.
    ///
    /// - Parameter mayHaveRun: nobody knows whether it took effect, so only a command that may run
    ///   twice goes to the next replica.
    mutating func forwardFailed(
        _ id: UInt64, mayHaveRun: Bool, now: Now, into effects: inout [Effect]
    ) {
        guard let kind = forwards[id]?.arrival.request.operation.kind else { return }
        if !mayHaveRun || kind != .readModifyWrite {
            forwardToNext(id, now: now, into: &effects)
        } else {
            rejectForward(id, now: now, into: &effects)
        }
    }

    mutating func rejectForward(_ id: UInt64, now: Now, into effects: inout [Effect]) {
        guard let arrival = forwards.remove(id)?.arrival else { return }
        let consistency = arrival.request.consistency
        let isRead = arrival.request.operation.kind == .read
        reject(
            arrival.request.origin, since: arrival.atNs, answered: 0,
            required: isRead ? consistency.r : consistency.w, now: now, into: &effects)
    }

    mutating func finishForward(
        _ id: UInt64, _ bytes: [UInt8], into effects: inout [Effect]
    ) {
        guard let origin = forwards.remove(id)?.arrival.request.origin else { return }
        var parser = ReplyParser()
        parser.append(bytes)
        guard case .reply(let reply) = parser.next() else {
            let text = "ERR a peer's answer was malformed"
            return respond(to: origin, .error(text), into: &effects)
        }
        respond(to: origin, reply, into: &effects)
    }

    /// Coordinates a command that another node was asked.
    mutating func takeForwarded(
        _ id: UInt64, _ consistency: PeerConsistency, _ arguments: [[UInt8]],
        _ header: PeerFrameHeader, link: LinkID, now: Now, into effects: inout [Effect]
    ) {
        guard routing.accepts(header) else {
            counters.refusals += 1
            return effects.append(.answer(link, .refused(id: id, .epoch), after: .none))
        }
        let origin = Request.Origin.peer(link, id: id)
        switch Invocation.interpret(arguments: arguments) {
        case .key(let keyRequest):
            let request = Request(
                origin: origin, key: ObjectKey(keyRequest.key), operation: keyRequest.operation,
                consistency: Consistency(consistency))
            begin(request, now: now, into: &effects)
        case .failure(let reply): respond(to: origin, reply, into: &effects)
        case .plan, .session:
            respond(to: origin, .error("ERR a command without a key was forwarded"), into: &effects)
        }
    }
}
