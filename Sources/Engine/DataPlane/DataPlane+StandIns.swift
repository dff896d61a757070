internal import Causality
internal import Commands
internal import Essentials
internal import Objects
internal import Placement
internal import Replication
internal import Wire

/// Coordinating commands on keys none of whose primaries can be reached: a fallback stands in for
/// the coordinator, too.
///
/// Its copy of the key is what the hints tell that it keeps, merged, in a slot of the cache that is
/// nobody's stored copy; what it writes reaches its disk as a hint. So it may know less of a key
/// than there is, or nothing. What it does not know it does not answer: see `refuseUninformed`.
extension DataPlane {
    static let unknownKey = Reply.error(
        "NOQUORUM no primary of the key answered, and no hint tells of it")
    static let uncovered = Reply.error(
        "NOQUORUM no primary of the key answered: deletions and deadlines need one")

    // MARK: Who coordinates

    /// A command on a key that this node is no primary of. A node that was handed it coordinates,
    /// also if it sees primaries: handing it on might send it round in circles.
    mutating func beginElsewhere(
        _ request: Request, _ partition: PartitionID, _ table: PlacementTable, now: Now,
        into effects: inout [Effect]
    ) {
        let wasHandedOver = request.arguments.isEmpty
        guard wasHandedOver || mustStandIn(request, partition, table, now: now),
            let place = table.readPlace(of: routing.node, in: partition)
        else { return forward(request, partition, now: now, into: &effects) }
        standIn(request, partition, place: place, table, now: now, into: &effects)
    }

    /// Whether there is no primary to hand the command to, nor one of its connection on its key
    /// that was and has not ended; or one of these waits here, whom it would overtake.
    private mutating func mustStandIn(
        _ request: Request, _ partition: PartitionID, _ table: PlacementTable, now: Now
    ) -> Bool {
        guard !canReachPrimary(of: partition, table) else {
            return now.monotonicNs < standInsUntilNs && isStandingIn(before: request)
        }
        return lanes[ForwardLanes.Name(request)] == nil
    }

    private mutating func isStandingIn(before request: Request) -> Bool {
        let key = request.key.ofStandIn
        if parked.hasCommand(on: key, from: request.origin) { return true }
        guard let slot = cache.find(key) else { return false }
        return reads[cache[slot].reader]?.isAhead(of: request.origin) ?? false
    }

    func canReachPrimary(of partition: PartitionID, _ table: PlacementTable) -> Bool {
        for place in 0..<table.replicaCount
        where routing.canReach(table.replica(partition, place)) { return true }
        return false
    }

    /// Carries a command out as a fallback, once it is known which hints the key has.
    ///
    /// - Parameter place: this node's, after those of the primaries.
    private mutating func standIn(
        _ request: Request, _ partition: PartitionID, place: Int, _ table: PlacementTable,
        now: Now, into effects: inout [Effect]
    ) {
        guard isClockSound else { return refuseForClock(request, into: &effects) }
        let arrival = Arrival(request: request, atNs: now.monotonicNs)
        standInsUntilNs = max(standInsUntilNs, arrival.deadlineNs)
        guard hints.cache[request.key] != nil else {
            guard !refusesLoads else { return refuseLoad(request, into: &effects) }
            return park(
                .request(request), forHintsOf: request.key, deadlineNs: arrival.deadlineNs,
                now: now, into: &effects)
        }
        counters.standIns += 1
        let slot = openStandIn(of: request.key, now: now)
        begin(arrival, slot: slot, partition, place: place, table, now: now, into: &effects)
        cache[slot].pins -= 1
    }

    /// Hints of the key are known now: goes on with the commands that waited for them.
    mutating func hintsKnown(
        of key: ObjectKey, token: UInt64, now: Now, into effects: inout [Effect]
    ) {
        guard let waiting = parked.take(key.ofStandIn, token: token) else { return }
        noteLoad(waiting, now: now)
        let slot = openStandIn(of: key, now: now)
        for waiter in waiting { serve(waiter, slot: slot, now: now, into: &effects) }
        cache[slot].pins -= 1
    }

    /// Nobody is going to know.
    mutating func hintsUnknown(
        of key: ObjectKey, token: UInt64, _ refusal: PeerMessage.Refusal,
        into effects: inout [Effect]
    ) {
        let text = "OVERLOADED too many reads wait for the disk"
        for waiter in parked.take(key.ofStandIn, token: token) ?? [] {
            counters.overloads += 1
            turnAway(waiter.event, text, refusal, into: &effects)
        }
    }

    /// The slot with all that this node's hints tell of the key, pinned: no store that waits keeps
    /// it from being evicted.
    ///
    /// What an earlier command has left in it may be older than what was delivered since, so it
    /// counts only while somebody works on it.
    ///
    /// - Precondition: the key's hints are in memory.
    private mutating func openStandIn(of key: ObjectKey, now: Now) -> Int {
        var object = Object()
        for copy in hints.cache[key]?.copies ?? [] { _ = object.merge(copy.object) }
        object.expire(nowMs: now.wallMs)
        guard let slot = cache.find(key.ofStandIn) else {
            let slot = cache.insert(key.ofStandIn, object, writtenBatch: writtenBatch)
            cache[slot].isStandIn = true
            cache[slot].pins = 1
            return slot
        }
        if cache[slot].pins == 0 {
            cache[slot].object = object
        } else {
            keepForReader(slot: slot)
            _ = cache[slot].object.merge(object)
        }
        cache[slot].pins += 1
        cache.resize(slot, writtenBatch: writtenBatch)
        return slot
    }

    // MARK: What it must not answer

    /// Refuses what a stand-in knows too little for; false when it may go on, as a primary always
    /// may.
    ///
    /// Whoever asks what a key holds is told what hints say, and never that it is absent because
    /// none says anything. And deletions, and changes of deadlines, have to cover what is there:
    /// made without it, they would let the value return with the primaries. A value that is written
    /// blindly returns no less, beside what the primaries have, and shows as the later one.
    ///
    /// - Parameter isUnknown: nothing is known of the key.
    /// - Parameter hasPrimary: a primary has told what it holds.
    mutating func refuseUninformed(
        _ request: Request, _ evaluation: Evaluation, isUnknown: Bool, hasPrimary: Bool,
        into effects: inout [Effect]
    ) -> Bool {
        guard !hasPrimary else { return false }
        let refusal: Reply
        if isUnknown, request.operation.readsReplicas, settings.bug != .standInGuesses {
            refusal = Self.unknownKey
        } else if case .write(_, .plain(let mutation)) = evaluation, mutation.isCovering {
            refusal = Self.uncovered
        } else {
            return false
        }
        counters.quorumFailures += 1
        respond(to: request.origin, refusal, into: &effects)
        return true
    }

    /// The same at the end of a read.
    ///
    /// - Parameter shown: the object that it shows; nil: the one in the slot.
    mutating func refuse(
        _ request: Request, _ evaluation: Evaluation, of flight: ReadFlight,
        as shown: ReadObject?, into effects: inout [Effect]
    ) -> Bool {
        guard cache[flight.slot].isStandIn else { return false }
        let isUnknown = shown?.object.isUnknown ?? cache[flight.slot].object.isUnknown
        return refuseUninformed(
            request, evaluation, isUnknown: isUnknown, hasPrimary: flight.hasPrimary,
            into: &effects)
    }

    /// How many copies a stand-in looks at for a read that asks for one: a primary's, too, if one
    /// can be reached and the object may have to be covered, and somebody's where it knows nothing
    /// itself.
    ///
    /// - Parameter primaries: those that can be reached.
    func wantedByStandIn(slot: Int, _ served: [Arrival], _ primaries: PlaceList) -> Int {
        let mayCover = served.contains { $0.request.operation.kind != .read }
        let wantsOther =
            cache[slot].object.isUnknown || mayCover && primaries.count > 0
        return wantsOther ? 2 : 1
    }

    // MARK: Its dots

    /// A dot that was never used, for a write by a stand-in.
    mutating func nextStandInDot(slot: Int, seen: CausalContext?, now: Now) -> Dot {
        let node = settings.node
        let key = cache[slot].key
        let context = cache[slot].object.context
        let dot: Dot
        if let last = continuedDot(of: key, context, seen) {
            dot = Dot(actor: last.actor, counter: last.counter + 1)
        } else {
            let known = max(
                context.newestEpochMs(of: node), seen?.newestEpochMs(of: node) ?? 0)
            let freshMs = max(standInDots.freshEpochMs(of: key), known + epochStrideMs)
            lastEpochMs = min(max(issueEpoch(now: now), freshMs), Actor.epochMsMax)
            dot = Dot(actor: Actor(node: node, epochMs: lastEpochMs), counter: 1)
        }
        standInDots.note(dot, of: key, reachedMs: lastEpochMs)
        return dot
    }

    private func continuedDot(
        of key: ObjectKey, _ context: CausalContext, _ seen: CausalContext?
    ) -> Dot? {
        if settings.bug == .standInGoesOn, let own = context.latestActor(of: settings.node) {
            return Dot(actor: own, counter: context.highestCounter(of: own))
        }
        if settings.bug == .standInReusesActors {
            let earliest = Actor(node: settings.node, epochMs: 1)
            return Dot(actor: earliest, counter: context.highestCounter(of: earliest))
        }
        guard let last = standInDots.latest(of: key, in: context),
            last.actor.epochMs >= trustHorizonMs, !(seen.map { knows($0, past: last) } ?? false)
        else { return nil }
        return last
    }

    /// Other nodes hold other keys from now on. This one may be a primary of what it has stood in
    /// for, whose dots it knows no better than then; or stand in for what it was a primary of.
    mutating func endStandIns() {
        trustHorizonMs = horizonAtStopMs
        standInDots.forget(usedMs: lastEpochMs)
    }

    /// Actors from before are not to be continued by the next run, if this one ends in order.
    public var horizonAtStopMs: UInt64 {
        guard standInDots.reachedMs > 0 else { return trustHorizonMs }
        return max(trustHorizonMs, min(standInDots.reachedMs + 1, Actor.epochMsMax))
    }
}

extension ObjectKey {
    /// Under which the cache holds what a stand-in knows of the key. No key has it: a position
    /// follows from the key's bytes.
    var ofStandIn: ObjectKey {
        ObjectKey(position: Position(rawValue: ~position.rawValue), bytes: bytes)
    }
}

extension Mutation {
    /// Whether it is about what is there already, and void without it.
    fileprivate var isCovering: Bool {
        switch self {
        case .assign, .increment, .incrementDecimal: false
        case .setDeadline, .delete: true
        }
    }
}
