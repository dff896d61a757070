internal import Engine
internal import Objects

/// What a test looks at, past all messages.
extension Cluster {
    /// The newest state of a key at a node: in its cache, or else on its disk.
    func held(_ key: ObjectKey, by index: Int) -> Object? {
        let shard = sharding.shard(of: key.position)
        if let object = self[index].process?.shards[shard].plane.cached(key) {
            return object.isUnknown ? nil : object
        }
        return self[index].disk.records[key].flatMap { try? Object(decoding: $0) }
    }

    /// The sweeper of a node looks at every record.
    func sweep(_ index: Int) {
        for key in self[index].disk.keys {
            post(.expiryFound(key), to: index, shard: sharding.shard(of: key.position))
        }
    }
}
