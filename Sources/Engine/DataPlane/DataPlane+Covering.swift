internal import Causality
internal import Commands
internal import Essentials
internal import Objects
internal import Placement
internal import Replication
internal import Wire

/// Removing what a plain overwrite should have covered and did not know, before it is answered.
///
/// A write acknowledged at w > n/2 is there at one replica at least of any later one's quorum. So
/// when an overwrite has its w answers, its coordinator has heard of everything that was
/// acknowledged before it began. Where that is something which the overwrite has not covered, the
/// coordinator merges it and removes it by one more event, and answers when w replicas have that.
/// In a healthy cluster coordinators know what is there, and none of this happens; with two writers
/// at once it may.
///
/// A register that some replica holds need not have been acknowledged before, and may be later than
/// the overwrite: a client that has read the overwrite at two replicas may write blindly at a third
/// before it gets there. Then it was not held by a majority before the overwrite came, which the
/// replicas' answers tell. While that depends on one that has not answered, it is waited for, for a
/// moment; after that the register goes.
///
/// A command that has read before it writes, at a quorum, has seen what was acknowledged before it
/// began, and has answered by that. What it has not covered came later, and stays.
extension DataPlane {
    /// How long an overwrite waits to hear whether what it has to remove was acknowledged: what a
    /// replica takes that is well, many times over, and no more than clients hardly notice.
    private static let evidenceNs: UInt64 = 50_000_000

    /// Whether replicas are to say what the write leaves beside it.
    func isOverwrite(_ mutation: ObjectMutation) -> Bool {
        guard case .plain(let plain) = mutation, settings.bug != .ignoresUncovered else {
            return false
        }
        return plain.isOverwrite
    }

    /// Whether the command has read what was acknowledged before it began: then whatever it has
    /// not covered came after what it has answered by.
    func hasSeenAll(_ request: Request, _ unreached: PlaceSet, place: Int) -> Bool {
        guard let table = routing.table, unreached.isEmpty, place < table.replicaCount,
            needsRead(request, table, at: place), settings.bug != .coversWhatCameAfter
        else { return false }
        let bounded = request.consistency.bounded(by: table.replicaCount)
        return bounded.r >= bounded.w
    }

    /// What a replica answers that has merged a write into the object in `slot`.
    ///
    /// - Parameter overwrite: what the write was, where its coordinator wants to know.
    mutating func answer(
        to id: UInt64, _ overwrite: Overwrite?, wasKnown: Bool, isDurable: Bool, slot: Int
    ) -> PeerMessage {
        guard let overwrite else { return .wrote(id: id, isDurable: isDurable) }
        return cache.look(slot) { slot in
            guard !overwrite.rest(in: slot.object, wasKnown: wasKnown).isEmpty else {
                return .wrote(id: id, isDurable: isDurable)
            }
            return .wroteBeside(
                id: id, isDurable: isDurable, wasKnown: wasKnown, record: slot.object.encoded())
        }
    }

    /// A replica has the overwrite, beside other things.
    mutating func noteBeside(
        _ id: UInt64, _ node: NodeNumber, isDurable: Bool, wasKnown: Bool, _ record: [UInt8],
        now: Now, into effects: inout [Effect]
    ) {
        guard let object = try? Object(decoding: record) else {
            counters.corruptRecords += 1
            return fail(id, node, now: now, into: &effects)
        }
        if isWritePending(id, on: node) {
            writes.update(id) { flight in
                let report = WriteFlight.Report(object: object, record: record, wasKnown: wasKnown)
                flight.reports.append(report)
            }
        }
        settleWrite(
            id, node, isDurable: isDurable, hasReported: true, now: now, into: &effects)
    }

    /// Enough replicas have the overwrite: answers it, once nothing of what they reported is left.
    ///
    /// - Parameter isLast: nobody is waited for any more.
    mutating func settleReports(
        _ id: UInt64, isLast: Bool, now: Now, into effects: inout [Effect]
    ) {
        guard let flight = writes[id], let table = routing.table else { return }
        let findings = flight.findings(majority: table.replicaCount / 2 + 1, table.replicaCount)
        let mayWait = !isLast && !flight.quorum.isSettled && settings.bug != .coversAtOnce
        if findings.isOpen, mayWait {
            guard flight.evidenceNs == 0 else { return }
            let atNs = now.monotonicNs + Self.evidenceNs
            writes.update(id) { $0.evidenceNs = atNs }
            return deadlines.schedule(id, atNs: atNs, nowNs: now.monotonicNs)
        }
        writes.update(id) { $0.isHeld = false }
        finish(id, now: now, into: &effects) { plane, flight, effects in
            guard !findings.rest.isEmpty else {
                return plane.respond(to: flight.origin, flight.reply, into: &effects)
            }
            plane.cover(Covering(flight: flight, rest: findings.rest), now: now, into: &effects)
        }
    }

    /// Removes what an overwrite has left beside it, and answers its client when w replicas have
    /// that.
    mutating func cover(_ covering: Covering, now: Now, into effects: inout [Effect]) {
        guard let slot = find(covering.flight.key) else {
            return park(
                .cover(covering), for: covering.flight.key,
                deadlineNs: covering.flight.deadlineNs + Self.evidenceNs, now: now,
                into: &effects)
        }
        cover(covering, slot: slot, now: now, into: &effects)
    }

    mutating func cover(
        _ covering: Covering, slot: Int, now: Now, into effects: inout [Effect]
    ) {
        let flight = covering.flight
        guard let own = routing.table?.place(of: routing.node, in: flight.partition) else {
            return failCovering(covering, into: &effects)
        }
        for report in flight.reports {
            let refusal = merge(
                report.object, report.record, slot: slot, isAnswer: true, now: now, into: &effects)
            guard refusal == nil else {
                return failCovering(covering, into: &effects)
            }
        }
        counters.coverings += 1
        let removal = ObjectMutation.dynamo(value: nil, seen: covering.rest.sighting)
        let (record, _) = write(removal, slot: slot, now: now, into: &effects)
        var quorum = flight.quorum
        quorum.restart()
        let again = WriteFlight(
            quorum: quorum, coordinator: routing.node, origin: flight.origin, reply: flight.reply,
            key: flight.key,
            record: record, partition: flight.partition, startedNs: flight.startedNs,
            deadlineNs: max(flight.deadlineNs, now.monotonicNs + Self.tickMs * 1_000_000),
            wantsUncovered: false)
        let unreached = unreachedPlaces(flight.partition, own: own)
        launch(again, place: own, unreached, now: now, into: &effects)
    }

    /// The overwrite is there, and nobody knows what a client sees.
    mutating func failCovering(_ covering: Covering, into effects: inout [Effect]) {
        counters.quorumFailures += 1
        let text = "NOQUORUM the write was made, beside something that could not be removed"
        respond(to: covering.flight.origin, .error(text), into: &effects)
    }
}

/// What an overwrite has yet to remove.
struct Covering: Sendable {
    let flight: WriteFlight
    let rest: Overwrite.Rest
}

extension WriteFlight {
    /// What the replicas' reports come to.
    ///
    /// - Parameter majority: of the primaries: what is acknowledged is held by as many.
    fileprivate func findings(
        majority: Int, _ primaries: Int
    ) -> (rest: Overwrite.Rest, isOpen: Bool) {
        var rest = Overwrite.Rest()
        var isOpen = false
        guard let written = try? Object(decoding: record),
            let overwrite = Overwrite(leaving: written, by: coordinator)
        else { return (rest, false) }
        let rests = reports.map { overwrite.rest(in: $0.object, wasKnown: $0.wasKnown) }
        for one in rests {
            rest.others += one.others
            for mark in one.marks { rest.note(mark) }
            for dot in one.registers where !rest.registers.contains(dot) {
                let holders = rests.count { $0.registers.contains(dot) }
                // The coordinator did not hold it, nor did those who have not reported it.
                let others = 1 + plainAnswers + reports.count - holders
                guard others <= primaries - majority else { continue }
                rest.registers.append(dot)
                if holders < majority { isOpen = true }
            }
        }
        return (rest, isOpen)
    }
}
