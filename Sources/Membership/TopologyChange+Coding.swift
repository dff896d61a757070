public import Essentials
internal import Placement

// The format of a proposed change. On the wire. Never reorder or reuse.
//
//     version (1) = 1
//     kind (1)
//     1 join             description
//     2 update addresses id (16), addresses
//     3 flush            stamp (8, big-endian)
//     4 leave            id (16)
//     5 weigh            id (16), weight (varint)
//     6 set keyspace     prefix (varint size and bytes), policy (see Keyspaces+Coding.swift)
//     7 unset keyspace   prefix
//     8 forget           count (varint), ids (16 each)

extension TopologyChange {
    static let version: UInt8 = 1

    private enum Kind: UInt8 {
        case join = 1
        case updateAddresses = 2
        case flush = 3
        case leave = 4
        case weigh = 5
        case setKeyspace = 6
        case unsetKeyspace = 7
        case forget = 8
    }

    public func encode(into bytes: inout [UInt8]) {
        bytes.append(Self.version)
        switch self {
        case .join(let description):
            bytes.append(Kind.join.rawValue)
            description.encode(into: &bytes)
        case .updateAddresses(let id, let addresses):
            bytes.append(Kind.updateAddresses.rawValue)
            id.encode(into: &bytes)
            addresses.encode(into: &bytes)
        case .flush(let stamp):
            bytes.append(Kind.flush.rawValue)
            bytes.appendBigEndian(stamp)
        case .leave(let id):
            bytes.append(Kind.leave.rawValue)
            id.encode(into: &bytes)
        case .weigh(let id, let weight):
            bytes.append(Kind.weigh.rawValue)
            id.encode(into: &bytes)
            bytes.appendVarint(UInt64(weight))
        case .setKeyspace(let prefix, let quorums):
            bytes.append(Kind.setKeyspace.rawValue)
            bytes.appendSized(prefix)
            quorums.encode(into: &bytes)
        case .unsetKeyspace(let prefix):
            bytes.append(Kind.unsetKeyspace.rawValue)
            bytes.appendSized(prefix)
        case .forget(let ids):
            bytes.append(Kind.forget.rawValue)
            bytes.appendVarint(UInt64(ids.count))
            for id in ids { id.encode(into: &bytes) }
        }
    }

    public init(from reader: inout ByteReader) throws(DecodingError) {
        let version = try reader.readByte()
        guard version == Self.version else { throw .unknownVersion(version) }
        guard let kind = Kind(rawValue: try reader.readByte()) else { throw .invalid("change") }
        switch kind {
        case .join: self = .join(try MemberDescription(from: &reader))
        case .updateAddresses:
            let id = try UniqueID(from: &reader)
            self = .updateAddresses(id, try MemberAddresses(from: &reader))
        case .flush: self = .flush(stamp: try reader.readBigEndian())
        case .leave: self = .leave(try UniqueID(from: &reader))
        case .weigh:
            let id = try UniqueID(from: &reader)
            let weight = try reader.readVarint()
            guard weight <= UInt64(MemberDescription.weightRange.upperBound) else {
                throw .invalid("weight")
            }
            self = .weigh(id, weight: Int(weight))
        case .setKeyspace:
            let prefix = try reader.readSized(max: Keyspace.prefixSizeMax)
            self = .setKeyspace(prefix: prefix, try Quorums(from: &reader))
        case .unsetKeyspace:
            self = .unsetKeyspace(prefix: try reader.readSized(max: Keyspace.prefixSizeMax))
        case .forget:
            var ids: [UniqueID] = []
            for _ in 0..<(try reader.readCount(max: Self.forgottenMax)) {
                ids.append(try UniqueID(from: &reader))
            }
            self = .forget(ids)
        }
    }
}
