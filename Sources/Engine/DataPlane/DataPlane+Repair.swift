internal import Commands
internal import Essentials
internal import Objects
internal import Placement
internal import Replication
internal import Wire

/// Read repair: replicas that answered a read with less than others are sent the merged object.
///
/// Where r is a quorum, the client waits until r replicas hold it; below a quorum nobody waits. A
/// repair takes no new dot and knows no size limit, those are for clients' writes. It goes to
/// primaries only: a fallback keeps what it was given for somebody else. At most one repair of a
/// key is under way.
extension DataPlane {
    /// A repair that is not acknowledged for so long is helped out by asking one more replica: an
    /// fsync of a slow disk, and then some.
    static let lateRepairNs: UInt64 = 30_000_000

    /// The object in `slot` is about to change by something else than the answers to the read that
    /// may be under way: the read keeps what it asked the replicas to compare with.
    mutating func keepForReader(slot: Int) {
        let reader = cache[slot].reader
        guard reader != 0, settings.bug != .readsShowUnderWay else { return }
        let object = cache.look(slot) { $0.object }
        reads.update(reader) { flight in
            if flight.compared == nil { flight.compared = ReadObject(object) }
        }
    }

    /// A replica held another object than it was asked to compare with: the read's answer is their
    /// merge.
    mutating func mergeAnswer(
        _ id: UInt64, _ node: NodeNumber, _ record: [UInt8], now: Now, into effects: inout [Effect]
    ) {
        guard let flight = reads[id] else { return }
        guard !flight.isDetached else {
            return settleRead(id, node, now: now, into: &effects) { .answered(by: $1) }
        }
        counters.mismatches += 1
        var theirs = Object().fingerprint
        if !record.isEmpty {
            guard let object = try? Object(decoding: record) else {
                counters.corruptRecords += 1
                return fail(id, node, now: now, into: &effects)
            }
            theirs = object.fingerprint
            guard
                merge(
                    object, record, slot: flight.slot, isAnswer: true, now: now, into: &effects)
                    == nil
            else { return fail(id, node, now: now, into: &effects) }
        }
        if let place = routing.table?.readPlace(of: node, in: flight.partition) {
            reads.update(id) { $0.differing.append((place, theirs)) }
        }
        settleRead(id, node, now: now, into: &effects) { $0.takes(theirs, from: $1) }
    }

    /// Enough replicas have answered, and some of them differed.
    mutating func mergeCopies(_ id: UInt64, now: Now, into effects: inout [Effect]) {
        // What was compared is older than what others hold.
        reads.update(id) { $0.compared = nil }
        guard let flight = reads[id], let table = routing.table,
            let first = flight.served.first(where: { needsRead($0.request, table, at: flight.own) })
        else { return }
        // The sweeper may have been at theirs and not here yet. Not before all copies are merged:
        // a value that lives longer keeps those beside it, and who holds it has kept them.
        expire(slot: flight.slot, now: now, into: &effects)
        let merged = ReadObject(cache.look(flight.slot) { $0.object })
        let behind = flight.behind(merged, primaries: table.replicaCount)
        guard !behind.isEmpty, settings.bug != .skipsReadRepair else {
            return finishRead(id, isHeld: true, now: now, into: &effects)
        }
        if case .write = evaluate(first.request, slot: flight.slot, now: now) {
            return finishRead(id, isHeld: false, now: now, into: &effects)
        }
        let replicas = table.replicaCount
        guard 2 * first.request.consistency.bounded(by: replicas).r > replicas,
            settings.bug != .repairsAfterAnswer
        else {
            repairInBackground(id, behind, merged, into: &effects)
            return finishRead(id, isHeld: true, now: now, into: &effects)
        }
        if let other = backgroundRepairs[flight.key] { forget(other, now: now) }
        let next = reads.update(id) { flight -> ReadQuorum.Effect in
            flight.merged = merged
            flight.settlingNs = now.monotonicNs
            return flight.quorum.settle(behind: behind)
        }
        send(merged, to: behind, of: id, into: &effects)
        counters.repairs += UInt64(behind.count)
        let lateNs = now.monotonicNs + Self.lateRepairNs
        late.schedule(id, atNs: lateNs, nowNs: now.monotonicNs)
        if let next { carryOut(next, of: id, now: now, into: &effects) }
    }

    /// One more replica is behind what the client is to see.
    mutating func repair(_ id: UInt64, _ place: Int, into effects: inout [Effect]) {
        guard let merged = reads[id]?.merged else { return }
        var behind = PlaceSet()
        behind.insert(place)
        send(merged, to: behind, of: id, into: &effects)
        counters.repairs += 1
    }

    private mutating func repairInBackground(
        _ id: UInt64, _ behind: PlaceSet, _ merged: ReadObject, into effects: inout [Effect]
    ) {
        guard let key = reads[id]?.key, backgroundRepairs[key] == nil,
            detachedCount < Self.detachedMax
        else { return }
        backgroundRepairs[key] = id
        reads.update(id) { $0.quorum.end(behind: behind) }
        send(merged, to: behind, of: id, into: &effects)
        counters.backgroundRepairs += UInt64(behind.count)
    }

    private func send(
        _ merged: ReadObject, to behind: PlaceSet, of id: UInt64, into effects: inout [Effect]
    ) {
        guard let flight = reads[id], let table = routing.table else { return }
        let message = PeerMessage.write(
            id: id, key: PeerKey(flight.key), wantsDurability: false,
            record: merged.object.encoded())
        let hold = Hold(batch: cache[flight.slot].batch, isDurable: false)
        for place in 0..<table.replicaCount where behind.contains(place) {
            effects.append(.send(table.replica(flight.partition, place), message, after: hold))
        }
    }
}

extension ReadFlight {
    /// The primaries that have answered with less than `merged`, be it that they differed or that
    /// they agreed with what the coordinator had before.
    fileprivate func behind(_ merged: ReadObject, primaries: Int) -> PlaceSet {
        var behind = PlaceSet()
        for place in 0..<primaries where quorum.isCounted(place) && place != own {
            let theirs = differing.first { $0.place == place }?.fingerprint
            if (theirs ?? comparedFingerprint) != merged.fingerprint { behind.insert(place) }
        }
        return behind
    }

    /// What it means that the replica at `place` holds what it was asked to compare with.
    func takesSame(from place: Int) -> ReadQuorum.Event {
        guard let merged, !isDetached, !askedWithMerged.contains(place) else {
            return .answered(by: place)
        }
        return takes(comparedFingerprint, from: place, merged)
    }

    /// What it means that the replica at `place` holds the object with this fingerprint.
    func takes(_ fingerprint: UInt64, from place: Int) -> ReadQuorum.Event {
        guard let merged, !isDetached else { return .answered(by: place) }
        return takes(fingerprint, from: place, merged)
    }

    private func takes(
        _ fingerprint: UInt64, from place: Int, _ merged: ReadObject
    ) -> ReadQuorum.Event {
        fingerprint == merged.fingerprint ? .answered(by: place) : .behind(place)
    }
}
