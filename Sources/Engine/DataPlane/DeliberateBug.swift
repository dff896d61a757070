internal import Causality
internal import Commands
internal import Objects
internal import Replication
internal import Wire

/// A mistake that the engine makes on purpose, to show that the simulator would find it.
///
/// Only the simulator can set one (`DataPlane.Settings.bug` is not public); in a server it is
/// always `none`, and costs one comparison of a byte at each place that it bends.
package enum DeliberateBug: UInt8, CaseIterable, Sendable {
    case none
    /// A node goes on under its actor though it may have forgotten some of its dots.
    case skipsTrustHorizon
    /// A write takes the dot of the write before it.
    case reusesDot
    /// Merging keeps the latest value, by the clock, and drops all others.
    case lastWriterWins
    /// A replica takes what is sent to it instead of merging it with what it has.
    case overwritesInsteadOfMerging
    /// Replicas, and the coordinator itself, acknowledge what no fsync has covered.
    case answersBeforeSync
    /// One replica less than w is enough.
    case answersBeforeQuorum
    /// A fallback counts for pw.
    case countsFallbacksForPw
    /// A hint goes when it is sent, not when its target has it.
    case dropsHintsEarly
    /// A hint that has changed since it was sent goes with what was sent.
    case dropsChangedHints
    /// A node that starts does not look for hints that it has kept.
    case forgetsHintsAtStart
    /// A replica that refuses a write counts as one that has stored it.
    case countsRefusals
    /// One replica less than r, and than pr, is enough.
    case readsBelowQuorum
    /// A deletion forgets what the key had seen.
    case tombstoneDropsContext
    /// DPUT replaces nothing, whatever its context covers.
    case putIgnoresContext
    /// DPUT replaces all that the coordinator knows, whatever its context covers.
    case putCoversUnseen
    /// At a deadline values go with their dots, so that nothing can bring them back.
    case expiryDropsEntries
    /// What a read has found to be stale is left so.
    case skipsReadRepair
    /// A quorum read answers before what it shows is held by a quorum.
    case repairsAfterAnswer
    /// A record that cannot be read is taken for one that was never written.
    case takesCorruptForAbsent
    /// A command that may have run already, and may not run twice, is sent to the next replica.
    case forwardsTwice
    /// Each command is handed over as it comes, whatever its connection's others on its key do.
    case forwardsOutOfOrder
    /// A command that was handed over is begun however late.
    case beginsLate
    /// A command that comes twice is carried out twice.
    case takesTwice
    /// A replica takes requests of a coordinator that is behind it, or ahead of it.
    case ignoresEpochFence
    /// A fallback that coordinates goes on under the actor that it finds in hints.
    case standInGoesOn
    /// A fallback that coordinates counts its own hint before it is written.
    case standInCountsEarly
    /// After an orderly stop a node goes on under its actors, though its disk may have been put
    /// back.
    case continuesLife
    /// What a keyspace says of w is passed over.
    case ignoresKeyspaceW
    /// Writes, or reads, pass over how many primaries they were asked to reach.
    case ignoresPw
    case ignoresPr
    /// GET looks at its coordinator's own copy only.
    case getAsksNobody
    /// DEL and GETDEL do.
    case deleteAsksNobody
    /// SET with NX, XX, GET or KEEPTTL, SETNX and GETSET do.
    case conditionAsksNobody
    /// EXPIRE, PERSIST and GETEX do.
    case deadlineAsksNobody
    /// APPEND, SETRANGE and the commands on bits do.
    case changeAsksNobody
    /// A read's reply shows what a power failure may yet take away.
    case repliesBeforeSync
    /// So does a replica's answer to the coordinator of a read.
    case checksBeforeSync
    /// A chunk of hints is confirmed before it is written.
    case handsOverBeforeStoring
    /// A fallback says that it keeps a hint before it does.
    case hintsBeforeStoring
    /// A read shows what came while it asked, and is on no other replica yet.
    case readsShowUnderWay
    /// A coordinator counts its own copy before it is written.
    case countsOwnEarly
    /// A read whose replicas are late is answered by those that were not.
    case answersLateReads
    /// A write whose time is over is acknowledged.
    case acknowledgesAtDeadline
    /// What a full context forgets may be an actor whose values live.
    case prunesLiveActors
    /// A command that needs no other replica goes before those of its connection that wait for one.
    case overtakesWaiting
    /// A command that only reads goes before a write of its connection.
    case readsOvertakeWrites
    /// What a flush drops stays in memory.
    case flushKeepsMemory
    /// What was written before a flush is taken from peers that have not heard of it.
    case takesFlushed
    /// Nobody keeps what a replica has missed that has let a write time out.
    case keepsNothingAtDeadline
    /// Nor what one has missed that was lost after the client had its answer.
    case keepsNothingAfterAnswer
    /// What a receiver of hints has refused goes as what it has taken.
    case dropsRefusedHints
    /// SET leaves siblings that its coordinator knows beside its value.
    case setCoversNothing
    /// A fallback that knows nothing of a key says that there is none.
    case standInGuesses
    /// Memory is made room in by dropping what is not written yet.
    case evictsUnwritten
    /// A node that starts may stand in under actors of its earlier lives.
    case standInReusesActors
    /// An overwrite is answered whatever its coordinator has not known of the key.
    case ignoresUncovered
    /// Commands that read remove what came after they had.
    case coversWhatCameAfter
    /// Commands build on what an overwrite before them may yet remove.
    case actsInContests
    /// What an overwrite has left beside it goes, though it may be later.
    case coversAtOnce
    /// A write's stamp may be before those of what it replaces.
    case ignoresSeenStamps
    /// A node whose clock is wrong goes on coordinating, by that clock.
    case trustsOwnClock
    /// A flush takes its stamp from the clock as it is.
    case flushesAtOwnTime
    /// A damaged record is healed from whoever answers first.
    case healsFromOne
    /// And its node goes on with it under the actor that it had.
    case healsUnderOldActor
    /// A node that was away serves by what it knows, and asks nobody.
    case servesUnconfirmed
    /// What was cut from a context is taken for forgotten.
    case takesCutForForgotten
    /// A member is looked for where the topology has it, and nowhere else.
    case looksWhereWritten
}

extension DataPlane {
    /// Merges, or does what a deliberate bug does instead; says whether anything changed.
    mutating func merge(_ incoming: Object, slot: Int) -> Bool {
        if settings.bug == .overwritesInsteadOfMerging {
            defer { cache[slot].object = incoming }
            return cache[slot].object != incoming
        }
        guard cache[slot].object.merge(incoming) else { return false }
        if settings.bug == .lastWriterWins {
            let latest = cache[slot].object.latestStamp
            cache[slot].object.dropEntries(upTo: Timestamp(rawValue: latest.rawValue &- 1))
        }
        return true
    }

    /// Before a full context is cut, a mistake may drop the oldest of its values.
    mutating func dropLiveActor(slot: Int) {
        guard settings.bug == .prunesLiveActors else { return }
        let object = cache[slot].object
        guard object.context.actorCount > settings.contextActorsMax,
            let oldest = object.entries.map(\.stamp).min()
        else { return }
        cache[slot].object.dropEntries(upTo: oldest)
    }

    /// What a DPUT covers.
    func covered(by seen: Sighting, slot: Int) -> Sighting {
        switch settings.bug {
        case .putIgnoresContext: Sighting()
        case .putCoversUnseen: cache[slot].object.sighting
        default: seen
        }
    }

    /// Whether a mistake lets the command do without the replicas that it depends on.
    func passesOver(_ operation: Operation) -> Bool {
        switch (settings.bug, operation) {
        case (.getAsksNobody, .get), (.deleteAsksNobody, .delete), (.deleteAsksNobody, .getDel),
            (.conditionAsksNobody, .set), (.conditionAsksNobody, .setIfAbsent),
            (.conditionAsksNobody, .getSet), (.deadlineAsksNobody, .expire),
            (.deadlineAsksNobody, .persist), (.deadlineAsksNobody, .getEx),
            (.changeAsksNobody, .append), (.changeAsksNobody, .setRange),
            (.changeAsksNobody, .setBit), (.changeAsksNobody, .bitField):
            true
        default: false
        }
    }

    /// The batch up to which slots may be evicted.
    var evictableBatch: UInt64 { settings.bug == .evictsUnwritten ? .max : writtenBatch }

    /// Whether a request with this header may be served: see `Routing.accepts`.
    func accepts(_ header: PeerFrameHeader) -> Bool {
        routing.accepts(header) || settings.bug == .ignoresEpochFence
    }

    /// How many replicas a read needs.
    func requiredToRead(_ count: Int) -> Int {
        settings.bug == .readsBelowQuorum && count > 1 ? count - 1 : count
    }

    /// How many replicas a write needs.
    func requirement(_ bounded: Consistency) -> WriteQuorum.Requirement {
        var requirement = WriteQuorum.Requirement(bounded)
        switch settings.bug {
        case .answersBeforeQuorum:
            requirement.w = max(1, requirement.w - 1)
            requirement.pw = max(0, requirement.pw - 1)
        case .ignoresPw: requirement.pw = 0
        case .countsFallbacksForPw:
            requirement.w = max(requirement.w, requirement.pw)
            requirement.pw = 0
        default: break
        }
        return requirement
    }
}
