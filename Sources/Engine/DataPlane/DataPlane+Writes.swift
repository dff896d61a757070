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
    case dynamo(value: [UInt8]?, seen: CausalContext)

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
        case reply(Reply)
        case write(Reply, ObjectMutation)
    }

    /// Concurrent values that one key may gather from clients. Merging is never refused; a client
    /// that writes blindly, again and again, is told to read first.
    static let siblingsMax = 128
    /// Dots beyond gaps that a client's context may gather before those are left out whose values
    /// have been replaced: 32 take half a kilobyte.
    static let tokenExceptionsMax = 32

    /// What the command answers and does, given the object in `slot`.
    func evaluate(_ request: Request, slot: Int, now: Now) -> Evaluation {
        let evaluation: Evaluation
        switch request.operation {
        case .dynamoGet:
            let object = cache[slot].object
            let token = ContextToken.encode(object.context, of: request.key.bytes)
            let values = object.siblings(nowMs: now.wallMs).map { Reply.bulk($0) }
            evaluation = .reply(.array([.bulk(token), .array(values)]))
        case .dynamoPut(let context, let value):
            evaluation = evaluateDynamo(value, context, request, slot: slot)
        case .dynamoDelete(let context):
            evaluation = evaluateDynamo(nil, context, request, slot: slot)
        default:
            let current = cache[slot].object.visible(nowMs: now.wallMs)
            let outcome = request.operation.evaluate(
                current: current, nowMs: now.wallMs, valueSizeMax: settings.valueSizeMax)
            guard let mutation = outcome.mutation else { return .reply(outcome.reply) }
            evaluation = .write(outcome.reply, .plain(mutation))
        }
        if isSpaceLow, case .write(_, let mutation) = evaluation, mutation.addsData {
            let text = "DISKFULL the disk is nearly full: reads and deletes go on, writes wait"
            return .reply(.error(text))
        }
        return evaluation
    }

    private func evaluateDynamo(
        _ value: [UInt8]?, _ context: [UInt8], _ request: Request, slot: Int
    ) -> Evaluation {
        let seen: CausalContext
        do {
            seen = try ContextToken.decode(context, of: request.key.bytes)
        } catch {
            return .reply(.error(error.text))
        }
        let unseen = cache[slot].object.entries.count { !seen.contains($0.dot) }
        if value != nil, unseen >= Self.siblingsMax {
            let text = "ERR \(unseen) siblings: read them with DGET and write with its context"
            return .reply(.error(text))
        }
        return .write(.null, .dynamo(value: value, seen: seen))
    }

    /// What the writer of `dot` knows now: what it had seen, and its own write. Not all that the
    /// object knows, or its next write would cover siblings that it has never read.
    func token(for key: ObjectKey, seen: CausalContext, _ dot: Dot, slot: Int) -> [UInt8] {
        var context = seen
        context.insert(dot)
        if context.exceptions.count > Self.tokenExceptionsMax {
            // Beside a sibling that it never reads, each of a client's writes lies beyond a gap.
            let object = cache[slot].object
            context.filterExceptions { dot in object.entries.contains { $0.dot == dot } }
        }
        return ContextToken.encode(context, of: key.bytes)
    }

    /// Makes the dotted write on the object in `slot`, stores it and returns its record and dot.
    mutating func write(
        _ mutation: ObjectMutation, slot: Int, now: Now, into effects: inout [Effect]
    ) -> (record: [UInt8], dot: Dot) {
        let stamp = clock.tick(wallMs: now.wallMs)
        let hadValue = cache[slot].object.hasValue
        let dot: Dot
        switch mutation {
        case .plain(let plain):
            dot = nextDot(after: cache[slot].object.context, seen: nil, now: now)
            cache[slot].object.write(plain, dot: dot, stamp: stamp, nowMs: now.wallMs)
        case .dynamo(let value, let seen):
            dot = nextDot(after: cache[slot].object.context, seen: seen, now: now)
            cache[slot].object.write(value, seen: seen, dot: dot, stamp: stamp)
            if cache[slot].object.entries.count > 1 { counters.siblingsMade += 1 }
        }
        let pruned = cache[slot].object.pruneContext(to: settings.contextActorsMax)
        counters.actorsPruned += UInt64(pruned)
        return (store(slot: slot, hadValue: hadValue, into: &effects), dot)
    }

    /// Puts the object in `slot` into this pass's batch and returns its record.
    @discardableResult
    mutating func store(
        slot: Int, hadValue: Bool, into effects: inout [Effect]
    ) -> [UInt8] {
        let record = cache[slot].object.encoded()
        cache[slot].batch = batch
        batchHasStores = true
        cache.resize(slot)
        let hasValue = cache[slot].object.hasValue
        if hasValue != hadValue { countKey(cache[slot].key, hasValue ? 1 : -1) }
        effects.append(.store(cache[slot].key, record: record))
        return record
    }

    private mutating func countKey(_ key: ObjectKey, _ change: Int) {
        guard let partitioning = routing.table?.partitioning else { return }
        if keyCountChanges.isEmpty {
            keyCountChanges = [Int](repeating: 0, count: partitioning.count)
        }
        keyCountChanges[partitioning.partition(of: key.position).index] += change
    }

    /// A dot that was never used: this node's next one for the key.
    ///
    /// The node goes on under its actor if that actor's epoch is not before the trust horizon. An
    /// actor that the client's context knows better than we do is not continued either.
    private mutating func nextDot(
        after context: CausalContext, seen: CausalContext?, now: Now
    ) -> Dot {
        let own = context.latestActor(of: settings.node)
        let claimed = seen?.latestActor(of: settings.node)
        let isClaimKnown =
            claimed.map { context.counter(of: $0) >= (seen?.highestCounter(of: $0) ?? 0) } ?? true
        if let own, own.epochMs >= trustHorizonMs, isClaimKnown {
            return Dot(actor: own, counter: context.highestCounter(of: own) + 1)
        }
        let newest = max(own?.epochMs ?? 0, claimed?.epochMs ?? 0)
        let epochMs = max(issueEpoch(now: now), min(newest + 1, Actor.epochMsMax))
        return Dot(actor: Actor(node: settings.node, epochMs: epochMs), counter: 1)
    }

    private mutating func issueEpoch(now: Now) -> UInt64 {
        lastEpochMs = max(min(now.wallMs, epochCeilingMs), lastEpochMs, trustHorizonMs)
        return lastEpochMs
    }

    /// Stops continuing every actor that this node has used so far.
    mutating func moveHorizon(
        pastEpochMs epochMs: UInt64, now: Now, into effects: inout [Effect]
    ) {
        trustHorizonMs = max(issueEpoch(now: now), epochMs) + 1
        effects.append(.horizonMoved(trustHorizonMs))
    }

    /// Moves the horizon when `incoming` knows more of this node's dots than the node does: it has
    /// forgotten some, of this key and perhaps of others (riak_kv issues 679 and 1643).
    mutating func noticeAmnesia(
        _ incoming: CausalContext, slot: Int, now: Now, into effects: inout [Effect]
    ) {
        for entry in incoming.entries where entry.actor.node == settings.node {
            guard entry.actor.epochMs >= trustHorizonMs,
                entry.counter > cache[slot].object.context.highestCounter(of: entry.actor)
            else { continue }
            counters.amnesias += 1
            moveHorizon(pastEpochMs: entry.actor.epochMs, now: now, into: &effects)
        }
    }
}
