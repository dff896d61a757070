internal import Engine
internal import Membership
internal import Placement

/// How many keys some partitions have, as far as they were counted.
struct KeyCount: Sendable, Equatable {
    /// Keys of the partitions that were counted, then; those with a deadline among them.
    var counted = 0
    var expiring = 0
    /// By how much the keys of all partitions have become more since: since their count, or since
    /// the start where they were not counted yet.
    var change = 0
    var partitionsCounted = 0
    var partitionsHeld = 0

    mutating func add(_ other: KeyCount) {
        counted += other.counted
        expiring += other.expiring
        change += other.change
        partitionsCounted += other.partitionsCounted
        partitionsHeld += other.partitionsHeld
    }

    /// The keys of a ring of `partitions` partitions, if those that were not counted, and those
    /// that this node does not hold, are like the others.
    func estimate(partitions: Int) -> (live: Int, expiring: Int) {
        guard partitionsHeld > 0 else { return (0, 0) }
        let uncounted = Double(partitionsHeld) / Double(max(partitionsCounted, 1))
        let notHeld = Double(partitions) / Double(partitionsHeld)
        let live = Double(counted) * uncounted + Double(change)
        return (
            live: Int((max(0, live) * notHeld).rounded()),
            expiring: Int((Double(expiring) * uncounted * notHeld).rounded())
        )
    }
}

/// The keys of one shard, by partition, as a walk over the records has counted them; what stores
/// have changed since then is the data plane's to say.
///
/// After a start nothing is counted yet; until the walk has come round once, the partitions it has
/// seen speak for the others. Confined to its shard.
final class KeyCensus {
    /// One partition: what was counted, less the changes that were known then.
    private struct Entry {
        var live: Int
        var expiring: Int
    }

    private var entries: [Entry?] = []
    /// The flush that the entries come after; nil before anything was asked.
    private var flushStamp: UInt64?

    /// What a count is begun with.
    struct Start: Sendable {
        let partition: PartitionID
        let flushStamp: UInt64
        let change: Int
    }

    /// Nil while stores are on their way to the disk: a scan would miss what the change tells.
    func begin(_ partition: PartitionID, _ shard: Shard) -> Start? {
        guard !shard.dataPlane.hasOpenBatch, !shard.services.lateWriters[shard.index].isBusy
        else { return nil }
        return Start(
            partition: partition, flushStamp: shard.topology.flushStamp,
            change: shard.keyCountChange(partition))
    }

    /// Whether keys came or went since `start`: a scan may have seen them, or not.
    func isBlurred(_ start: Start, _ shard: Shard) -> Bool {
        start.flushStamp != shard.topology.flushStamp
            || start.change != shard.keyCountChange(start.partition)
    }

    /// Takes over what a scan has counted that was begun after `start`.
    func finish(_ start: Start, live: Int, expiring: Int, _ shard: Shard) {
        guard start.flushStamp == shard.topology.flushStamp else { return }
        renew(shard)
        entries[start.partition.index] = Entry(live: live - start.change, expiring: expiring)
    }

    fileprivate func count(_ shard: Shard) -> KeyCount {
        renew(shard)
        var count = KeyCount()
        for partition in shard.topology.partitioning.all where shard.owns(partition) {
            count.partitionsHeld += 1
            count.change += shard.keyCountChange(partition)
            guard let entry = entries[partition.index] else { continue }
            count.counted += entry.live
            count.expiring += entry.expiring
            count.partitionsCounted += 1
        }
        return count
    }

    /// A flush leaves nothing, which needs no counting.
    private func renew(_ shard: Shard) {
        let stamp = shard.topology.flushStamp
        let partitions = shard.topology.partitioning.count
        if entries.count != partitions {
            entries = Array(repeating: nil, count: partitions)
        } else if stamp != flushStamp {
            entries = Array(repeating: Entry(live: 0, expiring: 0), count: partitions)
        }
        flushStamp = stamp
    }
}

extension Shard {
    /// What DBSIZE and INFO add up over the shards.
    var keyCount: KeyCount { census.count(self) }

    /// Whether this shard is one of the partition's replicas.
    func owns(_ partition: PartitionID) -> Bool {
        services.shard(of: partition) == index && holds(partition)
    }

    fileprivate func keyCountChange(_ partition: PartitionID) -> Int {
        let changes = dataPlane.keyCountChanges
        return partition.index < changes.count ? changes[partition.index] : 0
    }
}
