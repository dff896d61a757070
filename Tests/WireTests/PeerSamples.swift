import Essentials
import Wire

/// Peer messages of every kind, and random ones.
enum PeerSamples {
    static let key = PeerKey(position: 0x0102_0304_0506_0708, bytes: Array("key".utf8))
    static let consistency = {
        var consistency = PeerConsistency(r: 1, w: 2, pr: 3, pw: 4, dw: 5, timeoutMs: 1000)
        consistency.sequence = 520
        consistency.beginByNs = 0x0203_0405_0607_0809
        return consistency
    }()

    /// One of each kind.
    static let all: [PeerMessage] = [
        .write(id: 1, key: key, wantsDurability: true, record: [1, 2, 3], patienceMs: 1000),
        .check(id: 300, key: key, fingerprint: 0xF0E0_D0C0_B0A0_9080),
        .forward(id: 7, consistency: consistency, arguments: [Array("GET".utf8), [], [0xFF]]),
        .execute(id: 8, arguments: [Array("SCAN".utf8), Array("0".utf8)]),
        .wrote(id: .max, isDurable: false),
        .wroteBeside(id: 19, isDurable: true, wasKnown: true, record: [7, 8]),
        .same(id: 9),
        .differs(id: 10, record: []),
        .forwarded(id: 11, reply: Array("+OK\r\n".utf8)),
        .executed(id: 12, reply: Array(":1\r\n".utf8)),
        .refused(id: 13, .epoch),
        .control([64, 65]),
        .hint(
            id: 14, target: NodeNumber(rawValue: 258), key: key, wantsDurability: false,
            record: [4, 5]),
        .handoff(id: 15, entries: [HandoffEntry(key: key, record: [6])]),
        .hintsWanted(id: 17, key: key),
        .epochWanted(id: 19),
        .epochTold(id: 20, epoch: 300),
        .hintsKept(id: 18, hints: [KeptHint(target: NodeNumber(rawValue: 2), record: [9])]),
        .handedOver(
            id: 16, windowBytes: 65_536,
            refused: [HandoffRefusal(index: 3, reason: .clock)]),
    ]

    static func draw(using random: inout SeededRandom) -> PeerMessage {
        let id = random.next() >> UInt64.random(in: 0...63, using: &random)
        switch Int.random(in: 0..<16, using: &random) {
        case 0:
            return .write(
                id: id, key: drawKey(using: &random), wantsDurability: random.oneIn(2),
                record: bytes(300, using: &random),
                patienceMs: UInt32.random(in: 0...2000, using: &random),
                wantsUncovered: random.oneIn(2))
        case 1:
            return .check(id: id, key: drawKey(using: &random), fingerprint: random.next())
        case 2:
            return .forward(
                id: id, consistency: consistency, arguments: arguments(using: &random))
        case 3: return .execute(id: id, arguments: arguments(using: &random))
        case 4: return .wrote(id: id, isDurable: random.oneIn(2))
        case 5:
            guard random.oneIn(2) else { return .same(id: id) }
            return .wroteBeside(
                id: id, isDurable: random.oneIn(2), wasKnown: random.oneIn(2),
                record: bytes(300, using: &random))
        case 6: return .differs(id: id, record: bytes(300, using: &random))
        case 7: return .forwarded(id: id, reply: bytes(40, using: &random))
        case 8: return .executed(id: id, reply: bytes(40, using: &random))
        case 9:
            return .hint(
                id: id, target: NodeNumber(rawValue: UInt16.random(in: 0...9, using: &random)),
                key: drawKey(using: &random), wantsDurability: random.oneIn(2),
                record: bytes(300, using: &random))
        case 10:
            let entries = (0..<Int.random(in: 0...4, using: &random)).map { _ in
                HandoffEntry(key: drawKey(using: &random), record: bytes(99, using: &random))
            }
            return .handoff(id: id, entries: entries)
        case 11:
            let refused = (0..<Int.random(in: 0...4, using: &random)).map { index in
                HandoffRefusal(index: index * 77, reason: .diskFull)
            }
            return .handedOver(id: id, windowBytes: random.next(), refused: refused)
        case 12: return .hintsWanted(id: id, key: drawKey(using: &random))
        case 13:
            let hints = (0..<Int.random(in: 0...4, using: &random)).map { target in
                KeptHint(
                    target: NodeNumber(rawValue: UInt16(target)), record: bytes(9, using: &random))
            }
            return .hintsKept(id: id, hints: hints)
        case 14:
            let reason = UInt8.random(in: 1...8, using: &random)
            return .refused(id: id, PeerMessage.Refusal(rawValue: reason) ?? .epoch)
        default: return .control(bytes(100, using: &random))
        }
    }

    static func bytes(_ sizeMax: Int, using random: inout SeededRandom) -> [UInt8] {
        let size = Int.random(in: 0...sizeMax, using: &random)
        return (0..<size).map { _ in UInt8.random(in: 0...255, using: &random) }
    }

    private static func drawKey(using random: inout SeededRandom) -> PeerKey {
        PeerKey(position: random.next(), bytes: bytes(20, using: &random))
    }

    private static func arguments(using random: inout SeededRandom) -> [[UInt8]] {
        (0..<Int.random(in: 0...4, using: &random)).map { _ in bytes(20, using: &random) }
    }

    static let clocks = PeerClocks(monotonicNs: 1, wallMs: 2, commonMs: 3)

    /// A frame with these messages.
    static func frame(_ messages: [PeerMessage], epoch: UInt64 = 1, fence: UInt64 = 1) -> [UInt8] {
        var writer = PeerFrameWriter()
        for message in messages { writer.append(message) }
        return writer.take(header: PeerFrameHeader(epoch: epoch, fence: fence, clocks: clocks))
    }

    /// The messages of a payload; nil when it is refused.
    static func messages(_ payload: [UInt8]) -> [PeerMessage]? {
        do {
            var reader = try PeerPayloadReader(payload)
            var messages: [PeerMessage] = []
            while let message = try reader.next() { messages.append(message) }
            return messages
        } catch {
            return nil
        }
    }
}
