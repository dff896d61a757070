internal import Commands
internal import Essentials
internal import Placement
internal import Replication
internal import Wire

/// Deadlines, broken connections, and the end of everything when keys are moved or flushed.
extension DataPlane {
    mutating func tick(now: Now, into effects: inout [Effect]) {
        for id in deadlines.advance(toNs: now.monotonicNs) {
            guard let flight = inFlight[id] else { continue }
            if now.monotonicNs >= flight.deadlineNs {
                deadlinePassed(id, flight, now: now, into: &effects)
                continue
            }
            deadlines.schedule(id, atNs: flight.deadlineNs, nowNs: now.monotonicNs)
            if case .reading(var quorum) = flight.phase, !flight.isHedged {
                inFlight[id]?.isHedged = true
                let next = quorum.apply(.slow)
                carryOut(next, quorum, of: id, now: now, into: &effects)
            }
        }
    }

    private mutating func deadlinePassed(
        _ id: UInt64, _ flight: InFlight, now: Now, into effects: inout [Effect]
    ) {
        switch flight.phase {
        case .reading(var quorum):
            let next = quorum.apply(.deadlinePassed)
            carryOut(next, quorum, of: id, now: now, into: &effects)
        case .writing(var quorum, _):
            let outcome = quorum.apply(.deadlinePassed)
            finishWrite(id, outcome, now: now, into: &effects)
        case .forwarding:
            let isRead = flight.request.operation.kind == .read
            let consistency = flight.request.consistency
            reject(
                id, answered: 0, required: isRead ? consistency.r : consistency.w, now: now,
                into: &effects)
        }
    }

    /// A connection broke: whoever waits for an answer on it need not wait for the deadline.
    mutating func failRequests(
        on node: NodeNumber, now: Now, into effects: inout [Effect]
    ) {
        for id in inFlight.ids {
            guard let flight = inFlight[id], let table = routing.table else { continue }
            switch flight.phase {
            case .reading(let quorum):
                guard let place = place(of: node, in: flight), quorum.isPending(place)
                else { continue }
            case .writing(let quorum, _):
                guard let place = place(of: node, in: flight), quorum.isPending(place)
                else { continue }
            case .forwarding(let place, _):
                guard table.replica(flight.partition, place) == node else { continue }
            }
            fail(id, node, now: now, into: &effects)
        }
    }

    /// Ends all requests under way without saying whether they took effect.
    mutating func abandonRequests(into effects: inout [Effect]) {
        let text = "TRYAGAIN keys were moved or flushed while the command ran"
        for id in inFlight.ids {
            guard let flight = release(id) else { continue }
            respond(to: flight.request.origin, .error(text), into: &effects)
        }
        for (_, events) in parked.takeAll() {
            for event in events { turnAway(event, text, .epoch, into: &effects) }
        }
    }
}
