public import Essentials

// The format of failure detectors' messages. On the wire, inside a control message. Never reorder
// or reuse.
//
//     message:  u8 version (1), u8 kind, u8 flags, varint incarnation, body, rumours
//     flags:    bit 0: shards of the sender stand still; others: 0, and not looked at
//     body:     1 ping          varint number
//               2 ack           varint number
//               3 ping request  varint number, varint target
//               4 nack          varint number
//               5 sync          rumours
//               6 synced        rumours
//               7 view request  varint number
//               8 view          varint number, rumours
//               9 news
//     rumours:  varint count, then for each
//               varint subject, u8 liveness (0 alive, 1 suspect, 2 dead), varint incarnation,
//               of suspects: varint accuser

extension DetectorMessage {
    private static let version: UInt8 = 1
    private static let stalledFlag: UInt8 = 1

    public func encode(into bytes: inout [UInt8]) {
        bytes.append(Self.version)
        bytes.append(kind)
        bytes.append(isStalled ? Self.stalledFlag : 0)
        bytes.appendVarint(incarnation)
        switch body {
        case .ping(let number), .ack(let number), .nack(let number), .viewRequest(let number):
            bytes.appendVarint(number)
        case .pingRequest(let number, let target):
            bytes.appendVarint(number)
            bytes.appendVarint(UInt64(target.rawValue))
        case .sync(let states), .synced(let states):
            Self.encode(states.prefix(Self.statesMax), into: &bytes)
        case .view(let number, let states):
            bytes.appendVarint(number)
            Self.encode(states.prefix(Self.statesMax), into: &bytes)
        case .news: break
        }
        Self.encode(rumours.prefix(Self.rumoursMax), into: &bytes)
    }

    private var kind: UInt8 {
        switch body {
        case .ping: 1
        case .ack: 2
        case .pingRequest: 3
        case .nack: 4
        case .sync: 5
        case .synced: 6
        case .viewRequest: 7
        case .view: 8
        case .news: 9
        }
    }

    private static func encode(_ rumours: ArraySlice<Rumour>, into bytes: inout [UInt8]) {
        bytes.appendVarint(UInt64(rumours.count))
        for rumour in rumours {
            bytes.appendVarint(UInt64(rumour.subject.rawValue))
            bytes.append(rumour.liveness.rawValue)
            bytes.appendVarint(rumour.incarnation)
            guard rumour.liveness == .suspect else { continue }
            bytes.appendVarint(UInt64(rumour.accuser.rawValue))
        }
    }

    /// Reads a message to the end of the bytes.
    public init(from reader: inout ByteReader) throws(DecodingError) {
        let version = try reader.readByte()
        guard version == Self.version else { throw .unknownVersion(version) }
        let kind = try reader.readByte()
        let flags = try reader.readByte()
        let incarnation = try Self.incarnation(from: &reader)
        let body: Body
        switch kind {
        case 1: body = .ping(try reader.readVarint())
        case 2: body = .ack(try reader.readVarint())
        case 3:
            let number = try reader.readVarint()
            body = .pingRequest(number, target: try Self.node(from: &reader))
        case 4: body = .nack(try reader.readVarint())
        case 5: body = .sync(try Self.rumours(from: &reader, max: Self.statesMax))
        case 6: body = .synced(try Self.rumours(from: &reader, max: Self.statesMax))
        case 7: body = .viewRequest(try reader.readVarint())
        case 8:
            let number = try reader.readVarint()
            body = .view(number, try Self.rumours(from: &reader, max: Self.statesMax))
        case 9: body = .news
        default: throw .invalid("failure detector's message kind \(kind)")
        }
        self.init(
            body, incarnation: incarnation, isStalled: flags & Self.stalledFlag != 0,
            rumours: try Self.rumours(from: &reader, max: Self.rumoursMax))
    }

    private static func rumours(
        from reader: inout ByteReader, max: Int
    ) throws(DecodingError) -> [Rumour] {
        let count = try reader.readCount(max: max)
        var rumours: [Rumour] = []
        rumours.reserveCapacity(count)
        for _ in 0..<count {
            let subject = try node(from: &reader)
            guard let liveness = Liveness(rawValue: try reader.readByte()) else {
                throw .invalid("liveness")
            }
            let incarnation = try incarnation(from: &reader)
            let accuser = liveness == .suspect ? try node(from: &reader) : subject
            rumours.append(
                Rumour(subject, liveness, incarnation: incarnation, accuser: accuser))
        }
        return rumours
    }

    private static func node(from reader: inout ByteReader) throws(DecodingError) -> NodeNumber {
        guard let number = UInt16(exactly: try reader.readVarint()) else {
            throw .invalid("node number")
        }
        return NodeNumber(rawValue: number)
    }

    private static func incarnation(
        from reader: inout ByteReader
    ) throws(DecodingError) -> UInt64 {
        let incarnation = try reader.readVarint()
        guard incarnation <= incarnationMax else { throw .invalid("incarnation") }
        return incarnation
    }
}
