public import Essentials

// The formats of Raft: messages on the wire, records on disk. Never reorder or reuse kinds.
// Integers are varints unless a width is given; a list is its length, then its elements.
//
//     message     version (1) = 1, kind (1; more by 128 where the sender is not sure of its
//                 past), term, then
//       1 vote request  last, election (1)
//       2 vote          granted (1), election (1)
//       3 append        previous, commit index, entries
//       4 appended      match index
//       5 mismatched    previous index, hint
//       6 chunk         position, size, offset, bytes
//       7 chunk taken   index, offset
//       8 take over
//       9 position request  inquiry
//       10 position         inquiry, position
//     position    index, term
//     entry       position, kind (1): 0 nothing, 1 command (bytes), 2 electorate,
//                 3 command (bytes) and electorate
//     electorate  voters, learners (each node 2 bytes, big-endian)
//     snapshot    version (1) = 1, position, electorate, state (bytes)
//     ballot      version (1) = 1, or 2 where the node is not sure of it; term, vote (2,
//                 big-endian), 0 for none
//     entry record  version (1) = 1, entry

private let version: UInt8 = 1
/// The mark of a message whose sender is not sure of its past.
private let unsure: UInt8 = 0x80
/// The version of a ballot that its node is not sure of.
private let unsureVersion: UInt8 = 2

extension RaftMessage {
    public func encode(into bytes: inout [UInt8]) {
        bytes.append(version)
        bytes.append(isSure ? kindNumber : kindNumber | unsure)
        bytes.appendVarint(term)
        switch kind {
        case .voteRequest(let last, let election):
            last.encode(into: &bytes)
            bytes.append(election.rawValue)
        case .vote(let isGranted, let election):
            bytes.append(isGranted ? 1 : 0)
            bytes.append(election.rawValue)
        case .append(let previous, let commitIndex, let entries):
            previous.encode(into: &bytes)
            bytes.appendVarint(commitIndex)
            bytes.appendVarint(UInt64(entries.count))
            for entry in entries { entry.encode(into: &bytes) }
        case .appended(let matchIndex): bytes.appendVarint(matchIndex)
        case .mismatched(let previousIndex, let hint):
            bytes.appendVarint(previousIndex)
            bytes.appendVarint(hint)
        case .chunk(let position, let size, let offset, let part):
            position.encode(into: &bytes)
            bytes.appendVarint(UInt64(size))
            bytes.appendVarint(UInt64(offset))
            bytes.appendSized(part)
        case .chunkTaken(let index, let offset):
            bytes.appendVarint(index)
            bytes.appendVarint(UInt64(offset))
        case .takeOver: break
        case .positionRequest(let inquiry): bytes.appendVarint(inquiry)
        case .position(let last, let inquiry):
            bytes.appendVarint(inquiry)
            last.encode(into: &bytes)
        }
    }

    private var kindNumber: UInt8 {
        switch kind {
        case .voteRequest: 1
        case .vote: 2
        case .append: 3
        case .appended: 4
        case .mismatched: 5
        case .chunk: 6
        case .chunkTaken: 7
        case .takeOver: 8
        case .positionRequest: 9
        case .position: 10
        }
    }

    public init(from reader: inout ByteReader) throws(DecodingError) {
        try checkVersion(&reader)
        let number = try reader.readByte()
        let term = try reader.readCounter()
        self.init(
            term: term, try Self.kind(number & ~unsure, from: &reader),
            isSure: number & unsure == 0)
    }

    private static func kind(
        _ number: UInt8, from reader: inout ByteReader
    ) throws(DecodingError) -> Kind {
        switch number {
        case 1:
            let last = try LogPosition(from: &reader)
            return .voteRequest(last: last, try Election(from: &reader))
        case 2:
            let isGranted = try reader.readByte() == 1
            return .vote(isGranted: isGranted, try Election(from: &reader))
        case 3:
            let previous = try LogPosition(from: &reader)
            let commitIndex = try reader.readVarint()
            let entries = try entries(after: previous, from: &reader)
            return .append(previous: previous, commitIndex: commitIndex, entries)
        case 4: return .appended(matchIndex: try reader.readVarint())
        case 5:
            let previousIndex = try reader.readVarint()
            let hint = try reader.readVarint()
            return .mismatched(previousIndex: previousIndex, hint: hint)
        case 6: return try chunk(from: &reader)
        case 7:
            let index = try reader.readVarint()
            let offset = try reader.readSize(max: RaftSnapshot.encodedSizeMax)
            return .chunkTaken(index: index, offset: offset)
        case 8: return .takeOver
        case 9: return .positionRequest(inquiry: try reader.readVarint())
        case 10:
            let inquiry = try reader.readVarint()
            return .position(try LogPosition(from: &reader), inquiry: inquiry)
        default: throw .invalid("Raft message kind \(number)")
        }
    }

    private static func entries(
        after previous: LogPosition, from reader: inout ByteReader
    ) throws(DecodingError) -> [RaftEntry] {
        let count = try reader.readCount(max: RaftLimits.messageEntriesMax)
        var last = previous
        var entries: [RaftEntry] = []
        for _ in 0..<count {
            let entry = try RaftEntry(from: &reader)
            guard entry.index > 0, entry.index - 1 == last.index, entry.term >= last.term else {
                throw .invalid("entries out of order")
            }
            last = entry.position
            entries.append(entry)
        }
        return entries
    }

    private static func chunk(from reader: inout ByteReader) throws(DecodingError) -> Kind {
        let position = try LogPosition(from: &reader)
        let size = try reader.readSize(max: RaftSnapshot.encodedSizeMax)
        let offset = try reader.readSize(max: size)
        let part = try reader.readSized(max: size - offset)
        return .chunk(position, size: size, offset: offset, part)
    }
}

extension RaftMessage.Election {
    fileprivate init(from reader: inout ByteReader) throws(DecodingError) {
        guard let election = Self(rawValue: try reader.readByte()) else {
            throw .invalid("election")
        }
        self = election
    }
}

extension LogPosition {
    fileprivate func encode(into bytes: inout [UInt8]) {
        bytes.appendVarint(index)
        bytes.appendVarint(term)
    }

    fileprivate init(from reader: inout ByteReader) throws(DecodingError) {
        let index = try reader.readCounter()
        self.init(index: index, term: try reader.readCounter())
    }
}

extension RaftEntry {
    /// The record of an entry on disk.
    public func encodeRecord() -> [UInt8] {
        var bytes = [version]
        encode(into: &bytes)
        return bytes
    }

    public init(record reader: inout ByteReader) throws(DecodingError) {
        try checkVersion(&reader)
        try self.init(from: &reader)
    }

    fileprivate func encode(into bytes: inout [UInt8]) {
        position.encode(into: &bytes)
        switch payload {
        case .nothing: bytes.append(0)
        case .command(let command):
            bytes.append(1)
            bytes.appendSized(command)
        case .electorate(let electorate):
            bytes.append(2)
            electorate.encode(into: &bytes)
        case .commandWithElectorate(let command, let electorate):
            bytes.append(3)
            bytes.appendSized(command)
            electorate.encode(into: &bytes)
        }
    }

    fileprivate init(from reader: inout ByteReader) throws(DecodingError) {
        let position = try LogPosition(from: &reader)
        switch try reader.readByte() {
        case 0: self.init(position: position, payload: .nothing)
        case 1:
            let command = try reader.readSized(max: RaftLimits.commandSizeMax)
            self.init(position: position, payload: .command(command))
        case 2:
            self.init(position: position, payload: .electorate(try Electorate(from: &reader)))
        case 3:
            let command = try reader.readSized(max: RaftLimits.commandSizeMax)
            let electorate = try Electorate(from: &reader)
            self.init(position: position, payload: .commandWithElectorate(command, electorate))
        case let kind: throw .invalid("entry kind \(kind)")
        }
    }
}

extension Electorate {
    fileprivate func encode(into bytes: inout [UInt8]) {
        for nodes in [voters, learners] {
            bytes.appendVarint(UInt64(nodes.count))
            for node in nodes { bytes.appendBigEndian(node.rawValue) }
        }
    }

    fileprivate init(from reader: inout ByteReader) throws(DecodingError) {
        let voters = try Self.nodes(from: &reader)
        let learners = try Self.nodes(from: &reader)
        self.init(voters: voters, learners: learners)
        guard self.voters == voters, self.learners == learners else {
            throw .invalid("electorate out of order")
        }
    }

    private static func nodes(from reader: inout ByteReader) throws(DecodingError) -> [NodeNumber] {
        let count = try reader.readCount(max: nodesMax)
        var nodes: [NodeNumber] = []
        for _ in 0..<count { nodes.append(NodeNumber(rawValue: try reader.readBigEndian())) }
        return nodes
    }
}

extension RaftSnapshot {
    /// State, position, and an electorate of all the numbers there are.
    static let encodedSizeMax = RaftLimits.stateSizeMax + 64 + 2 * Electorate.nodesMax

    public func encode() -> [UInt8] {
        var bytes = [version]
        position.encode(into: &bytes)
        electorate.encode(into: &bytes)
        bytes.appendSized(state)
        return bytes
    }

    public init(from reader: inout ByteReader) throws(DecodingError) {
        try checkVersion(&reader)
        let position = try LogPosition(from: &reader)
        let electorate = try Electorate(from: &reader)
        let state = try reader.readSized(max: RaftLimits.stateSizeMax)
        self.init(position: position, electorate: electorate, state: state)
    }
}

extension Ballot {
    public func encode() -> [UInt8] {
        var bytes = [isCertain ? version : unsureVersion]
        bytes.appendVarint(term)
        bytes.appendBigEndian(vote?.rawValue ?? 0)
        return bytes
    }

    public init(from reader: inout ByteReader) throws(DecodingError) {
        let found = try reader.readByte()
        guard found == version || found == unsureVersion else { throw .unknownVersion(found) }
        let term = try reader.readCounter()
        let vote = NodeNumber(rawValue: try reader.readBigEndian())
        self.init(term: term, vote: vote.rawValue == 0 ? nil : vote)
        isCertain = found == version
    }
}

extension ByteReader {
    /// Reads a term or an index: adding one never overflows, whatever a peer sends.
    fileprivate mutating func readCounter() throws(DecodingError) -> UInt64 {
        let value = try readVarint()
        guard value <= .max / 2 else { throw .invalid("term or index out of bounds") }
        return value
    }

    /// Reads a varint that is a size of something not in this message.
    fileprivate mutating func readSize(max: Int) throws(DecodingError) -> Int {
        let value = try readVarint()
        guard value <= UInt64(max) else { throw .invalid("size out of bounds") }
        return Int(value)
    }
}

private func checkVersion(_ reader: inout ByteReader) throws(DecodingError) {
    let found = try reader.readByte()
    guard found == version else { throw .unknownVersion(found) }
}
