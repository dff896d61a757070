public import Consensus
public import Essentials
public import Membership

/// What control planes say to each other.
///
/// On the wire, inside `PeerMessage.control`. Never reorder or reuse the kinds.
///
///     u8  kind, then
///     1 join request       varint proposal, member description
///     2 (was join redirect; nodes pass requests on to the leader instead)
///     3 propose            varint proposal, change
///     4 accepted           varint proposal, topology
///     5 refused            varint proposal, reason (varint length, UTF-8)
///     6 prepare            varint epoch, varint attempt
///     7 prepared           varint epoch, varint attempt, u8 is empty
///     8 release            varint epoch, varint attempt
///     9 topology           topology
///     10 adopted           varint epoch
///     11 fetch
///     12 detector          failure detector's message
///     13 consensus         Raft message
///     14 refused for now   varint proposal, reason: asking again may help
///     15 addresses         varint count, then for each: u16 node (big-endian), addresses
///     16 survey            varint proposal, varint count, lost nodes (u16 each, big-endian)
///     17 surveyed          varint proposal, obstacle (varint length, UTF-8), varint term, varint
///                          index and term of the last entry, topology
///     18 clock             clocks' message
public enum ControlMessage: Sendable, Equatable {
    case joinRequest(ProposalID, MemberDescription)
    case propose(ProposalID, TopologyChange)
    case accepted(ProposalID, Topology)
    case refused(ProposalID, reason: String, isFinal: Bool = true)
    case prepare(Preparation)
    case prepared(Preparation, isEmpty: Bool)
    case release(Preparation)
    case topology(Topology)
    case adopted(epoch: UInt64)
    case fetch
    /// Not for the control plane: failure detectors talk past it.
    case detector(DetectorMessage)
    case consensus(RaftMessage)
    /// Not for the control plane: where members say that they are. See `AddressBook`.
    case addresses([AddressNotice])
    /// Tell what you know of the log: an admin wants to go on without these nodes.
    case survey(ProposalID, lost: [NodeNumber])
    case surveyed(ProposalID, LogSurvey)

    /// Not for the control plane either: what members' clocks say.
    case clock(ClockMessage)

    private static let consensusKind: UInt8 = 13
    private static let clockKind: UInt8 = 18
    private static let reasonSizeMax = 1024

    public func encoded() -> [UInt8] {
        var bytes: [UInt8] = []
        switch self {
        case .joinRequest(let id, let description):
            bytes.append(1)
            bytes.appendVarint(id.rawValue)
            description.encode(into: &bytes)
        case .propose(let id, let change):
            bytes.append(3)
            bytes.appendVarint(id.rawValue)
            change.encode(into: &bytes)
        case .accepted(let id, let topology):
            bytes.append(4)
            bytes.appendVarint(id.rawValue)
            topology.encode(into: &bytes)
        case .refused(let id, let reason, let isFinal):
            bytes.append(isFinal ? 5 : 14)
            bytes.appendVarint(id.rawValue)
            bytes.appendSized(String(reason.prefix(Self.reasonSizeMax / 4)))
        case .prepare(let preparation): Self.encode(6, preparation, into: &bytes)
        case .prepared(let preparation, let isEmpty):
            Self.encode(7, preparation, into: &bytes)
            bytes.append(isEmpty ? 1 : 0)
        case .release(let preparation): Self.encode(8, preparation, into: &bytes)
        case .topology(let topology):
            bytes.append(9)
            topology.encode(into: &bytes)
        case .adopted(let epoch):
            bytes.append(10)
            bytes.appendVarint(epoch)
        case .fetch: bytes.append(11)
        case .detector(let message):
            bytes.append(12)
            message.encode(into: &bytes)
        case .consensus(let message):
            bytes.append(Self.consensusKind)
            message.encode(into: &bytes)
        case .clock(let message):
            bytes.append(Self.clockKind)
            message.encode(into: &bytes)
        case .addresses(let notices):
            bytes.append(15)
            bytes.appendVarint(UInt64(notices.count))
            for notice in notices {
                bytes.appendBigEndian(notice.node.rawValue)
                notice.addresses.encode(into: &bytes)
            }
        case .survey(let id, let lost):
            bytes.append(16)
            bytes.appendVarint(id.rawValue)
            bytes.appendVarint(UInt64(lost.count))
            for node in lost { bytes.appendBigEndian(node.rawValue) }
        case .surveyed(let id, let survey):
            bytes.append(17)
            bytes.appendVarint(id.rawValue)
            survey.encode(into: &bytes)
        }
        return bytes
    }

    /// Whether an encoded message is one of the log: there are many, and traces leave them out.
    public static func isConsensus(_ bytes: [UInt8]) -> Bool { bytes.first == consensusKind }

    /// The same of what clocks say.
    public static func isClock(_ bytes: [UInt8]) -> Bool { bytes.first == clockKind }

    public init(decoding bytes: [UInt8]) throws(DecodingError) {
        var reader = ByteReader(bytes)
        switch try reader.readByte() {
        case 1:
            let id = ProposalID(rawValue: try reader.readVarint())
            self = .joinRequest(id, try MemberDescription(from: &reader))
        case 3:
            let id = ProposalID(rawValue: try reader.readVarint())
            self = .propose(id, try TopologyChange(from: &reader))
        case 4:
            let id = ProposalID(rawValue: try reader.readVarint())
            self = .accepted(id, try Topology(from: &reader))
        case let kind where kind == 5 || kind == 14:
            let id = ProposalID(rawValue: try reader.readVarint())
            let reason = try reader.readSizedString(max: Self.reasonSizeMax)
            self = .refused(id, reason: reason, isFinal: kind == 5)
        case 6: self = .prepare(try Self.preparation(from: &reader))
        case 7:
            let preparation = try Self.preparation(from: &reader)
            self = .prepared(preparation, isEmpty: try reader.readByte() == 1)
        case 8: self = .release(try Self.preparation(from: &reader))
        case 9: self = .topology(try Topology(from: &reader))
        case 10: self = .adopted(epoch: try reader.readVarint())
        case 11: self = .fetch
        case 12: self = .detector(try DetectorMessage(from: &reader))
        case Self.consensusKind: self = .consensus(try RaftMessage(from: &reader))
        case Self.clockKind: self = .clock(try ClockMessage(from: &reader))
        case 15:
            let count = try reader.readCount(max: AddressBook.noticesPerMessageMax)
            var notices: [AddressNotice] = []
            for _ in 0..<count {
                let node = NodeNumber(rawValue: try reader.readBigEndian())
                let addresses = try MemberAddresses(from: &reader)
                notices.append(AddressNotice(node: node, addresses: addresses))
            }
            self = .addresses(notices)
        case 16:
            let id = ProposalID(rawValue: try reader.readVarint())
            var lost: [NodeNumber] = []
            for _ in 0..<(try reader.readCount(max: Topology.membersMax)) {
                lost.append(NodeNumber(rawValue: try reader.readBigEndian()))
            }
            self = .survey(id, lost: lost)
        case 17:
            let id = ProposalID(rawValue: try reader.readVarint())
            self = .surveyed(id, try LogSurvey(from: &reader))
        case let kind: throw .invalid("control message kind \(kind)")
        }
        try reader.finish()
    }

    private static func encode(
        _ kind: UInt8, _ preparation: Preparation, into bytes: inout [UInt8]
    ) {
        bytes.append(kind)
        bytes.appendVarint(preparation.epoch)
        bytes.appendVarint(preparation.attempt)
    }

    private static func preparation(
        from reader: inout ByteReader
    ) throws(DecodingError) -> Preparation {
        let epoch = try reader.readVarint()
        return Preparation(epoch: epoch, attempt: try reader.readVarint())
    }
}

extension LogSurvey {
    private static let obstacleSizeMax = 1024

    fileprivate func encode(into bytes: inout [UInt8]) {
        bytes.appendSized(String(obstacle.prefix(Self.obstacleSizeMax / 4)))
        bytes.appendVarint(term)
        bytes.appendVarint(last.index)
        bytes.appendVarint(last.term)
        topology.encode(into: &bytes)
    }

    fileprivate init(from reader: inout ByteReader) throws(DecodingError) {
        let obstacle = try reader.readSizedString(max: Self.obstacleSizeMax)
        let term = try reader.readVarint()
        let index = try reader.readVarint()
        let last = LogPosition(index: index, term: try reader.readVarint())
        self.init(
            obstacle: obstacle, term: term, last: last, topology: try Topology(from: &reader))
    }
}
