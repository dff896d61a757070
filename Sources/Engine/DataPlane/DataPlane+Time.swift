internal import Commands
internal import Essentials
internal import Placement
internal import Replication
internal import Wire

/// Deadlines, broken connections, and the end of everything when keys are moved or flushed.
extension DataPlane {
    mutating func tick(now: Now, into effects: inout [Effect]) {
        for id in late.advance(toNs: now.monotonicNs) {
            switch FlightKind(of: id) {
            case .read: helpLateRead(id, now: now, into: &effects)
            case .forward: helpLateForward(id, now: now, into: &effects)
            case .write, .handoff, nil: break
            }
        }
        for id in deadlines.advance(toNs: now.monotonicNs) {
            switch FlightKind(of: id) {
            case .read: wakeRead(id, now: now, into: &effects)
            case .write: wakeWrite(id, now: now, into: &effects)
            case .forward: wakeForward(id, now: now, into: &effects)
            case .handoff: wakeHandoff(id, now: now, into: &effects)
            case nil: break
            }
        }
        tendHints(now: now, into: &effects)
    }

    private mutating func wakeRead(_ id: UInt64, now: Now, into effects: inout [Effect]) {
        // An earlier look was planned since this one was.
        guard let lookNs = reads.look(id, { $0?.lookNs }), lookNs <= now.monotonicNs else { return }
        endDueRequests(of: id, now: now, into: &effects)
    }

    /// The node is gone, or its connection: whoever waits for an answer need not wait for the
    /// deadline.
    mutating func failRequests(
        on node: NodeNumber, now: Now, into effects: inout [Effect]
    ) {
        guard let table = routing.table else { return }
        for id in reads.ids {
            guard let flight = reads[id],
                let place = table.readPlace(of: node, in: flight.partition),
                flight.quorum.isPending(place) || flight.quorum.isRepairing(place)
            else { continue }
            fail(id, node, now: now, into: &effects)
        }
        for id in writes.ids where isWritePending(id, on: node) {
            fail(id, node, now: now, into: &effects)
        }
        failHandoffs(on: node, now: now)
        for id in forwards.ids {
            guard forwards.look(id, { $0?.isPending(node) }) == true else { continue }
            fail(id, node, now: now, into: &effects)
        }
    }

    /// Ends all requests under way here without saying whether they took effect. Those that others
    /// coordinate go on: nobody but they knows what becomes of them.
    ///
    /// - Parameter table: by which their replicas are named; nil when what they wrote is dropped
    ///   with everything else, and nobody needs to be told of it.
    mutating func abandonRequests(
        under table: PlacementTable?, now: Now, into effects: inout [Effect]
    ) {
        let text = "TRYAGAIN keys were moved or flushed while the command ran"
        for id in reads.ids {
            guard let flight = reads.remove(id), !flight.isDetached else { continue }
            cache[flight.slot].pins -= 1
            cache[flight.slot].reader = 0
            for arrival in flight.served + flight.waiting {
                respond(to: arrival.request.origin, .error(text), into: &effects)
            }
        }
        readRequestCount = 0
        forgetReads()
        for id in writes.ids {
            guard let flight = writes.remove(id) else { continue }
            if let table { keepHints(of: flight, table, now: now, into: &effects) }
            for arrival in contests.take(for: id) {
                respond(to: arrival.request.origin, .error(text), into: &effects)
            }
            guard !flight.isAnswered else { continue }
            respond(to: flight.origin, .error(text), into: &effects)
        }
        lingeringWrites = 0
        writeBytes = 0
        for waiter in parked.takeAll() { turnAway(waiter.event, text, .epoch, into: &effects) }
    }
}
