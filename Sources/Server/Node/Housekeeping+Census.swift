internal import Causality
internal import Engine
internal import Membership
internal import Objects
internal import Placement
internal import Platform
internal import Storage

/// The census taker: counts the keys of one partition after the other, round and round.
///
/// The first round, which DBSIZE waits for, takes about half of one worker; later ones at most a
/// twentieth, since all they correct is what two writes at once have blurred. Pauses are longer
/// while clients are slower than usual.
extension Housekeeping {
    private static let firstRoundPauseFactor: UInt64 = 1
    private static let laterRoundsPauseFactor: UInt64 = 19
    /// Between partitions, whatever their size: 256 partitions take five minutes then.
    private static let laterRoundsPauseMsMin: UInt64 = 1000
    /// A partition that is written to meanwhile is counted again, at most so often.
    private static let triesMax = 5
    /// Before the next try. A batch is written in less, unless the disk lags behind.
    private static let retryPauseMs: UInt64 = 5

    /// One step of a round.
    struct CensusStep: Sendable {
        var partition: PartitionID
        var isFirstRound: Bool
        var tries = 0
    }

    func count(_ step: CensusStep) {
        let owner = services.mailboxes[services.shard(of: step.partition)]
        owner.send(.call { [self] host in begin(step, host.shard) })
    }

    private func begin(_ step: CensusStep, _ shard: Shard?) {
        guard let shard else { return }
        guard shard.owns(step.partition) else {
            return goOn(step, pauseMs: step.isFirstRound ? 0 : Self.laterRoundsPauseMsMin, shard)
        }
        guard let start = shard.census.begin(step.partition, shard) else {
            return tryAgain(step, shard)
        }
        let positions = shard.topology.partitioning.positions(of: step.partition)
        let isAccepted = services.backgroundWorkers.submit { [self] in
            let startedNs = SystemClock.monotonicNs()
            let counts = count(positions)
            let ms = (SystemClock.monotonicNs() - startedNs) / 1_000_000
            let owner = services.mailboxes[services.shard(of: step.partition)]
            owner.send(.call { [self] host in finish(step, start, counts, ms: ms, host.shard) })
        }
        if !isAccepted { tryAgain(step, shard) }
    }

    private func tryAgain(_ step: CensusStep, _ shard: Shard) {
        var next = step
        next.tries += 1
        guard next.tries < Self.triesMax else {
            return goOn(step, pauseMs: Self.laterRoundsPauseMsMin, shard)
        }
        shard.after(ms: Self.retryPauseMs) { [self, next] in count(next) }
    }

    /// What a flush has dropped, though its records may be there yet.
    private var flushed: Timestamp {
        Timestamp(rawValue: services.reachability.current.topology.flushStamp)
    }

    private func count(_ positions: ClosedRange<Position>) -> (live: Int, expiring: Int)? {
        var live = 0
        var expiring = 0
        do throws(StorageError) {
            let flushed = flushed
            _ = try services.storage.scanReadable(
                .objects, from: RecordKey.first(at: positions.lowerBound),
                to: RecordKey.end(of: positions.upperBound), limits: .unlimited,
                skipped: { _, _, error in services.noteDamage("the census passes damage", error) }
            ) { _, value in
                var record: [UInt8] = []
                record.append(contentsOf: value)
                guard var object = try? Object(decoding: record) else { return true }
                object.dropEntries(upTo: flushed)
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
        _ step: CensusStep, _ start: KeyCensus.Start, _ counts: (live: Int, expiring: Int)?,
        ms: UInt64, _ shard: Shard?
    ) {
        guard let shard else { return }
        // The last try counts all the same: a little blurred is better than not at all.
        if shard.census.isBlurred(start, shard), step.tries + 1 < Self.triesMax {
            return tryAgain(step, shard)
        }
        if let counts {
            shard.census.finish(start, live: counts.live, expiring: counts.expiring, shard)
        }
        let pauseMs =
            step.isFirstRound
            ? ms * Self.firstRoundPauseFactor
            : max(Self.laterRoundsPauseMsMin, ms * Self.laterRoundsPauseFactor)
        goOn(step, pauseMs: pauseMs, shard)
    }

    private func goOn(_ step: CensusStep, pauseMs: UInt64, _ shard: Shard) {
        let next = shard.topology.partitioning.partition(after: step.partition)
        let isFirstRound = step.isFirstRound && next.index != 0
        let nextStep = CensusStep(partition: next, isFirstRound: isFirstRound)
        guard pauseMs > 0 else { return count(nextStep) }
        shard.after(ms: shard.lengthened(pauseMs: pauseMs)) { [self] in count(nextStep) }
    }
}
