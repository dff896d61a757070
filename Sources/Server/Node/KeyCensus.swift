internal import Engine
internal import Membership
internal import Placement

/// How many keys some partitions have, and how many partitions that tells of.
struct KeyCount: Sendable, Equatable {
    var live = 0
    /// Those with a deadline, at the last count.
    var expiring = 0
    /// Partitions that were counted.
    var partitions = 0

    mutating func add(_ other: KeyCount) {
        live += other.live
        expiring += other.expiring
        partitions += other.partitions
    }

    /// What a ring of `partitions` partitions has if the others are like those that were counted.
    func estimate(partitions all: Int) -> KeyCount {
        guard partitions > 0 else { return KeyCount() }
        func scaled(_ count: Int) -> Int {
            Int((Double(max(0, count)) * Double(all) / Double(partitions)).rounded())
        }
        return KeyCount(live: scaled(live), expiring: scaled(expiring), partitions: all)
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

    func begin(_ partition: PartitionID, _ shard: Shard) -> Start {
        Start(
            partition: partition, flushStamp: shard.topology.flushStamp,
            change: shard.keyCountChange(partition))
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
            guard let entry = entries[partition.index] else { continue }
            count.live += max(0, entry.live + shard.keyCountChange(partition))
            count.expiring += entry.expiring
            count.partitions += 1
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
    fileprivate func owns(_ partition: PartitionID) -> Bool {
        services.shard(of: partition) == index && holds(partition)
    }

    fileprivate func keyCountChange(_ partition: PartitionID) -> Int {
        let changes = dataPlane.keyCountChanges
        return partition.index < changes.count ? changes[partition.index] : 0
    }
}
