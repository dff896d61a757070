internal import Engine
internal import Essentials
internal import Membership
internal import Placement
internal import Platform
internal import Storage
internal import Synchronization

/// What all parts of a node share, from any thread. Made once, before the first connection.
final class NodeServices: Sendable {
    let configuration: ConfigurationStore
    let log: Log
    let storage: any StorageEngine
    let nodeID: UniqueID
    let startedAt: Now
    let hosts: [ShardHost]
    let mailboxes: [Mailbox<ShardMessage>]
    let committer: Committer
    let lateWriters: [LateWriter]
    /// Reads that would block a loop, scans, and other work with the disk.
    let workers: WorkerPool
    /// For scans and sweeps that no client waits for.
    let backgroundWorkers: WorkerPool
    let clients = ClientRegistry()
    let slowlog = Slowlog()
    let statisticsBase = StatisticsBase()
    let reachability: Reachability
    let addresses: PeerAddresses
    /// The time that the members agree on: what all that has to do with data goes by.
    let clock: SharedClock
    /// Partitions rewritten because the disk was nearly full.
    let reclaims = Atomic<UInt64>(0)
    /// Starts of this data directory after a run that had not ended in order.
    let uncleanStarts: UInt64
    /// Ends the process with one line: an operating error that nobody can go on after.
    let fail: @Sendable (String) -> Never
    /// Asks the whole node to stop in order.
    let requestStop: @Sendable () -> Void

    let lives: PeerLives
    let founding: Founding

    /// What actor epochs may reach to without another record on the disk; see `EpochCeiling`.
    let epochCeiling: EpochCeiling

    init(
        configuration: ConfigurationStore, log: Log, storage: any StorageEngine, past: Past,
        topology: Topology, addresses: PeerAddresses, startedAt: Now, hosts: [ShardHost],
        mailboxes: [Mailbox<ShardMessage>], fail: @escaping @Sendable (String) -> Never,
        requestStop: @escaping @Sendable () -> Void
    ) {
        self.configuration = configuration
        self.log = log
        self.storage = storage
        nodeID = past.nodeID
        uncleanStarts = past.uncleanStarts
        lives = PeerLives(life: past.life, previousLife: past.previousLife)
        founding = Founding(isAsked: configuration.current.isFounding)
        reachability = Reachability(
            shards: hosts.count, topology: topology, founding: founding)
        self.addresses = addresses
        self.startedAt = startedAt
        clock = SharedClock(startedAt)
        self.hosts = hosts
        self.mailboxes = mailboxes
        epochCeiling = past.ceiling
        self.fail = fail
        self.requestStop = requestStop
        let failed: @Sendable (StorageError) -> Void = { fail($0.description) }
        committer = Committer(
            storage: storage, shards: hosts.count,
            durable: { mailboxes[$0].send(.durable($1)) }, failed: failed)
        lateWriters = hosts.indices.map {
            LateWriter(storage: storage, name: "late-writer-\($0)", failed: failed)
        }
        workers = WorkerPool(name: "storage-io", threads: 4, queueMax: 16_384)
        backgroundWorkers = WorkerPool(
            name: "background-io", threads: 2, queueMax: 4096, isBackground: true)
    }

    var shardCount: Int { hosts.count }

    /// The shard that owns a partition: neighbours go to different ones.
    func shard(of partition: PartitionID) -> Int { partition.index % hosts.count }

    /// Whether peers are to be read from: not while what they write piles up for a disk that lags.
    var acceptsPeerWrites: Bool { !lateWriters.contains { $0.isFull } }

    /// Says that the disk has given something damaged, or not at all.
    func noteDamage(_ what: String, _ error: StorageError) {
        log.error(what, ["reason": .describing(error)])
        reachability.noteDamage(nowNs: SystemClock.monotonicNs())
    }

    /// Runs `collect` on every shard's loop and hands all results, in the order of shards, to
    /// `done` on the loop of shard `origin`.
    func gather<Result: Sendable>(
        origin: Int, _ collect: @escaping @Sendable (Shard) -> Result,
        done: @escaping @Sendable (isolated ShardHost, [Result]) -> Void
    ) {
        let gathered = Mutex<[Int: Result]>([:])
        let box = SharedBox(gathered)
        let mailboxes = mailboxes
        let count = hosts.count
        for index in hosts.indices {
            mailboxes[index].send(
                .call { host in
                    guard let shard = host.shard else { return }
                    let result = collect(shard)
                    let all: [Result]? = box.value.withLock { results in
                        results[index] = result
                        guard results.count == count else { return nil }
                        return (0..<count).compactMap { results[$0] }
                    }
                    guard let all else { return }
                    mailboxes[origin].send(.call { done($0, all) })
                })
        }
    }
}

/// Lets closures share what cannot be copied.
private final class SharedBox<Value: Sendable & ~Copyable>: Sendable {
    let value: Value

    init(_ value: consuming Value) { self.value = value }
}
