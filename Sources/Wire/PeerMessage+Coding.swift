public import Essentials

// On the wire. Never reorder or reuse. Each message is a kind byte and its fields; `id` is a
// varint, a key is its position (u64, little endian) and its bytes (varint length first). Writes
// and checks have the sender's patience in ms after the id (varint; 2^32 - 1: unlimited). Flags are
// bits of one byte, in the order in which `PeerMessage` names them.

private enum Kind {
    static let write: UInt8 = 1
    static let check: UInt8 = 2
    static let forward: UInt8 = 3
    static let execute: UInt8 = 4
    static let hint: UInt8 = 8
    static let handoff: UInt8 = 9
    static let hintsWanted: UInt8 = 10
    static let epochWanted: UInt8 = 16
    static let wrote: UInt8 = 33
    static let same: UInt8 = 34
    static let differs: UInt8 = 35
    static let forwarded: UInt8 = 36
    static let refused: UInt8 = 37
    static let executed: UInt8 = 38
    static let wroteBeside: UInt8 = 39
    static let handedOver: UInt8 = 40
    static let hintsKept: UInt8 = 41
    static let epochTold: UInt8 = 48
    static let control: UInt8 = 64
}

extension PeerMessage {
    /// Keys of clients are bounded to the same size.
    public static let keySizeMax = 64 << 10

    func encode(into bytes: inout [UInt8]) {
        switch self {
        case .write(
            let id, let key, let wantsDurability, let record, let patienceMs, let wantsUncovered):
            bytes.append(Kind.write)
            bytes.appendVarint(id)
            bytes.appendVarint(UInt64(patienceMs))
            key.encode(into: &bytes)
            bytes.append((wantsDurability ? 1 : 0) | (wantsUncovered ? 2 : 0))
            bytes.appendSized(record)
        case .hint, .handoff, .handedOver, .hintsWanted, .hintsKept: encodeHint(into: &bytes)
        case .check(let id, let key, let fingerprint, let patienceMs):
            bytes.append(Kind.check)
            bytes.appendVarint(id)
            bytes.appendVarint(UInt64(patienceMs))
            key.encode(into: &bytes)
            bytes.appendLittleEndian(fingerprint)
        case .forward(let id, let consistency, let arguments):
            bytes.append(Kind.forward)
            bytes.appendVarint(id)
            consistency.encode(into: &bytes)
            Self.encode(arguments, into: &bytes)
        case .execute(let id, let arguments):
            bytes.append(Kind.execute)
            bytes.appendVarint(id)
            Self.encode(arguments, into: &bytes)
        case .wrote(let id, let isDurable):
            bytes.append(Kind.wrote)
            bytes.appendVarint(id)
            bytes.append(isDurable ? 1 : 0)
        case .wroteBeside(let id, let isDurable, let wasKnown, let record):
            bytes.append(Kind.wroteBeside)
            bytes.appendVarint(id)
            bytes.append((isDurable ? 1 : 0) | (wasKnown ? 2 : 0))
            bytes.appendSized(record)
        case .same(let id):
            bytes.append(Kind.same)
            bytes.appendVarint(id)
        case .differs(let id, let record):
            bytes.append(Kind.differs)
            bytes.appendVarint(id)
            bytes.appendSized(record)
        case .forwarded(let id, let reply):
            bytes.append(Kind.forwarded)
            bytes.appendVarint(id)
            bytes.appendSized(reply)
        case .executed(let id, let reply):
            bytes.append(Kind.executed)
            bytes.appendVarint(id)
            bytes.appendSized(reply)
        case .refused(let id, let refusal):
            bytes.append(Kind.refused)
            bytes.appendVarint(id)
            bytes.append(refusal.rawValue)
        case .epochWanted(let id):
            bytes.append(Kind.epochWanted)
            bytes.appendVarint(id)
        case .epochTold(let id, let epoch):
            bytes.append(Kind.epochTold)
            bytes.appendVarint(id)
            bytes.appendVarint(epoch)
        case .control(let message):
            bytes.append(Kind.control)
            bytes.appendSized(message)
        }
    }

    /// What is said about hints.
    private func encodeHint(into bytes: inout [UInt8]) {
        switch self {
        case .hint(let id, let target, let key, let wantsDurability, let record):
            bytes.append(Kind.hint)
            bytes.appendVarint(id)
            bytes.appendVarint(UInt64(target.rawValue))
            key.encode(into: &bytes)
            bytes.append(wantsDurability ? 1 : 0)
            bytes.appendSized(record)
        case .handoff(let id, let entries):
            bytes.append(Kind.handoff)
            bytes.appendVarint(id)
            bytes.appendVarint(UInt64(entries.count))
            for entry in entries { entry.encode(into: &bytes) }
        case .hintsWanted(let id, let key):
            bytes.append(Kind.hintsWanted)
            bytes.appendVarint(id)
            key.encode(into: &bytes)
        case .hintsKept(let id, let hints):
            bytes.append(Kind.hintsKept)
            bytes.appendVarint(id)
            bytes.appendVarint(UInt64(hints.count))
            for hint in hints { hint.encode(into: &bytes) }
        case .handedOver(let id, let windowBytes, let refused):
            bytes.append(Kind.handedOver)
            bytes.appendVarint(id)
            bytes.appendVarint(windowBytes)
            bytes.appendVarint(UInt64(refused.count))
            for refusal in refused { refusal.encode(into: &bytes) }
        default: break
        }
    }

    private static func encode(_ arguments: [[UInt8]], into bytes: inout [UInt8]) {
        bytes.appendVarint(UInt64(arguments.count))
        for argument in arguments { bytes.appendSized(argument) }
    }

    init(from reader: inout ByteReader) throws(DecodingError) {
        let kind = try reader.readByte()
        if kind == Kind.control {
            self = .control(try reader.readSized())
            return
        }
        let id = try reader.readVarint()
        switch kind {
        case Kind.write:
            let patienceMs = try reader.readPatience()
            let key = try PeerKey(from: &reader)
            let (wantsDurability, wantsUncovered) = try reader.readFlags()
            let record = try reader.readSized()
            self = .write(
                id: id, key: key, wantsDurability: wantsDurability, record: record,
                patienceMs: patienceMs, wantsUncovered: wantsUncovered)
        case Kind.hint:
            let target = try reader.readNode()
            let key = try PeerKey(from: &reader)
            let wantsDurability = try reader.readFlag()
            self = .hint(
                id: id, target: target, key: key,
                wantsDurability: wantsDurability, record: try reader.readSized())
        case Kind.handoff:
            self = .handoff(id: id, entries: try reader.readEntries())
        case Kind.hintsWanted: self = .hintsWanted(id: id, key: try PeerKey(from: &reader))
        case Kind.hintsKept: self = .hintsKept(id: id, hints: try reader.readHints())
        case Kind.handedOver:
            let windowBytes = try reader.readVarint()
            self = .handedOver(
                id: id, windowBytes: windowBytes, refused: try reader.readRefusals())
        case Kind.check:
            let patienceMs = try reader.readPatience()
            let key = try PeerKey(from: &reader)
            let fingerprint: UInt64 = try reader.readLittleEndian()
            self = .check(id: id, key: key, fingerprint: fingerprint, patienceMs: patienceMs)
        case Kind.forward:
            let consistency = try PeerConsistency(from: &reader)
            let arguments = try reader.readArguments()
            self = .forward(id: id, consistency: consistency, arguments: arguments)
        case Kind.execute: self = .execute(id: id, arguments: try reader.readArguments())
        case Kind.wrote: self = .wrote(id: id, isDurable: try reader.readFlag())
        case Kind.wroteBeside:
            let (isDurable, wasKnown) = try reader.readFlags()
            self = .wroteBeside(
                id: id, isDurable: isDurable, wasKnown: wasKnown, record: try reader.readSized())
        case Kind.same: self = .same(id: id)
        case Kind.differs: self = .differs(id: id, record: try reader.readSized())
        case Kind.forwarded: self = .forwarded(id: id, reply: try reader.readSized())
        case Kind.executed: self = .executed(id: id, reply: try reader.readSized())
        case Kind.epochWanted: self = .epochWanted(id: id)
        case Kind.epochTold: self = .epochTold(id: id, epoch: try reader.readVarint())
        case Kind.refused:
            self = .refused(id: id, try reader.readRefusal())
        default: throw .invalid("peer message kind \(kind)")
        }
    }
}

extension PeerKey {
    fileprivate func encode(into bytes: inout [UInt8]) {
        bytes.appendLittleEndian(position)
        bytes.appendSized(self.bytes)
    }

    fileprivate init(from reader: inout ByteReader) throws(DecodingError) {
        let position: UInt64 = try reader.readLittleEndian()
        self.init(position: position, bytes: try reader.readSized(max: PeerMessage.keySizeMax))
    }
}

extension HandoffEntry {
    fileprivate func encode(into bytes: inout [UInt8]) {
        key.encode(into: &bytes)
        bytes.appendSized(record)
    }
}

extension KeptHint {
    fileprivate func encode(into bytes: inout [UInt8]) {
        bytes.appendVarint(UInt64(target.rawValue))
        bytes.appendSized(record)
    }
}

extension HandoffRefusal {
    fileprivate func encode(into bytes: inout [UInt8]) {
        bytes.appendVarint(UInt64(index))
        bytes.append(reason.rawValue)
    }
}

extension PeerConsistency {
    fileprivate func encode(into bytes: inout [UInt8]) {
        bytes.append(r)
        bytes.append(w)
        bytes.append(pr)
        bytes.append(pw)
        bytes.append(dw)
        bytes.appendLittleEndian(timeoutMs)
        bytes.appendVarint(sequence)
        bytes.appendLittleEndian(beginByNs)
    }

    fileprivate init(from reader: inout ByteReader) throws(DecodingError) {
        r = try reader.readByte()
        w = try reader.readByte()
        pr = try reader.readByte()
        pw = try reader.readByte()
        dw = try reader.readByte()
        timeoutMs = try reader.readLittleEndian()
        sequence = try reader.readVarint()
        beginByNs = try reader.readLittleEndian()
    }
}

extension ByteReader {
    fileprivate mutating func readArguments() throws(DecodingError) -> [[UInt8]] {
        let count = try readCount()
        var arguments: [[UInt8]] = []
        for _ in 0..<count { arguments.append(try readSized()) }
        return arguments
    }

    fileprivate mutating func readPatience() throws(DecodingError) -> UInt32 {
        guard let patienceMs = UInt32(exactly: try readVarint()) else { throw .invalid("patience") }
        return patienceMs
    }

    fileprivate mutating func readEntries() throws(DecodingError) -> [HandoffEntry] {
        let count = try readCount()
        var entries: [HandoffEntry] = []
        for _ in 0..<count {
            let key = try PeerKey(from: &self)
            entries.append(HandoffEntry(key: key, record: try readSized()))
        }
        return entries
    }

    fileprivate mutating func readHints() throws(DecodingError) -> [KeptHint] {
        let count = try readCount()
        var hints: [KeptHint] = []
        for _ in 0..<count {
            let target = try readNode()
            hints.append(KeptHint(target: target, record: try readSized()))
        }
        return hints
    }

    fileprivate mutating func readNode() throws(DecodingError) -> NodeNumber {
        guard let number = UInt16(exactly: try readVarint()) else { throw .invalid("node number") }
        return NodeNumber(rawValue: number)
    }

    fileprivate mutating func readRefusals() throws(DecodingError) -> [HandoffRefusal] {
        let count = try readCount()
        var refused: [HandoffRefusal] = []
        for _ in 0..<count {
            guard let index = Int(exactly: try readVarint()) else { throw .invalid("index") }
            refused.append(HandoffRefusal(index: index, reason: try readRefusal()))
        }
        return refused
    }

    fileprivate mutating func readRefusal() throws(DecodingError) -> PeerMessage.Refusal {
        guard let refusal = PeerMessage.Refusal(rawValue: try readByte()) else {
            throw .invalid("refusal")
        }
        return refusal
    }

    /// Two flags in one byte, the first in its lowest bit.
    fileprivate mutating func readFlags() throws(DecodingError) -> (Bool, Bool) {
        let flags = try readByte()
        guard flags < 4 else { throw .invalid("flags") }
        return (flags & 1 != 0, flags & 2 != 0)
    }

    fileprivate mutating func readFlag() throws(DecodingError) -> Bool {
        switch try readByte() {
        case 0: return false
        case 1: return true
        default: throw .invalid("flag")
        }
    }
}

/// Reads the messages of one frame's payload, in order.
public struct PeerPayloadReader: Sendable {
    public let header: PeerFrameHeader
    private var reader: ByteReader

    public init(_ payload: [UInt8]) throws(DecodingError) {
        var reader = ByteReader(payload)
        let version = try reader.readByte()
        guard version == PeerFrameWriter.protocolVersion else { throw .unknownVersion(version) }
        let epoch: UInt64 = try reader.readLittleEndian()
        let fence: UInt64 = try reader.readLittleEndian()
        let monotonicNs: UInt64 = try reader.readLittleEndian()
        let wallMs: UInt64 = try reader.readLittleEndian()
        let commonMs: UInt64 = try reader.readLittleEndian()
        header = PeerFrameHeader(
            epoch: epoch, fence: fence,
            clocks: PeerClocks(monotonicNs: monotonicNs, wallMs: wallMs, commonMs: commonMs))
        self.reader = reader
    }

    /// The next message, or nil at the end.
    public mutating func next() throws(DecodingError) -> PeerMessage? {
        guard !reader.isAtEnd else { return nil }
        return try PeerMessage(from: &reader)
    }
}
