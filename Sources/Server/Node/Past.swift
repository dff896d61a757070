internal import Consensus
internal import Essentials
internal import Membership
internal import Platform
internal import Storage

/// What the data directory tells of this node's past, and what follows for its dots.
struct Past {
    let nodeID: UniqueID
    let topology: Topology?
    /// What the node has agreed to with the others; nil in a new directory, and in one of the first
    /// release.
    let consensus: RaftStored?
    let wasUnclean: Bool
    /// Actor epochs from before are not continued. After a clean stop it is what it was; after any
    /// other it lies past every epoch that may have been given out.
    let trustHorizonMs: UInt64
    let ceiling: EpochCeiling
    /// No actor epoch that was given out before is greater.
    let epochsUsedMs: UInt64
    let uncleanStarts: UInt64

    init(_ facts: NodeFacts, _ storage: any StorageEngine, now: Now) throws(StorageError) {
        var random = SeededRandom.fromSystem()
        nodeID = try facts.nodeID(using: &random)
        topology = try facts.topology()
        consensus = try facts.consensus()
        let lastRun: ShutdownMarker.LastRun
        if let rocks = storage as? RocksDBStorage {
            lastRun = try ShutdownMarker.begin(rocks)
        } else {
            lastRun = .unclean
        }
        wasUnclean = lastRun == .unclean
        let before = try facts.uncleanStarts()
        uncleanStarts = before + (wasUnclean ? 1 : 0)
        if wasUnclean { try facts.store(uncleanStarts: uncleanStarts) }
        let ceilingMs = try facts.epochCeilingMs()
        switch lastRun {
        case .clean: trustHorizonMs = try facts.trustHorizonMs()
        case .none: trustHorizonMs = 0
        case .unclean: trustHorizonMs = max(now.wallMs, ceilingMs) + 1
        }
        epochsUsedMs = ceilingMs
        ceiling = EpochCeiling(reachedMs: max(ceilingMs, trustHorizonMs))
        try ceiling.renew(facts, wallMs: now.wallMs)
    }
}
