internal import Engine
internal import Membership

/// What one shard has counted, taken on its loop to be added up elsewhere.
struct ShardFigures: Sendable {
    var commands: UInt64 = 0
    var commandsPerSecond: UInt64 = 0
    var errors: [String: UInt64] = [:]
    var errorCount: UInt64 = 0
    var inputBytes: UInt64 = 0
    var outputBytes: UInt64 = 0
    var mailboxRefusals: UInt64 = 0
    var engine = DataPlane.Counters()
    var inFlight = 0
    var parked = 0
    /// Bytes of the writes that some replica has not answered.
    var writeBytes = 0
    var cacheBytes = 0
    /// Bytes of the largest half-received commands and of the longest queue of replies.
    var inputBytesMax = 0
    var outputBytesMax = 0
    var keys = KeyCount()
    /// Members that this loop is connected to.
    var peersConnected = 0
    /// On the loop that has the control plane.
    var consensus: ConsensusStatus?

    init() {}

    init(_ shard: Shard) {
        commands = shard.latencies.count
        commandsPerSecond = shard.statistics.commandsPerSecond
        errors = shard.statistics.errors
        errorCount = shard.statistics.errorCount
        inputBytes = shard.statistics.inputBytes
        outputBytes = shard.statistics.outputBytes
        mailboxRefusals = shard.statistics.mailboxRefusals
        engine = shard.dataPlane.counters
        inFlight = shard.dataPlane.inFlightCount
        parked = shard.dataPlane.parkedCount
        writeBytes = shard.dataPlane.writeBytes
        cacheBytes = shard.dataPlane.cacheBytes
        for session in shard.sessions.all {
            inputBytesMax = max(inputBytesMax, session.info.inputBytes)
            outputBytesMax = max(outputBytesMax, session.info.outputBytes)
        }
        keys = shard.keyCount
        consensus = shard.control?.consensus
        peersConnected = shard.topology.members.count { shard.peers.isReady($0.number) }
    }

    /// The figures of all shards as if they were one's.
    static func sum(_ parts: [ShardFigures]) -> ShardFigures {
        parts.reduce(into: ShardFigures()) { $0.add($1) }
    }

    private mutating func add(_ other: ShardFigures) {
        consensus = consensus ?? other.consensus
        commands += other.commands
        commandsPerSecond += other.commandsPerSecond
        errors.merge(other.errors) { $0 + $1 }
        errorCount += other.errorCount
        inputBytes += other.inputBytes
        outputBytes += other.outputBytes
        mailboxRefusals += other.mailboxRefusals
        engine.add(other.engine)
        inFlight += other.inFlight
        parked += other.parked
        writeBytes += other.writeBytes
        cacheBytes += other.cacheBytes
        inputBytesMax = max(inputBytesMax, other.inputBytesMax)
        outputBytesMax = max(outputBytesMax, other.outputBytesMax)
        keys.add(other.keys)
        peersConnected = max(peersConnected, other.peersConnected)
    }

    /// What was counted since `earlier`; gauges stay what they are.
    func since(_ earlier: ShardFigures) -> ShardFigures {
        var result = self
        result.commands -= min(commands, earlier.commands)
        result.errorCount -= min(errorCount, earlier.errorCount)
        result.inputBytes -= min(inputBytes, earlier.inputBytes)
        result.outputBytes -= min(outputBytes, earlier.outputBytes)
        result.errors = errors.reduce(into: [:]) { left, error in
            let count = error.value - min(error.value, earlier.errors[error.key] ?? 0)
            if count > 0 { left[error.key] = count }
        }
        for counter in [\DataPlane.Counters.expirations, \.keysFound, \.keysMissed] {
            let before = earlier.engine[keyPath: counter]
            result.engine[keyPath: counter] -= min(engine[keyPath: counter], before)
        }
        return result
    }
}

extension DataPlane.Counters {
    fileprivate mutating func add(_ other: DataPlane.Counters) {
        for counter in Self.all { self[keyPath: counter] += other[keyPath: counter] }
    }

    private static var all: [WritableKeyPath<DataPlane.Counters, UInt64>] {
        [
            \.reads, \.writes, \.keysFound, \.keysMissed, \.forwards, \.cacheHits, \.cacheMisses,
            \.quorumFailures, \.mismatches, \.replicaWrites, \.replicaReads, \.siblingsMade,
            \.coverings, \.actorsPruned, \.repairs, \.backgroundRepairs, \.repairsFailed, \.hedges,
            \.hedgesWon,
            \.hedgesDenied, \.probes, \.amnesias, \.refusals, \.stampsRefused,
            \.stampsSettled, \.clockRefusals, \.corruptRecords,
            \.recordsHealed, \.actorsRenewed,
            \.expirations, \.overloads, \.lateDrops, \.delayRefusals, \.diskRefusals,
            \.sloppyWrites, \.hintsStored, \.hintsDelivered, \.hintsTaken, \.hintsDropped,
            \.hintRangesDropped, \.standIns, \.standInWrites,
        ]
    }
}
