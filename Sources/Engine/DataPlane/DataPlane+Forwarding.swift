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
        counters.forwards += 1
        let phase = InFlight.Phase.forwarding(place: 0, tried: PlaceSet())
        guard
            let id = admit(request, phase, partition, slot: nil, now: now, into: &effects)
        else { return }
        forwardToNext(id, tried: PlaceSet(), now: now, into: &effects)
    }

    /// Hands the request to the first replica that can be reached and was not tried.
    private mutating func forwardToNext(
        _ id: UInt64, tried: PlaceSet, now: Now, into effects: inout [Effect]
    ) {
        guard let table = routing.table, let flight = inFlight[id] else { return }
        var tried = tried
        for place in 0..<table.replicaCount where !tried.contains(place) {
            tried.insert(place)
            let node = table.replica(flight.partition, place)
            guard routing.canReach(node) else { continue }
            inFlight[id]?.phase = .forwarding(place: place, tried: tried)
            let left = flight.deadlineNs - min(now.monotonicNs, flight.deadlineNs)
            let consistency = flight.request.consistency.forPeer(
                timeoutMs: UInt32(clamping: max(1, left / 1_000_000)))
            let message = PeerMessage.forward(
                id: id, consistency: consistency, arguments: flight.request.arguments)
            effects.append(.send(node, message, after: .none))
            return
        }
        let required =
            flight.request.operation.kind == .read
            ? flight.request.consistency.r : flight.request.consistency.w
        reject(id, answered: 0, required: required, now: now, into: &effects)
    }

    /// The replica refused, or its connection broke.
    ///
    /// - Parameter mayHaveRun: nobody knows whether it took effect, so only a command that may run
    ///   twice goes to the next replica.
    mutating func forwardFailed(
        _ id: UInt64, mayHaveRun: Bool, now: Now, into effects: inout [Effect]
    ) {
        guard let flight = inFlight[id], case .forwarding(_, let tried) = flight.phase
        else { return }
        if !mayHaveRun || flight.request.operation.kind != .readModifyWrite {
            return forwardToNext(id, tried: tried, now: now, into: &effects)
        }
        reject(
            id, answered: 0, required: flight.request.consistency.w, now: now, into: &effects)
    }

    mutating func finishForward(
        _ id: UInt64, _ bytes: [UInt8], into effects: inout [Effect]
    ) {
        guard let flight = inFlight[id], case .forwarding = flight.phase else { return }
        release(id)
        var parser = ReplyParser()
        parser.append(bytes)
        guard case .reply(let reply) = parser.next() else {
            let text = "ERR a peer's answer was malformed"
            return respond(to: flight.request.origin, .error(text), into: &effects)
        }
        respond(to: flight.request.origin, reply, into: &effects)
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
