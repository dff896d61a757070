internal import Consensus
internal import Engine
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
    /// Whether the directory may be an earlier state of this node: a copy, or one that was put
    /// back.
    let isDoubtful: Bool
    /// The number of this run, and its trust horizon: see `Life`.
    let life: UInt64
    /// The number of the run before, as far as the directory knows.
    let previousLife: UInt64
    /// Why this node must not serve the cluster that it has founded.
    let foreignCluster: UniqueID?
    let ceiling: EpochCeiling
    /// No actor epoch that was given out before is greater.
    let epochsUsedMs: UInt64
    let uncleanStarts: UInt64

    init(_ facts: NodeFacts, _ storage: any StorageEngine, now: Now) throws(StorageError) {
        var random = SeededRandom.fromSystem()
        nodeID = try facts.nodeID(using: &random)
        topology = try facts.topology()
        foreignCluster = try facts.foreignCluster()
        var consensus = try facts.consensus()
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
        let rocks = storage as? RocksDBStorage
        isDoubtful = lastRun != .none && rocks?.isWitnessed == false
        if isDoubtful, var doubtful = consensus {
            doubtful.doubt()
            consensus = doubtful
            var write = RaftWrite()
            write.ballot = doubtful.ballot
            try facts.store(write)
        }
        self.consensus = consensus
        previousLife = try facts.life()
        let usedMs = max(ceilingMs, previousLife, try facts.trustHorizonMs())
        life = Life.begin(wallMs: now.wallMs, usedMs: usedMs, using: &random)
        epochsUsedMs = ceilingMs
        ceiling = EpochCeiling(reachedMs: max(ceilingMs, life))
        try ceiling.renew(facts, wallMs: now.wallMs)
        try facts.store(life: life)
        try rocks?.renewWitness()
    }
}
