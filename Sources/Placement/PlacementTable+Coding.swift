public import Essentials

// The format of a placement table. On disk (inside the topology) and on the wire. Never reorder or
// reuse.
//
//     version (1) = 1
//     log2 of the partition count (1)
//     replicas of a partition (1)
//     node count (varint), then each node's number (2, big-endian), ascending
//     for each partition, for each place: index among these nodes
//         (1 byte where there are at most 256 nodes, else 2, big-endian)
//
// A reader takes every version up to its own and refuses newer ones.

extension PlacementTable {
    static let version: UInt8 = 1
    /// Up to here an index fits one byte.
    private static let narrowMax = 256

    public func encode(into bytes: inout [UInt8]) {
        let members = members
        bytes.append(Self.version)
        bytes.append(UInt8(partitioning.count.trailingZeroBitCount))
        bytes.append(UInt8(replicaCount))
        bytes.appendVarint(UInt64(members.count))
        let numberMax = Int(members.last?.rawValue ?? 0)
        var indices = [UInt16](repeating: 0, count: numberMax + 1)
        for (index, node) in members.enumerated() {
            bytes.appendBigEndian(node.rawValue)
            indices[Int(node.rawValue)] = UInt16(index)
        }
        for partition in partitioning.all {
            for node in replicas(of: partition) {
                let index = indices[Int(node.rawValue)]
                if members.count <= Self.narrowMax {
                    bytes.append(UInt8(index))
                } else {
                    bytes.appendBigEndian(index)
                }
            }
        }
    }

    public init(from reader: inout ByteReader) throws(DecodingError) {
        let version = try reader.readByte()
        guard version == Self.version else { throw .unknownVersion(version) }
        let bits = try reader.readByte()
        guard bits < 16, Partitioning.isValid(count: 1 << Int(bits)) else {
            throw .invalid("partition count")
        }
        let partitioning = Partitioning(count: 1 << Int(bits))
        let replicaCount = Int(try reader.readByte())
        guard (1...Self.replicasMax).contains(replicaCount) else { throw .invalid("replicas") }
        let members = try Self.readMembers(from: &reader)
        let isNarrow = members.count <= Self.narrowMax
        let total = partitioning.count * replicaCount
        guard reader.remaining >= (isNarrow ? total : 2 * total) else { throw .truncated }
        var nodes: [NodeNumber] = []
        nodes.reserveCapacity(total)
        for offset in 0..<total {
            let index =
                isNarrow ? Int(try reader.readByte()) : Int(try reader.readBigEndian(UInt16.self))
            guard index < members.count else { throw .invalid("node index") }
            let start = offset - offset % replicaCount
            guard !nodes[start...].contains(members[index]) else {
                throw .invalid("a node twice in one partition")
            }
            nodes.append(members[index])
        }
        self.init(partitioning: partitioning, replicaCount: replicaCount, nodes: nodes)
    }

    private static func readMembers(
        from reader: inout ByteReader
    ) throws(DecodingError) -> [NodeNumber] {
        let count = try reader.readCount(max: Int(UInt16.max) + 1)
        var members: [NodeNumber] = []
        members.reserveCapacity(count)
        for _ in 0..<count {
            let node = NodeNumber(rawValue: try reader.readBigEndian())
            if let last = members.last, last >= node { throw .invalid("nodes not ascending") }
            members.append(node)
        }
        return members
    }
}
