internal import Causality
internal import Commands
internal import Essentials
internal import Objects
internal import Placement
internal import Wire

/// What a command does to an object, once it is known what the client has seen.
enum ObjectMutation {
    /// Covers all that the coordinator knows (or adds to it).
    case plain(Mutation)
    /// Covers what `seen` says; nil removes.
    case dynamo(value: [UInt8]?, seen: Sighting)

    /// Whether it may make the data larger; such writes are refused when the disk is nearly full.
    var addsData: Bool {
        switch self {
        case .plain(.assign), .plain(.increment), .plain(.incrementDecimal): true
        case .plain(.setDeadline), .plain(.delete): false
        case .dynamo(let value, _): value != nil
        }
    }
}

/// Turning commands into dotted writes.
extension DataPlane {
    enum Evaluation {
        /// - Parameter isFound: whether there was a value to look at.
        case reply(Reply, isFound: Bool = false)
        case write(Reply, ObjectMutation)
    }

    /// Concurrent values that one key may gather from clients. Merging is never refused; a client
    /// that writes blindly, again and again, is told to read first.
    static let siblingsMax = 128
    /// Dots beyond gaps that a client's context may gather before those are left out whose values
    /// have been replaced: 32 take half a kilobyte.
    static let tokenExceptionsMax = 32

    static let diskFull = Reply.error(
        "DISKFULL the disk is nearly full: reads and deletes go on, writes wait")

    /// What the command answers and does, given the object in `slot`.
    ///
    /// - Parameter shown: the object that a read is to show instead.
    mutating func evaluate(
        _ request: Request, slot: Int, as shown: ReadObject? = nil, now: Now
    ) -> Evaluation {
        let evaluation: Evaluation
        switch request.operation {
        case .dynamoGet:
            let object = shown?.object ?? cache[slot].object
            let token = ContextToken.encode(object.sighting, of: request.key.bytes)
            let values = object.siblings(nowMs: now.wallMs).map { Reply.bulk($0) }
            evaluation = .reply(.array([.bulk(token), .array(values)]), isFound: !values.isEmpty)
        case .dynamoPut(let context, let value):
            evaluation = evaluateDynamo(value, context, request, slot: slot, now: now)
        case .dynamoDelete(let context):
            evaluation = evaluateDynamo(nil, context, request, slot: slot, now: now)
        default:
            let current =
                if let shown {
                    shown.object.visible(nowMs: now.wallMs)
                } else {
                    cache.look(slot) { $0.object.visible(nowMs: now.wallMs) }
                }
            let outcome = request.operation.evaluate(
                current: current,
                nowMs: evaluationMs(request.operation, slot: slot, as: shown, now: now),
                valueSizeMax: settings.valueSizeMax)
            guard let mutation = outcome.mutation else {
                return .reply(outcome.reply, isFound: current != nil)
            }
            evaluation = .write(outcome.reply, .plain(mutation))
        }
        if isSpaceLow, case .write(_, let mutation) = evaluation, mutation.addsData {
            return .reply(Self.diskFull)
        }
        return evaluation
    }

    /// By how much the members' clocks differ without anybody minding.
    private static let clockDifferenceMsMax: UInt64 = 250

    /// The time for `operation`. What is left of a deadline is never more than it was set to: the
    /// clock of who has set it may be a little later, as its stamp tells.
    private mutating func evaluationMs(
        _ operation: Operation, slot: Int, as shown: ReadObject?, now: Now
    ) -> UInt64 {
        guard case .timeToLive = operation else { return now.wallMs }
        let stamp = shown?.object.latestStamp ?? cache.look(slot) { $0.object.latestStamp }
        return max(now.wallMs, min(stamp.wallMs, now.wallMs + Self.clockDifferenceMsMax))
    }

    private mutating func evaluateDynamo(
        _ value: [UInt8]?, _ context: [UInt8], _ request: Request, slot: Int, now: Now
    ) -> Evaluation {
        let seen: Sighting
        do {
            seen = try ContextToken.decode(context, of: request.key.bytes)
        } catch {
            return .reply(.error(error.text))
        }
        let unseen = cache[slot].object.entries.count { !seen.context.contains($0.dot) }
        guard isPlausible(seen.context, slot: slot, now: now) else {
            return .reply(.error(ContextToken.Failure.malformed.text))
        }
        if value != nil, unseen >= settings.siblingsMax {
            let text = "ERR \(unseen) siblings: read them with DGET and write with its context"
            return .reply(.error(text))
        }
        return .write(.null, .dynamo(value: value, seen: seen))
    }

    /// Contexts come back from clients, who may have made them up. An actor beyond all that runs
    /// come to would drive this node's own epochs past it, and a further one further: so it has to
    /// be known here.
    private mutating func isPlausible(_ seen: CausalContext, slot: Int, now: Now) -> Bool {
        let limitMs = now.wallMs + Life.aheadMsMax
        guard seen.newestEpochMs() > limitMs else { return true }
        return cache.look(slot) { slot in
            let known = slot.object.context
            let areEntriesKnown = seen.entries.allSatisfy { entry in
                entry.actor.epochMs <= limitMs
                    || entry.counter <= known.highestCounter(of: entry.actor)
            }
            return areEntriesKnown
                && seen.exceptions.allSatisfy { dot in
                    dot.actor.epochMs <= limitMs
                        || dot.counter <= known.highestCounter(of: dot.actor)
                }
        }
    }

    /// What the writer of `dot` knows now: what it had seen, and its own write. Not all that the
    /// object knows, or its next write would cover siblings that it has never read.
    func token(for key: ObjectKey, seen: Sighting, _ dot: Dot, slot: Int) -> [UInt8] {
        var seen = seen
        seen.context.insert(dot)
        if seen.context.exceptions.count > settings.tokenExceptionsMax {
            // Beside a sibling that it never reads, each of a client's writes lies beyond a gap.
            let object = cache[slot].object
            seen.context.filterExceptions { dot in object.entries.contains { $0.dot == dot } }
        }
        return ContextToken.encode(seen, of: key.bytes)
    }

    /// Makes the dotted write on the object in `slot`, stores it and returns the record for the
    /// other replicas, and the dot.
    mutating func write(
        _ mutation: ObjectMutation, slot: Int, now: Now, into effects: inout [Effect]
    ) -> (record: [UInt8], dot: Dot) {
        keepForReader(slot: slot)
        let stamp = nextStamp(slot: slot, now: now)
        let hadValue = cache.look(slot) { $0.object.hasValue }
        let dot: Dot
        switch mutation {
        case .plain(let plain):
            dot = nextDot(slot: slot, seen: nil, now: now, into: &effects)
            if settings.bug == .setCoversNothing, case .assign(let value, _) = plain {
                cache[slot].object.write(value, seen: Sighting(), dot: dot, stamp: stamp)
            } else {
                cache[slot].object.write(plain, dot: dot, stamp: stamp, nowMs: now.wallMs)
            }
        case .dynamo(let value, let seen):
            dot = nextDot(slot: slot, seen: seen.context, now: now, into: &effects)
            let covered = covered(by: seen, slot: slot)
            cache[slot].object.write(value, seen: covered, dot: dot, stamp: stamp)
            if cache[slot].object.entries.count > 1 { counters.siblingsMade += 1 }
        }
        if settings.bug == .tombstoneDropsContext, !cache[slot].object.hasValue {
            cache[slot].object = Object()
        }
        // Whole: a replica that has what the write covers must hear so, and cuts by itself.
        let whole = cache.look(slot) {
            $0.object.context.actorCount > settings.contextActorsMax ? $0.object.encoded() : nil
        }
        prune(slot: slot)
        let record = store(slot: slot, hadValue: hadValue, into: &effects)
        return (whole ?? record, dot)
    }

    /// Puts the object in `slot` into this pass's batch and returns its record.
    ///
    /// - Parameter given: the record, where it is known already.
    @discardableResult
    mutating func store(
        slot: Int, hadValue: Bool, given: [UInt8]? = nil, into effects: inout [Effect]
    ) -> [UInt8] {
        let record = given ?? cache.look(slot) { $0.object.encoded() }
        guard !cache[slot].isStandIn else {
            // Only hints bring it to the disk.
            cache.resize(slot, writtenBatch: writtenBatch)
            return record
        }
        cache[slot].batch = batch
        batchHasStores = true
        cache.resize(slot, writtenBatch: evictableBatch)
        let hasValue = cache.look(slot) { $0.object.hasValue }
        if hasValue != hadValue { countKey(at: cache[slot].key.position, hasValue ? 1 : -1) }
        effects.append(.store(cache[slot].key, record: record))
        return record
    }

    private mutating func countKey(at position: Position, _ change: Int) {
        guard let partitioning = routing.table?.partitioning else { return }
        if keyCountChanges.isEmpty {
            keyCountChanges = [Int](repeating: 0, count: partitioning.count)
        }
        keyCountChanges[partitioning.partition(of: position).index] += change
    }

    /// A dot that was never used: this node's next one for the key.
    ///
    /// The node goes on under its actor if that actor's epoch is not before the trust horizon. An
    /// actor that the client's context knows better than we do is not continued either.
    private mutating func nextDot(
        slot: Int, seen: CausalContext?, now: Now, into effects: inout [Effect]
    ) -> Dot {
        guard !cache[slot].isStandIn else {
            return nextStandInDot(slot: slot, seen: seen, now: now)
        }
        let node = settings.node
        let (own, counter) = cache.look(slot) { slot -> (Actor?, UInt64) in
            let own = slot.object.context.latestActor(of: node)
            return (own, own.map { slot.object.context.highestCounter(of: $0) } ?? 0)
        }
        // Of an earlier run, which has got past its ceiling since others knew of later epochs, and
        // has ended before it could lay another one.
        if let own, own.epochMs > epochReachedMs, trustHorizonMs > 0 {
            moveHorizon(pastEpochMs: own.epochMs, now: now, into: &effects)
        }
        if let own, own.epochMs >= trustHorizonMs || settings.bug == .skipsTrustHorizon,
            seen.map({ !knows($0, past: Dot(actor: own, counter: counter)) }) ?? true
        {
            let step: UInt64 = settings.bug == .reusesDot ? 0 : 1
            return Dot(actor: own, counter: counter + step)
        }
        let claimedMs = seen?.newestEpochMs(of: settings.node) ?? 0
        let newest = max(own?.epochMs ?? 0, claimedMs)
        lastEpochMs = max(issueEpoch(now: now), min(newest + epochStrideMs, Actor.epochMsMax))
        return Dot(actor: Actor(node: settings.node, epochMs: lastEpochMs), counter: 1)
    }

    /// Whether the writer has seen dots of this node that are later than `last`, the latest one of
    /// this key that it knows itself. Dots of its earlier actors are no matter: it makes no more of
    /// these.
    func knows(_ seen: CausalContext, past last: Dot) -> Bool {
        func isLater(_ actor: Actor, _ counter: UInt64) -> Bool {
            guard actor.node == settings.node else { return false }
            return actor == last.actor
                ? counter > last.counter : actor.epochMs > last.actor.epochMs
        }
        return seen.entries.contains { isLater($0.actor, $0.counter) }
            || seen.exceptions.contains { isLater($0.actor, $0.counter) }
    }

    /// Cuts the context of the object in `slot` to its bound.
    mutating func prune(slot: Int) {
        dropLiveActor(slot: slot)
        let isFull = cache.look(slot) {
            $0.object.context.actorCount > settings.contextActorsMax
        }
        guard isFull else { return }
        let ownMs = cache[slot].object.context.newestEpochMs(of: settings.node)
        let pruned = cache[slot].object.pruneContext(to: settings.contextActorsMax)
        guard pruned > 0 else { return }
        counters.actorsPruned += UInt64(pruned)
        // What was cut may be an actor of this node's own, and must not be begun again.
        lastEpochMs = min(max(lastEpochMs, ownMs) + 1, Actor.epochMsMax)
    }

    /// Lets this node go on with the key under an actor that was never used.
    mutating func renewActor(slot: Int, now: Now) {
        counters.actorsRenewed += 1
        let node = settings.node
        let knownMs = cache[slot].object.context.newestEpochMs(of: node)
        let freshMs = max(
            issueEpoch(now: now), lastEpochMs + 1, settings.epochsUsedMs + 1, knownMs + 1)
        lastEpochMs = min(freshMs, Actor.epochMsMax)
        let actor = Actor(node: node, epochMs: lastEpochMs)
        cache[slot].object.note(Dot(actor: actor, counter: 1))
    }

    /// The number of this run, or what has become of it. It does not follow the clock, which may
    /// come to a time again at which another run was.
    mutating func issueEpoch(now: Now) -> UInt64 {
        let reachedMs = max(lastEpochMs, trustHorizonMs)
        lastEpochMs = reachedMs > 0 ? reachedMs : min(now.wallMs, epochCeilingMs)
        return lastEpochMs
    }

    /// How far this run goes past an epoch of its node that it meets: another run of the same disk,
    /// which meets the same one, goes elsewhere.
    var epochStrideMs: UInt64 { 1 + settings.trustHorizonMs % Life.spreadMs }

    /// Stops continuing every actor that this node has used so far.
    mutating func moveHorizon(
        pastEpochMs epochMs: UInt64, now: Now, into effects: inout [Effect]
    ) {
        trustHorizonMs = min(
            max(issueEpoch(now: now), epochMs) + epochStrideMs, Actor.epochMsMax)
        effects.append(.horizonMoved(trustHorizonMs))
    }

    /// Moves the horizon when `incoming` knows more of this node's dots than the node does: it has
    /// forgotten some, of this key and perhaps of others (riak_kv issues 679 and 1643).
    ///
    /// Not where its own context may have been cut: that is one key's matter. Returns whether the
    /// key needs another actor for it, once what is incoming is merged.
    mutating func noticeAmnesia(
        _ incoming: CausalContext, slot: Int, now: Now, into effects: inout [Effect]
    ) -> Bool {
        var wasCut = false
        for entry in incoming.entries where entry.actor.node == settings.node {
            let isCut = noticeAmnesia(
                entry.actor, entry.counter, slot: slot, now: now, into: &effects)
            wasCut = wasCut || isCut
        }
        for dot in incoming.exceptions where dot.actor.node == settings.node {
            let isCut = noticeAmnesia(
                dot.actor, dot.counter, slot: slot, now: now, into: &effects)
            wasCut = wasCut || isCut
        }
        return wasCut
    }

    private mutating func noticeAmnesia(
        _ actor: Actor, _ counter: UInt64, slot: Int, now: Now, into effects: inout [Effect]
    ) -> Bool {
        let isKnown = cache.look(slot) { $0.object.context.highestCounter(of: actor) >= counter }
        guard actor.epochMs >= trustHorizonMs, !isKnown else { return false }
        let (isFull, latest) = cache.look(slot) { slot in
            (
                slot.object.context.actorCount >= settings.contextActorsMax,
                slot.object.context.latestActor(of: settings.node)
            )
        }
        if isFull, settings.bug != .takesCutForForgotten {
            // One that was left behind is not continued, whatever comes back of it.
            return latest.map { $0.epochMs <= actor.epochMs } ?? true
        }
        counters.amnesias += 1
        moveHorizon(pastEpochMs: actor.epochMs, now: now, into: &effects)
        return false
    }
}
