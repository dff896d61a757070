internal import Consensus
internal import Engine
internal import Essentials
internal import Membership
internal import Storage

// What a node knows of itself, in the meta family. On disk. Never reorder or reuse.
//
//     key "node-id"        16 bytes: the node's identifier, drawn once
//     key "topology"       the newest topology adopted (Topology+Coding)
//     key "epoch-ceiling"  u64 (big endian), ms: no actor epoch given out is greater
//     key "trust-horizon"  u64 (big endian), ms: as of the last clean stop
//     key "raft-ballot"    the latest term and vote (Consensus, Raft+Coding)
//     key "raft-snapshot"  the topology that was agreed on when the log began
//     key "raft-entry" u64 (big endian)  an entry of the log, by its index
//     key "life"           u64 (big endian): the number of the latest run
//     key "founding"       present: this directory may found a cluster, and has not yet
//     key "foreign-cluster" 16 bytes: the cluster whose members knew this node's address for one of
//                          theirs; present as long as this node must not serve a cluster of its own
//     key "unclean-starts" u64 (big endian): starts after a run that had not ended in order

/// Reads and writes the few records that a node keeps about itself. Blocks: at start, or on a
/// worker.
struct NodeFacts: Sendable {
    private static let nodeID = Array("node-id".utf8)
    private static let topology = Array("topology".utf8)
    private static let epochCeiling = Array("epoch-ceiling".utf8)
    private static let trustHorizon = Array("trust-horizon".utf8)
    private static let uncleanStarts = Array("unclean-starts".utf8)
    private static let life = Array("life".utf8)
    private static let founding = Array("founding".utf8)
    private static let foreignCluster = Array("foreign-cluster".utf8)
    private static let raftBallot = Array("raft-ballot".utf8)
    private static let raftSnapshot = Array("raft-snapshot".utf8)
    private static let raftEntry = Array("raft-entry".utf8)

    let storage: any StorageEngine

    /// This node's identifier; a new data directory gets one from `generator`.
    func nodeID(
        using generator: inout some RandomNumberGenerator
    ) throws(StorageError) -> UniqueID {
        if let found = try decode(
            Self.nodeID,
            { reader throws(DecodingError) in
                try UniqueID(from: &reader)
            })
        {
            return found
        }
        let drawn = UniqueID(using: &generator)
        var bytes: [UInt8] = []
        drawn.encode(into: &bytes)
        try put(Self.nodeID, bytes)
        return drawn
    }

    func topology() throws(StorageError) -> Topology? {
        try decode(Self.topology) { reader throws(DecodingError) in try Topology(from: &reader) }
    }

    func store(_ topology: Topology) throws(StorageError) {
        var bytes: [UInt8] = []
        topology.encode(into: &bytes)
        try put(Self.topology, bytes)
    }

    /// The member that decided alone, in a directory that the first release has written and no
    /// other since; else nil.
    func soleAuthority() throws(StorageError) -> NodeNumber? {
        guard case .found(let bytes) = try storage.read(Self.topology, from: .meta, mayBlock: true)
        else { return nil }
        do {
            return try Topology.soleAuthority(in: bytes)
        } catch {
            throw Self.undecodable(Self.topology, error)
        }
    }

    // MARK: What was agreed

    /// Nil in a directory that never had any: a new one, or the first release's.
    func consensus() throws(StorageError) -> RaftStored? {
        let snapshot = try decode(Self.raftSnapshot) { reader throws(DecodingError) in
            try RaftSnapshot(from: &reader)
        }
        guard let snapshot else { return nil }
        let ballot = try decode(Self.raftBallot) { reader throws(DecodingError) in
            try Ballot(from: &reader)
        }
        var entries: [RaftEntry] = []
        for key in try entryKeys() {
            let entry = try decode(key) { reader throws(DecodingError) in
                try RaftEntry(record: &reader)
            }
            if let entry { entries.append(entry) }
        }
        do {
            return try RaftStored(
                ballot: ballot ?? Ballot(), snapshot: snapshot, found: entries)
        } catch {
            throw Self.undecodable(Self.raftEntry, error)
        }
    }

    /// A node's first topology, and what it has agreed to until then: both or neither.
    func begin(_ topology: Topology, _ consensus: RaftStored) throws(StorageError) {
        var batch = WriteBatch()
        var bytes: [UInt8] = []
        topology.encode(into: &bytes)
        batch.put(Self.topology, bytes, in: .meta)
        batch.put(Self.raftBallot, consensus.ballot.encode(), in: .meta)
        batch.put(Self.raftSnapshot, consensus.snapshot.encode(), in: .meta)
        try write(batch)
    }

    /// Durable when this returns.
    func store(_ write: RaftWrite) throws(StorageError) {
        var batch = WriteBatch()
        if let ballot = write.ballot { batch.put(Self.raftBallot, ballot.encode(), in: .meta) }
        if write.removedFrom != nil || write.snapshot != nil {
            let first = Self.entryKey(write.removedFrom ?? .max)
            let last = Self.entryKey(write.snapshot?.position.index ?? 0)
            for key in try entryKeys()
            where !key.lexicographicallyPrecedes(first) || !last.lexicographicallyPrecedes(key) {
                batch.delete(key, in: .meta)
            }
        }
        if let snapshot = write.snapshot {
            batch.put(Self.raftSnapshot, snapshot.encode(), in: .meta)
        }
        for entry in write.appended {
            batch.put(Self.entryKey(entry.index), entry.encodeRecord(), in: .meta)
        }
        try self.write(batch)
    }

    private static func entryKey(_ index: UInt64) -> [UInt8] {
        var key = raftEntry
        key.appendBigEndian(index)
        return key
    }

    /// Keys of the log's entries that are on the disk, ascending.
    private func entryKeys() throws(StorageError) -> [[UInt8]] {
        var keys: [[UInt8]] = []
        _ = try storage.scan(
            .meta, from: Self.entryKey(0), to: Self.entryKey(.max), limits: .unlimited
        ) { key, _ in
            keys.append(key.indices.map { key[$0] })
            return true
        }
        return keys
    }

    func epochCeilingMs() throws(StorageError) -> UInt64 { try number(Self.epochCeiling) }

    func store(epochCeilingMs: UInt64) throws(StorageError) {
        try put(Self.epochCeiling, epochCeilingMs)
    }

    func trustHorizonMs() throws(StorageError) -> UInt64 { try number(Self.trustHorizon) }

    func store(trustHorizonMs: UInt64) throws(StorageError) {
        try put(Self.trustHorizon, trustHorizonMs)
    }

    func uncleanStarts() throws(StorageError) -> UInt64 { try number(Self.uncleanStarts) }

    func store(uncleanStarts: UInt64) throws(StorageError) {
        try put(Self.uncleanStarts, uncleanStarts)
    }

    func life() throws(StorageError) -> UInt64 { try number(Self.life) }

    func store(life: UInt64) throws(StorageError) { try put(Self.life, life) }

    func mayFound() throws(StorageError) -> Bool {
        try storage.read(Self.founding, from: .meta, mayBlock: true) != .absent
    }

    /// A directory that a first start has made, and in which a cluster may be founded, be it by a
    /// later start.
    func permitFounding() throws(StorageError) { try put(Self.founding, 1) }

    func endFounding() throws(StorageError) {
        guard try mayFound() else { return }
        var batch = WriteBatch()
        batch.delete(Self.founding, in: .meta)
        try write(batch)
    }

    func foreignCluster() throws(StorageError) -> UniqueID? {
        try decode(Self.foreignCluster) { reader throws(DecodingError) in
            try UniqueID(from: &reader)
        }
    }

    func store(foreignCluster: UniqueID?) throws(StorageError) {
        var batch = WriteBatch()
        var bytes: [UInt8] = []
        foreignCluster?.encode(into: &bytes)
        if bytes.isEmpty {
            batch.delete(Self.foreignCluster, in: .meta)
        } else {
            batch.put(Self.foreignCluster, bytes, in: .meta)
        }
        try write(batch)
    }

    /// Whether the directory holds anything that clients have written, for this node or for one
    /// that it stands in for.
    func holdsData() throws(StorageError) -> Bool {
        if try holdsAnything(in: .objects, from: []) { return true }
        return try holdsAnything(in: .hints, from: HintRecord.accountsEnd)
    }

    private func holdsAnything(
        in family: Family, from start: [UInt8]
    ) throws(StorageError) -> Bool {
        var isEmpty = true
        let limits = ScanLimits(entriesMax: 1, bytesMax: .max)
        _ = try storage.scan(family, from: start, to: nil, limits: limits) { _, _ in
            isEmpty = false
            return false
        }
        return !isEmpty
    }

    private func number(_ key: [UInt8]) throws(StorageError) -> UInt64 {
        try decode(key) { reader throws(DecodingError) in
            try reader.readBigEndian(UInt64.self)
        } ?? 0
    }

    private func put(_ key: [UInt8], _ number: UInt64) throws(StorageError) {
        var bytes: [UInt8] = []
        bytes.appendBigEndian(number)
        try put(key, bytes)
    }

    private func put(_ key: [UInt8], _ bytes: [UInt8]) throws(StorageError) {
        var batch = WriteBatch()
        batch.put(key, bytes, in: .meta)
        try write(batch)
    }

    private func write(_ batch: borrowing WriteBatch) throws(StorageError) {
        guard try storage.write(batch, mayStall: true) == .written else {
            throw .full(reason: "the disk has no room for the node's own records")
        }
        try storage.sync()
    }

    private func decode<Value>(
        _ key: [UInt8], _ decode: (inout ByteReader) throws(DecodingError) -> Value
    ) throws(StorageError) -> Value? {
        guard case .found(let bytes) = try storage.read(key, from: .meta, mayBlock: true) else {
            return nil
        }
        var reader = ByteReader(bytes)
        do {
            let value = try decode(&reader)
            try reader.finish()
            return value
        } catch {
            throw Self.undecodable(key, error)
        }
    }

    private static func undecodable(_ key: [UInt8], _ error: DecodingError) -> StorageError {
        let name = String(decoding: key.prefix { $0 >= 0x20 && $0 < 0x7F }, as: UTF8.self)
        return .corrupt(reason: "the record '\(name)' cannot be decoded: \(error)")
    }
}
