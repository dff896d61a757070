internal import Essentials
internal import Placement

// The formats of keyspaces. On disk (inside the topology) and on the wire. Never reorder or reuse.
//
//     keyspaces:  count (varint), then the keyspaces, ascending by prefix
//     keyspace:   prefix (varint size and bytes), policy
//     policy:     field count (varint), then fields, ascending by tag
//     field:      tag (1), value
//                 1 r, 2 w, 3 pr, 4 pw, 5 dw    a quorum's code (1): see Quorum.swift
//
// Only what a keyspace says something about has a field. They have no version of their own: what
// contains them has. A later version of that may bring further tags. One that is not known is
// refused: whoever passed over a policy would break it.

extension Keyspaces {
    func encode(into bytes: inout [UInt8]) {
        bytes.appendVarint(UInt64(count))
        for keyspace in all {
            bytes.appendSized(keyspace.prefix)
            keyspace.quorums.encode(into: &bytes)
        }
    }

    /// Checks sizes only: see `defect` for the rest.
    init(from reader: inout ByteReader) throws(DecodingError) {
        let count = try reader.readCount(max: Self.countMax)
        var all: [Keyspace] = []
        for _ in 0..<count {
            let prefix = try reader.readSized(max: Keyspace.prefixSizeMax)
            all.append(Keyspace(prefix: prefix, quorums: try Quorums(from: &reader)))
        }
        self.init(ascending: all)
    }
}

extension Quorums {
    func encode(into bytes: inout [UInt8]) {
        let fields = Name.allCases.filter { self[$0] != nil }
        bytes.appendVarint(UInt64(fields.count))
        for name in fields {
            guard let quorum = self[name] else { continue }
            bytes.append(name.rawValue)
            bytes.append(quorum.code)
        }
    }

    init(from reader: inout ByteReader) throws(DecodingError) {
        self.init()
        var previous: UInt8 = 0
        for _ in 0..<(try reader.readCount(max: Name.allCases.count)) {
            let tag = try reader.readByte()
            guard tag > previous, let name = Name(rawValue: tag) else { throw .invalid("policy") }
            guard let quorum = Quorum(code: try reader.readByte()) else { throw .invalid("quorum") }
            self[name] = quorum
            previous = tag
        }
    }
}
