public import Essentials
internal import Placement

// The format of a topology. On disk and on the wire. Never reorder or reuse.
//
//     version (1) = 4, or 3 without lost members, or 2 without those and without keyspaces
//     cluster id (16)
//     epoch (8, big-endian)
//     n (1)
//     next number (2, big-endian)
//     flush stamp (8, big-endian)
//     member count (varint), then the members, ascending by number
//     version 3: keyspaces (see Keyspaces+Coding.swift)
//     version 4: count of lost members (varint), their numbers (2 each, big-endian), ascending
//     placement (see PlacementTable+Coding.swift), to the end
//
// A topology without keyspaces is written as version 2, so that members of the release before read
// it until the first keyspace is set. Version 1 has after n the number (2, big-endian) of the
// member that decided alone about changes, and is only read.
//
// A later version adds fields between the members and the placement and keeps the rest. A reader
// takes every version up to its own, with the default that the field's comment names for what an
// older one lacks; it refuses newer ones, since it cannot know what it would ignore.

extension Topology {
    static let version: UInt8 = 4
    private static let versionWithoutLost: UInt8 = 3
    private static let versionWithoutKeyspaces: UInt8 = 2

    /// The member that decided alone about changes, as written by the first release; nil in what
    /// later ones write.
    ///
    /// - Parameter bytes: an encoded topology.
    public static func soleAuthority(in bytes: [UInt8]) throws(DecodingError) -> NodeNumber? {
        var reader = ByteReader(bytes)
        guard try reader.readByte() == 1 else { return nil }
        try reader.skip(16 + 8 + 1)
        return NodeNumber(rawValue: try reader.readBigEndian())
    }

    public func encode(into bytes: inout [UInt8]) {
        let lost = members.filter(\.isLost)
        let version =
            !lost.isEmpty
            ? Self.version
            : keyspaces.isEmpty ? Self.versionWithoutKeyspaces : Self.versionWithoutLost
        bytes.append(version)
        clusterID.encode(into: &bytes)
        bytes.appendBigEndian(epoch)
        bytes.append(UInt8(n))
        bytes.appendBigEndian(nextNumber.rawValue)
        bytes.appendBigEndian(flushStamp)
        bytes.appendVarint(UInt64(members.count))
        for member in members { member.encode(into: &bytes) }
        if version >= 3 { keyspaces.encode(into: &bytes) }
        if version >= 4 {
            bytes.appendVarint(UInt64(lost.count))
            for member in lost { bytes.appendBigEndian(member.number.rawValue) }
        }
        placement.encode(into: &bytes)
    }

    /// Reads a topology and checks its invariants.
    public init(from reader: inout ByteReader) throws(DecodingError) {
        let version = try reader.readByte()
        guard (1...Self.version).contains(version) else { throw .unknownVersion(version) }
        let clusterID = try UniqueID(from: &reader)
        let epoch = try reader.readBigEndian(UInt64.self)
        let n = Int(try reader.readByte())
        if version == 1 { try reader.skip(2) }
        let nextNumber = NodeNumber(rawValue: try reader.readBigEndian())
        let flushStamp = try reader.readBigEndian(UInt64.self)
        let count = try reader.readCount(max: Self.membersMax)
        var members: [Member] = []
        for _ in 0..<count { members.append(try Member(from: &reader)) }
        let keyspaces = version >= 3 ? try Keyspaces(from: &reader) : Keyspaces()
        if version >= 4 { try Self.readLost(from: &reader, &members) }
        self.init(
            clusterID: clusterID, epoch: epoch, n: n, members: members, nextNumber: nextNumber,
            placement: try PlacementTable(from: &reader), flushStamp: flushStamp,
            keyspaces: keyspaces)
        if let defect { throw .invalid(defect) }
    }

    private static func readLost(
        from reader: inout ByteReader, _ members: inout [Member]
    ) throws(DecodingError) {
        for _ in 0..<(try reader.readCount(max: membersMax)) {
            let number = NodeNumber(rawValue: try reader.readBigEndian())
            guard let index = members.firstIndex(where: { $0.number == number }),
                !members[index].isLost
            else { throw .invalid("lost member") }
            members[index].isLost = true
        }
    }

    /// The first invariant that does not hold, in words.
    private var defect: String? {
        guard epoch > 0, epoch < .max else { return "epoch" }
        guard (1...PlacementTable.replicasMax).contains(n) else { return "n" }
        var previous: UInt16 = 0
        for (index, member) in members.enumerated() {
            guard member.number.rawValue > previous else { return "members not ascending" }
            previous = member.number.rawValue
            if let defect = member.description.defect { return defect }
            let earlier = members[..<index]
            guard !earlier.contains(where: { $0.id == member.id }) else { return "an id twice" }
        }
        guard nextNumber.rawValue > previous else { return "next number" }
        guard placement.replicaCount == min(n, members.count) else { return "replica count" }
        guard placement.members.allSatisfy({ member($0) != nil }) else {
            return "a replica is not a member"
        }
        return keyspaces.defect(n: n)
    }
}
