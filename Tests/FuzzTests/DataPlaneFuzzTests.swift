import Commands
import Engine
import Essentials
import Objects
import Placement
import Testing
import Wire

/// Seeded nonsense from a peer that has proven itself: a member of another version, with a damaged
/// memory, or taken over.
@Suite struct DataPlaneFuzzTests {
    @Test func `a shard goes on, in bounded memory, whatever its peers say`() throws {
        let victim = Victim()
        var inputs = NearMisses(of: victim.payloads, seed: FuzzBudget.seed)
        for _ in 0..<FuzzBudget.inputs {
            victim.receive(inputs.next(), using: &inputs.random)
            if inputs.random.oneIn(8) { victim.ask(using: &inputs.random) }
        }
        #expect(victim.answersToPeers > FuzzBudget.inputs / 20, "hardly anything was understood")
        #expect(victim.replies > 0)
        // The longest that a request may live is an hour.
        victim.letTimePass(seconds: 4000)
        #expect(victim.plane.inFlightCount == 0)
        #expect(victim.plane.parkedCount == 0)
        #expect(victim.plane.cacheBytes <= Victim.cacheBytesMax)
        #expect(victim.roundTrip() == .bulk("goes on"))
    }
}

/// Node 1 of three, with its storage in a dictionary and its peers' sides of requests made up.
private final class Victim {
    static let cacheBytesMax = 1 << 20

    private(set) var plane: DataPlane
    private(set) var answersToPeers = 0
    private(set) var replies = 0
    private var lastReply: Reply?
    private var now = Now(monotonicNs: 1_000_000_000, wallMs: 1_000)
    private var records: [ObjectKey: [UInt8]] = [:]
    /// Numbers of requests that this node has sent: answers to these go deeper than others.
    private var asked: [UInt64] = []
    private let header = PeerFrameHeader(epoch: 3, fence: 3)
    private let keys = ["key", "other", "{key}2"].map { ObjectKey(Array($0.utf8)) }

    init() {
        let settings = DataPlane.Settings(
            node: NodeNumber(rawValue: 1), acknowledgesDurable: false,
            cacheBytesMax: Self.cacheBytesMax)
        plane = DataPlane(settings: settings, topology: Samples.topologies.last)
        for peer: UInt16 in [2, 3] { apply(.linkOpened(NodeNumber(rawValue: peer))) }
    }

    /// The payloads of frames that mean something to this node.
    var payloads: [[UInt8]] {
        var messages = Samples.peerMessages
        for (index, object) in Samples.objects.enumerated() {
            let key = keys[index % keys.count]
            let peerKey = PeerKey(position: key.position.rawValue, bytes: key.bytes)
            messages += [
                .write(id: 5, key: peerKey, wantsDurability: true, record: object.encoded()),
                .check(id: 6, key: peerKey, fingerprint: object.fingerprint),
                .differs(id: 7, record: object.encoded()),
            ]
        }
        let consistency = PeerConsistency(r: 2, w: 2, pr: 0, pw: 0, dw: 0, timeoutMs: 100)
        messages += Samples.requests.map {
            .forward(id: 8, consistency: consistency, arguments: $0.arguments)
        }
        return messages.map { message in
            var writer = PeerFrameWriter()
            writer.append(message)
            return Array(writer.take(header: header).dropFirst(Samples.framePrefixSize))
        }
    }

    /// What a connection does with a payload: decodes it up to the first mistake.
    func receive(_ payload: [UInt8], using random: inout SeededRandom) {
        guard var reader = try? PeerPayloadReader(payload) else { return }
        while let message = try? reader.next() {
            let message = resealed(message)
            let peer = NodeNumber(rawValue: random.oneIn(2) ? 2 : 3)
            let header = random.oneIn(10) ? reader.header : header
            apply(
                .received(
                    retargeted(message, using: &random), from: peer, link: LinkID(rawValue: 1),
                    header))
        }
        closePass(using: &random)
    }

    /// The message with the checksum of its record made right, so that damage reaches the object.
    private func resealed(_ message: PeerMessage) -> PeerMessage {
        switch message {
        case .write(let id, let key, let wantsDurability, let record, let patienceMs, _):
            .write(
                id: id, key: key, wantsDurability: wantsDurability,
                record: Format.object.seal(record), patienceMs: patienceMs)
        case .wroteBeside(let id, let isDurable, let wasKnown, let record):
            .wroteBeside(
                id: id, isDurable: isDurable, wasKnown: wasKnown,
                record: Format.object.seal(record))
        case .differs(let id, let record): .differs(id: id, record: Format.object.seal(record))
        default: message
        }
    }

    /// The message as an answer to something that was asked, where it is one; else as it is.
    private func retargeted(
        _ message: PeerMessage, using random: inout SeededRandom
    ) -> PeerMessage {
        guard let id = asked.randomElement(using: &random), !random.oneIn(4) else { return message }
        return switch message {
        case .wrote(_, let isDurable): .wrote(id: id, isDurable: isDurable)
        case .wroteBeside(_, let isDurable, let wasKnown, let record):
            .wroteBeside(id: id, isDurable: isDurable, wasKnown: wasKnown, record: record)
        case .same: .same(id: id)
        case .differs(_, let record): .differs(id: id, record: record)
        case .forwarded(_, let reply): .forwarded(id: id, reply: reply)
        case .refused(_, let refusal): .refused(id: id, refusal)
        default: message
        }
    }

    /// A client's command, so that there is something to answer.
    func ask(using random: inout SeededRandom) {
        let operation = Samples.requests[Int.random(in: 0..<Samples.requests.count, using: &random)]
            .operation
        request(operation, key: keys[Int.random(in: 0..<keys.count, using: &random)], r: 2, w: 2)
    }

    private func request(_ operation: Operation, key: ObjectKey, r: Int, w: Int) {
        let consistency = Consistency(r: r, w: w, timeoutMs: 100)
        apply(
            .requested(
                Request(
                    origin: .client(1), key: key, operation: operation, consistency: consistency,
                    arguments: [])))
    }

    /// Ends a pass of the loop; now and then a record is unreadable, or time goes by.
    private func closePass(using random: inout SeededRandom) {
        commit()
        if random.oneIn(50) { letTimePass(seconds: 1) }
        if random.oneIn(1000) { records.removeAll() }
    }

    private func commit() {
        guard let batch = plane.closeBatch() else { return }
        apply(.written(batch))
        apply(.durable(batch))
    }

    func letTimePass(seconds: UInt64) {
        for _ in 0..<seconds {
            now.monotonicNs += 1_000_000_000
            now.wallMs += 1000
            apply(.ticked)
            commit()
        }
        asked.removeAll()
    }

    /// A client writes and reads at this node alone.
    func roundTrip() -> Reply? {
        let key = ObjectKey(Array("round trip".utf8))
        request(.set(Array("goes on".utf8), SetOptions()), key: key, r: 1, w: 1)
        commit()
        request(.get, key: key, r: 1, w: 1)
        return lastReply
    }

    private func apply(_ event: DataPlane.Event) {
        var effects: [DataPlane.Effect] = []
        plane.apply(event, now: now, into: &effects)
        for effect in effects { carryOut(effect) }
    }

    private func carryOut(_ effect: DataPlane.Effect) {
        switch effect {
        case .load(let key, let token):
            let result = records[key].map { DataPlane.LoadResult.record($0) } ?? .absent
            apply(.loaded(key, token: token, result))
        case .store(let key, let record): records[key] = record
        case .send(_, let message, _):
            if let id = message.requestID, asked.count < 50 { asked.append(id) }
        case .answer: answersToPeers += 1
        case .reply(_, let reply, _):
            replies += 1
            lastReply = reply
        default: break
        }
    }
}
