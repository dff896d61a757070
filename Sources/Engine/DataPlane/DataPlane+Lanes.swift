internal import Commands
internal import Essentials
internal import Placement
internal import Replication
internal import Wire

/// The order of one connection's commands on one key that this node forwards: see `ForwardLane`.
///
/// Those that were handed over together run in their order at their coordinator. When one is
/// refused and one after it is not, its turn is over: it ends with an error, not begun. When all
/// after it are refused as well, they go to the next coordinator together, in their order. One
/// whose outcome nobody will tell keeps all after it waiting until it can no longer begin.
extension DataPlane {
    mutating func enterLane(_ id: UInt64, _ name: ForwardLanes.Name) -> ForwardLanes.Entry {
        guard settings.bug != .forwardsOutOfOrder else { return .handOver }
        return lanes.enter(id, name, pass: passes)
    }

    /// Who is to coordinate the command: the best replica that can be reached and has not refused
    /// it; the one that has coordinated what came before it, where that is one of them.
    func coordinator(
        of id: UInt64, _ partition: PartitionID, after previous: NodeNumber?, now: Now
    ) -> NodeNumber? {
        guard let table = routing.table else { return nil }
        let refusedBy = forwards.look(id) { $0?.refusedBy ?? [] }
        let order = forwardOrder(table, partition, now: now)
        var best: NodeNumber?
        for index in 0..<order.count {
            let node = table.node(at: order[index], of: partition)
            guard !refusedBy.contains(node) else { continue }
            if node == previous { return node }
            if best == nil { best = node }
        }
        return best
    }

    /// Whom the commands that the lane's last one joins were handed to; nil if that one cannot be
    /// reached any more.
    func lastAsked(in name: ForwardLanes.Name) -> NodeNumber? {
        guard let first = lanes[name]?.sent.first, let flight = forwards[first],
            flight.late == nil, let node = flight.last?.node, routing.canReach(node)
        else { return nil }
        return node
    }

    /// Hands over what waits in a lane, to one node.
    mutating func dispatch(
        _ name: ForwardLanes.Name, now: Now, into effects: inout [Effect]
    ) {
        while let lane = lanes[name], lane.sent.isEmpty, let first = lane.waiting.first {
            guard let table = routing.table, let partition = partition(of: name.key) else { return }
            if mayCoordinate(partition, table) {
                for id in lanes.takeAll(name) { coordinate(id, now: now, into: &effects) }
                return
            }
            guard
                let node = coordinator(of: first, partition, after: lane.node, now: now)
            else {
                lanes.update(name) { lane in lane.waiting.removeFirst() }
                _ = endForward(first, now: now, into: &effects)
                continue
            }
            let lot = lane.waiting.prefix(ForwardLanes.lotMax).prefix { id in
                forwards.look(id) { $0.map { !$0.refusedBy.contains(node) } ?? true }
            }
            let pass = passes
            lanes.update(name) { lane in
                for id in lot { lane.sent.append(id) }
                lane.waiting.removeFirst(lot.count)
                lane.pass = pass
                lane.isClosed = false
            }
            for (index, id) in lot.enumerated() {
                handOver(id, to: node, isFirst: index == 0, now: now, into: &effects)
            }
            return
        }
    }

    /// Whether the command has to wait for those of its connection on its key that were forwarded
    /// when this node was no replica of it.
    mutating func waitsForForwards(_ request: Request) -> Bool {
        guard !lanes.isEmpty else {
            areLanesOld = false
            return false
        }
        return lanes[ForwardLanes.Name(request)] != nil
    }

    /// Whether this node is a replica, or the one to stand in.
    private func mayCoordinate(_ partition: PartitionID, _ table: PlacementTable) -> Bool {
        table.place(of: routing.node, in: partition) != nil
            || !canReachPrimary(of: partition, table)
                && table.readPlace(of: routing.node, in: partition) != nil
    }

    /// Carries a command out that was to be forwarded, and that nobody else will.
    private mutating func coordinate(_ id: UInt64, now: Now, into effects: inout [Effect]) {
        guard let flight = forwards.remove(id) else { return }
        forgetPending(of: flight, now: now)
        var request = flight.arrival.request
        request.consistency.timeoutMs = Self.patienceMs(
            until: flight.arrival.deadlineNs, now: now)
        begin(request, now: now, into: &effects)
    }

    /// Other nodes hold other keys from now on: what was refused may be taken now.
    mutating func placementChanged() {
        areLanesOld = !lanes.isEmpty
        for id in forwards.ids { forwards.update(id) { $0.refusedBy = [] } }
    }

    // MARK: What ends, and what goes back

    /// A command has ended; goes on with what waited for that.
    ///
    /// - Parameter node: who has answered it; nil: nobody.
    mutating func leaveLane(
        _ id: UInt64, _ flight: ForwardFlight, answeredBy node: NodeNumber?, now: Now,
        into effects: inout [Effect]
    ) {
        let name = ForwardLanes.Name(flight.arrival.request)
        // Where nobody knows whether it has run, what was before it must not run after it either.
        let mayHaveRun =
            flight.isLost || flight.last != nil && flight.arrival.request.operation.kind != .read
        if node != nil || mayHaveRun, let refused = lanes.refused(name) {
            for other in refused where forwards[other].map({ $0.order < flight.order }) ?? false {
                rejectOvertaken(other, name, into: &effects)
            }
        }
        follow(lanes.leave(id, name, node), name, now: now, into: &effects)
    }

    private mutating func follow(
        _ departure: ForwardLanes.Departure, _ name: ForwardLanes.Name, now: Now,
        into effects: inout [Effect]
    ) {
        switch departure {
        case .nothing: break
        case .dispatch: dispatch(name, now: now, into: &effects)
        case .first(let id):
            guard let flight = forwards[id], let asked = flight.last,
                flight.arrival.request.operation.kind == .read
            else { return }
            let lateNs = now.monotonicNs + forwardPaces[Int(asked.node.rawValue)].lateNs
            late.schedule(
                id, atNs: min(lateNs, flight.arrival.deadlineNs), nowNs: now.monotonicNs)
        }
    }

    /// The command has not run, and one after it has, or may have.
    private mutating func rejectOvertaken(
        _ id: UInt64, _ name: ForwardLanes.Name, into effects: inout [Effect]
    ) {
        guard let flight = forwards.remove(id) else { return }
        lanes.update(name) { lane in lane.refused.removeAll { $0 == id } }
        counters.overloads += 1
        let text =
            "OVERLOADED the command was not carried out, and those after it may have been"
        respond(to: flight.arrival.request.origin, .error(text), into: &effects)
    }

    /// A command has not run, or may run again: it is handed to the next one, once it is known what
    /// became of those that went with it.
    mutating func stepBack(
        _ id: UInt64, _ flight: ForwardFlight, now: Now, into effects: inout [Effect]
    ) {
        let name = ForwardLanes.Name(flight.arrival.request)
        let order = flight.order
        let before = lanes.refused(name)?.firstIndex { other in
            forwards.look(other) { $0.map { $0.order > order } ?? false }
        }
        let isDue = lanes.update(name) { lane -> Bool in
            lane.sent.removeAll { $0 == id }
            lane.refused.insert(id, at: before ?? lane.refused.count)
            lane.isClosed = true
            return lane.rewind()
        }
        guard let isDue else { return rejectForward(id, now: now, into: &effects) }
        if isDue { dispatch(name, now: now, into: &effects) }
    }

    /// Nothing joins those that were handed over.
    mutating func closeLane(of flight: ForwardFlight) {
        lanes.update(ForwardLanes.Name(flight.arrival.request)) { $0.isClosed = true }
    }

    // MARK: Hedging

    /// Whether another coordinator may be asked as well: the command is the first of those that
    /// were handed over, and they only read.
    func isAlone(_ id: UInt64, of flight: ForwardFlight) -> Bool {
        let name = ForwardLanes.Name(flight.arrival.request)
        guard let lane = lanes[name], lane.sent.first == id else { return false }
        return lane.sent.allSatisfy { other in
            forwards.look(other) { $0?.arrival.request.operation.kind ?? .read } == .read
        }
    }

    /// Another coordinator is asked for the first of some reads: the others wait for its answer, or
    /// they might show less than it. What is answered to them meanwhile is passed over.
    mutating func holdBackReads(behind id: UInt64, of flight: ForwardFlight, now: Now) {
        let name = ForwardLanes.Name(flight.arrival.request)
        guard let sent = lanes[name]?.sent, sent.count > 1 else {
            return closeLane(of: flight)
        }
        var held: [UInt64] = []
        for other in sent where other != id {
            guard var flight = forwards.remove(other) else { continue }
            forgetPending(of: flight, now: now)
            (flight.last, flight.late, flight.hasDeadline) = (nil, nil, true)
            let deadlineNs = flight.arrival.deadlineNs
            let renamed = forwards.insert(flight)
            held.append(renamed)
            deadlines.schedule(renamed, atNs: deadlineNs, nowNs: now.monotonicNs)
        }
        lanes.update(name) { lane in
            lane.sent.removeAll { $0 != id }
            lane.waiting = held + lane.waiting
            lane.isClosed = true
        }
    }
}

extension ForwardLanes {
    /// What was refused in a lane; nil where nothing was.
    func refused(_ name: Name) -> [UInt64]? {
        guard let refused = self[name]?.refused, !refused.isEmpty else { return nil }
        return refused
    }
}
