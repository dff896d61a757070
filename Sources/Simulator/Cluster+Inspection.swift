internal import Engine
internal import Essentials
internal import Objects
internal import Placement

/// What a test looks at, past all messages.
extension Cluster {
    /// The newest state of a key at a node: in its cache, or else on its disk.
    func held(_ key: ObjectKey, by index: Int) -> Object? {
        let shard = sharding(of: index).shard(of: key.position)
        if let object = self[index].process?.shards[shard].plane.cached(key) {
            return object.isUnknown ? nil : object
        }
        return self[index].disk.records[key].flatMap { try? Object(decoding: $0) }
    }

    /// The sweeper of a node looks at every record.
    func sweep(_ index: Int) {
        for key in self[index].disk.keys {
            post(.expiryFound(key), to: index, shard: sharding(of: index).shard(of: key.position))
        }
    }

    /// Elections that any node has started.
    var electionCount: Int {
        nodes.reduce(pastElections) { $0 + elections(of: $1.index) }
    }

    /// Those of the node's present life.
    func elections(of index: Int) -> Int {
        Int(status(of: index)?.elections ?? 0)
    }

    /// The nodes that should hold a key.
    func replicas(of key: ObjectKey) -> [Int] {
        replicas(of: sharding.partitioning.partition(of: key.position))
    }

    func replicas(of partition: PartitionID) -> [Int] {
        placement.replicas(of: partition).map { Int($0.rawValue) }
    }

    /// What the first replica of a key holds: what all hold once everything has settled.
    func settled(_ key: ObjectKey) -> Object? {
        replicas(of: key).first.flatMap { self[$0].disk.records[key] }
            .flatMap { try? Object(decoding: $0) }
    }

    /// What a node's disk has of a key, for people.
    func text(_ key: ObjectKey, on index: Int) -> String {
        let name = self[index].name
        guard let record = self[index].disk.records[key] else { return "\(name): nothing" }
        return "\(name): \(trace.names.text(record: record, key: key.bytes))"
    }
}
