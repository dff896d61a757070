internal import Engine
internal import Essentials
internal import Membership
internal import Placement

/// The section about what Redis does not have: the cluster as this node sees it, quorums,
/// siblings, and what waits for the disk.
extension InfoReport {
    var martlet: [Line] {
        let topology = shard.topology
        let held = topology.partitioning.all.count {
            topology.placement.place(of: shard.number, in: $0) != nil
        }
        let sync: String
        switch configuration.walSync {
        case .always: sync = "always"
        case .every(let ms): sync = "\(ms)"
        }
        let counters = total.engine
        return [
            ("node_id", services.nodeID.description),
            ("node_number", "\(shard.number)"),
            ("cluster_id", topology.clusterID.description),
            ("epoch", "\(topology.epoch)"),
            ("members", "\(topology.members.count)"),
            ("members_connected", "\(total.peersConnected)"),
            ("partitions", "\(topology.partitioning.count)"),
            ("partitions_held", "\(held)"),
            ("partitions_counted", "\(total.keys.partitionsCounted)"),
            ("n", "\(topology.n)"),
            ("r", "\(configuration.r)"),
            ("w", "\(configuration.w)"),
            ("keyspaces", "\(topology.keyspaces.count)"),
            ("shards", "\(services.shardCount)"),
            ("wal_sync", sync),
            ("syncs", "\(services.committer.count)"),
            ("in_flight", "\(total.inFlight)"),
            ("waiting_for_disk", "\(total.parked)"),
            ("reads", "\(counters.reads)"),
            ("writes", "\(counters.writes)"),
            ("forwards", "\(counters.forwards)"),
            ("replica_reads", "\(counters.replicaReads)"),
            ("replica_writes", "\(counters.replicaWrites)"),
            ("cache_hits", "\(counters.cacheHits)"),
            ("cache_misses", "\(counters.cacheMisses)"),
            ("quorum_failures", "\(counters.quorumFailures)"),
            ("mismatches", "\(counters.mismatches)"),
            ("siblings_made", "\(counters.siblingsMade)"),
            ("coverings", "\(counters.coverings)"),
            ("refusals", "\(counters.refusals)"),
            ("stamps_refused", "\(counters.stampsRefused)"),
            ("overloads", "\(counters.overloads)"),
            ("actors_pruned", "\(counters.actorsPruned)"),
            ("amnesias", "\(counters.amnesias)"),
            ("corrupt_records", "\(counters.corruptRecords)"),
        ]
    }
}
