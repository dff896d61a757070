internal import Essentials
internal import Membership
internal import Storage

// What a node knows of itself, in the meta family. On disk. Never reorder or reuse.
//
//     key "node-id"        16 bytes: the node's identifier, drawn once
//     key "topology"       the newest topology adopted (Topology+Coding)
//     key "epoch-ceiling"  u64 (big endian), ms: no actor epoch given out is greater
//     key "trust-horizon"  u64 (big endian), ms: as of the last clean stop
//     key "unclean-starts" u64 (big endian): starts after a run that had not ended in order

/// Reads and writes the few records that a node keeps about itself. Blocks: at start, or on a
/// worker.
struct NodeFacts: Sendable {
    private static let nodeID = Array("node-id".utf8)
    private static let topology = Array("topology".utf8)
    private static let epochCeiling = Array("epoch-ceiling".utf8)
    private static let trustHorizon = Array("trust-horizon".utf8)
    private static let uncleanStarts = Array("unclean-starts".utf8)

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

    /// Whether the directory holds anything that clients have written.
    func holdsData() throws(StorageError) -> Bool {
        var isEmpty = true
        let limits = ScanLimits(entriesMax: 1, bytesMax: .max)
        _ = try storage.scan(.objects, from: [], to: nil, limits: limits) { _, _ in
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
            let name = String(decoding: key, as: UTF8.self)
            throw .corrupt(reason: "the record '\(name)' cannot be decoded: \(error)")
        }
    }
}
