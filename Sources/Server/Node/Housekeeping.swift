internal import Engine
internal import Essentials
internal import Objects
internal import Placement
internal import Platform
internal import Storage
internal import Synchronization

/// What has to be done now and then for the whole node: watching the free space, laying the epoch
/// ceiling ahead, finding values whose deadline has passed, and getting space back.
///
/// Its timers run on the first shard's loop, its work on the workers.
final class Housekeeping: Sendable {
    /// Short against what a fast disk fills: 100 ms of 2 GB/s are 200 MB, less than the floor.
    private static let spacePeriodMs: UInt64 = 100
    private static let failuresPeriodMs: UInt64 = 1000

    let services: NodeServices
    let reclaimPlan = Mutex(ReclaimPlan())
    private let facts: NodeFacts
    /// What the shards were told last. The storage's own state may have changed in between: it
    /// measures the space by itself, too.
    private let toldLow = Atomic<Bool>(false)
    /// How many failures of the storage's own work were logged.
    private let toldFailures = Atomic<UInt64>(0)
    private let toldDamaged = Atomic<UInt64>(0)

    init(_ services: NodeServices, _ facts: NodeFacts) {
        self.services = services
        self.facts = facts
    }

    func start(on shard: Shard) {
        every(Self.spacePeriodMs, shard) { $0.checkSpace() }
        every(Self.failuresPeriodMs, shard) { $0.checkFailures() }
        every(EpochCeiling.renewMs, shard) { $0.renewCeiling() }
        sweep(from: [])
        reclaim(on: shard)
        count(CensusStep(partition: PartitionID(rawValue: 0), isFirstRound: true))
    }

    private func every(
        _ periodMs: UInt64, _ shard: Shard, _ work: @escaping @Sendable (Housekeeping) -> Void
    ) {
        let services = services
        let underWay = UnderWay()
        let timer = Timer(loop: shard.loop) { [self] in
            // Behind a disk that lags, one is enough.
            guard underWay.begin() else { return }
            let isAccepted = services.workers.submit {
                work(self)
                underWay.end()
            }
            if !isAccepted { underWay.end() }
        }
        timer.set(afterMs: periodMs, repeatingEveryMs: periodMs)
    }

    private func checkSpace() {
        do throws(StorageError) {
            let after = try services.storage.checkSpace()
            let isLow = after != .ample
            guard toldLow.exchange(isLow, ordering: .relaxed) != isLow else { return }
            let free = LogValue.integer(Int(clamping: services.storage.statistics.freeBytes))
            if isLow {
                services.log.error(
                    "the disk is nearly full: new values are refused", ["free_bytes": free])
            } else {
                services.log.info(
                    "the disk has room again: writes go on", ["free_bytes": free])
            }
            for mailbox in services.mailboxes { mailbox.send(.space(isLow: isLow)) }
        } catch {
            services.log.error("the free space is unknown", ["reason": .describing(error)])
        }
    }

    private func checkFailures() {
        let damaged = services.storage.statistics.damagedCompactions
        if toldDamaged.exchange(damaged, ordering: .relaxed) < damaged {
            services.reachability.noteDamage(nowNs: SystemClock.monotonicNs())
        }
        let failures = services.storage.statistics.backgroundErrors
        let told = toldFailures.exchange(failures, ordering: .relaxed)
        guard failures > told else { return }
        services.log.error(
            "flushes or compactions failed, and are tried again: check the disk",
            ["count": .integer(Int(clamping: failures - told))])
    }

    private func renewCeiling() {
        do throws(StorageError) {
            try services.epochCeiling.renew(facts, wallMs: services.clock.nowMs())
        } catch {
            // Without a higher ceiling epochs stand still, which is no harm until there is room.
            guard case .full = error else { services.fail(error.description) }
            services.log.error("the disk has no room for the node's own records", [:])
        }
    }
}

/// Whether a piece of work has begun and not ended.
private final class UnderWay: Sendable {
    private let flag = Atomic<Bool>(false)

    /// False when it has begun already.
    func begin() -> Bool { !flag.exchange(true, ordering: .acquiringAndReleasing) }

    func end() { flag.store(false, ordering: .releasing) }
}
