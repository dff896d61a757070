public import Essentials

// The formats of members. On disk (inside the topology) and on the wire. Never reorder or reuse.
//
//     addresses:    peer, client, admin (each a varint size and UTF-8)
//     description:  id (16), addresses, zone (varint size and UTF-8), weight (varint)
//     member:       number (2, big-endian), description
//
// They have no version of their own: what contains them has.

extension MemberAddresses {
    public func encode(into bytes: inout [UInt8]) {
        for address in all { bytes.appendSized(address) }
    }

    public init(from reader: inout ByteReader) throws(DecodingError) {
        let peer = try reader.readSizedString(max: Self.sizeMax)
        let client = try reader.readSizedString(max: Self.sizeMax)
        let admin = try reader.readSizedString(max: Self.sizeMax)
        self.init(peer: peer, client: client, admin: admin)
    }
}

extension MemberDescription {
    public func encode(into bytes: inout [UInt8]) {
        id.encode(into: &bytes)
        addresses.encode(into: &bytes)
        bytes.appendSized(zone)
        bytes.appendVarint(UInt64(weight))
    }

    /// Checks sizes only: see `defect` for the rest.
    public init(from reader: inout ByteReader) throws(DecodingError) {
        let id = try UniqueID(from: &reader)
        let addresses = try MemberAddresses(from: &reader)
        let zone = try reader.readSizedString(max: Self.zoneSizeMax)
        let weight = try reader.readVarint()
        guard weight <= UInt64(Self.weightRange.upperBound) else { throw .invalid("weight") }
        self.init(id: id, addresses: addresses, zone: zone, weight: Int(weight))
    }
}

extension Member {
    func encode(into bytes: inout [UInt8]) {
        bytes.appendBigEndian(number.rawValue)
        description.encode(into: &bytes)
    }

    init(from reader: inout ByteReader) throws(DecodingError) {
        let number = NodeNumber(rawValue: try reader.readBigEndian())
        self.init(number: number, description: try MemberDescription(from: &reader))
    }
}
