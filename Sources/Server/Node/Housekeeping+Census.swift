internal import Engine
internal import Membership
internal import Objects
internal import Placement
internal import Platform
internal import Storage

/// The census taker: counts the keys of one partition after the other, round and round.
///
/// The first round, which DBSIZE waits for, takes about half of one worker; later ones at most a
/// twentieth, since all they correct is what two writes at once have blurred.
extension Housekeeping {
    private static let firstRoundPauseFactor: UInt64 = 1
    private static let laterRoundsPauseFactor: UInt64 = 19
    /// Between partitions, whatever their size: 256 partitions take five minutes then.
    private static let laterRoundsPauseMsMin: UInt64 = 1000

    func count(_ partition: PartitionID, isFirstRound: Bool) {
        let owner = services.mailboxes[services.shard(of: partition)]
        owner.send(.call { [self] host in begin(partition, isFirstRound, host.shard) })
    }

    private func begin(_ partition: PartitionID, _ isFirstRound: Bool, _ shard: Shard?) {
        guard let shard else { return }
        guard shard.holds(partition) else {
            let pauseMs = isFirstRound ? 0 : Self.laterRoundsPauseMsMin
            return goOn(after: partition, isFirstRound, pauseMs: pauseMs, shard)
        }
        let start = shard.census.begin(partition, shard)
        let positions = shard.topology.partitioning.positions(of: partition)
        let isAccepted = services.workers.submit { [self] in
            let startedNs = SystemClock.monotonicNs()
            let counts = count(positions)
            let ms = (SystemClock.monotonicNs() - startedNs) / 1_000_000
            let owner = services.mailboxes[services.shard(of: partition)]
            owner.send(
                .call { [self] host in finish(start, counts, isFirstRound, ms: ms, host.shard) })
        }
        guard !isAccepted else { return }
        // The disk is busy: later.
        shard.after(ms: 1000) { [self] in count(partition, isFirstRound: isFirstRound) }
    }

    private func count(_ positions: ClosedRange<Position>) -> (live: Int, expiring: Int)? {
        var live = 0
        var expiring = 0
        do throws(StorageError) {
            _ = try services.storage.scan(
                .objects, from: RecordKey.first(at: positions.lowerBound),
                to: RecordKey.end(of: positions.upperBound), limits: .unlimited
            ) { _, value in
                var record: [UInt8] = []
                record.append(contentsOf: value)
                guard let object = try? Object(decoding: record) else { return true }
                if object.hasValue { live += 1 }
                if object.hasValue, object.deadlineMs != nil { expiring += 1 }
                return true
            }
        } catch {
            services.log.error("the keys cannot be counted", ["reason": .describing(error)])
            return nil
        }
        return (live, expiring)
    }

    private func finish(
        _ start: KeyCensus.Start, _ counts: (live: Int, expiring: Int)?, _ isFirstRound: Bool,
        ms: UInt64, _ shard: Shard?
    ) {
        guard let shard else { return }
        if let counts {
            shard.census.finish(start, live: counts.live, expiring: counts.expiring, shard)
        }
        let pauseMs =
            isFirstRound
            ? ms * Self.firstRoundPauseFactor
            : max(Self.laterRoundsPauseMsMin, ms * Self.laterRoundsPauseFactor)
        goOn(after: start.partition, isFirstRound, pauseMs: pauseMs, shard)
    }

    private func goOn(
        after partition: PartitionID, _ isFirstRound: Bool, pauseMs: UInt64, _ shard: Shard
    ) {
        let next = shard.topology.partitioning.partition(after: partition)
        let isFirst = isFirstRound && next.index != 0
        guard pauseMs > 0 else { return count(next, isFirstRound: isFirst) }
        shard.after(ms: pauseMs) { [self] in count(next, isFirstRound: isFirst) }
    }
}
