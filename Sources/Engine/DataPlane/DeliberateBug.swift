internal import Causality
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
    /// What a keyspace says of w is passed over.
    case ignoresKeyspaceW
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

    /// What a DPUT covers.
    func covered(by seen: Sighting, slot: Int) -> Sighting {
        switch settings.bug {
        case .putIgnoresContext: Sighting()
        case .putCoversUnseen: cache[slot].object.sighting
        default: seen
        }
    }

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
        case .countsFallbacksForPw:
            requirement.w = max(requirement.w, requirement.pw)
            requirement.pw = 0
        default: break
        }
        return requirement
    }
}
