internal import Engine
internal import Membership
internal import Placement
internal import Platform
internal import Storage
internal import Synchronization

/// Getting space back while the disk is nearly full, one partition after the other.
extension Housekeeping {
    /// Between two looks at the disk, and after a round that gained nothing.
    private static let reclaimPauseMs: UInt64 = 1000
    /// Between two partitions. Compaction has its own threads, but the disk is everybody's.
    private static let reclaimStepPauseMs: UInt64 = 50

    func reclaim(on shard: Shard, afterMs pauseMs: UInt64 = reclaimPauseMs) {
        shard.after(ms: pauseMs) { [self, unowned shard] in
            guard services.storage.spaceState != .ample else {
                reclaimPlan.withLock { $0.end() }
                return reclaim(on: shard)
            }
            services.gather(origin: 0, { $0.dataPlane.keyCountChanges }) { [self] host, changes in
                if let shard = host.shard { reclaimNext(changes, shard) }
            }
        }
    }

    private func reclaimNext(_ changes: [[Int]], _ shard: Shard) {
        let partitioning = shard.topology.partitioning
        var sums = [Int](repeating: 0, count: partitioning.count)
        for part in changes where !part.isEmpty {
            for index in sums.indices { sums[index] += part[index] }
        }
        guard let index = reclaimPlan.withLock({ $0.next(sums) }) else {
            return reclaim(on: shard)
        }
        let positions = partitioning.positions(of: PartitionID(rawValue: UInt16(index)))
        let isAccepted = services.workers.submit { [self] in
            let isDone = reclaim(positions)
            services.mailboxes[0].send(
                .call { [self] host in
                    guard let shard = host.shard else { return }
                    let pauseMs = isDone ? Self.reclaimStepPauseMs : Self.reclaimPauseMs
                    reclaim(on: shard, afterMs: shard.lengthened(pauseMs: pauseMs))
                })
        }
        if !isAccepted { reclaim(on: shard) }
    }

    /// On a worker. Returns whether there was room for it.
    private func reclaim(_ positions: ClosedRange<Position>) -> Bool {
        do throws(StorageError) {
            let isDone = try services.storage.reclaim(
                .objects, from: RecordKey.first(at: positions.lowerBound),
                to: RecordKey.end(of: positions.upperBound))
            if isDone { services.reclaims.wrappingAdd(1, ordering: .relaxed) }
            return isDone
        } catch {
            services.log.error("space cannot be reclaimed", ["reason": .describing(error)])
            return false
        }
    }
}
