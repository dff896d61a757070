import Causality
import Consensus
import Engine
import Essentials
import Membership
import Objects
import Placement
import Wire

@testable import Commands

/// Valid values of every format, from which inputs are made.
enum Samples {
    static let key = Array("key".utf8)
    /// Length and checksum of a frame.
    static let framePrefixSize = 12

    // MARK: Objects

    static let objects: [Object] = {
        var counter = Object()
        write(.assign(Array("7".utf8), deadline: .set(500)), by: 1, to: &counter)
        write(.increment(-5), by: 2, to: &counter)
        write(.increment(.max), by: 3, to: &counter)
        write(.incrementDecimal(FixedDecimal(2)), by: 3, to: &counter)
        var siblings = Object()
        for counter: UInt64 in [1, 2, 4] {
            siblings.write(
                Array("value".utf8), seen: Sighting(), dot: dot(counter, by: 1),
                stamp: Timestamp(rawValue: counter))
        }
        var expired = counter
        expired.expire(nowMs: 1000)
        var deleted = siblings
        write(.delete, by: 2, to: &deleted)
        var persisted = counter
        write(.setDeadline(.remove), by: 2, to: &persisted)
        var covered = counter
        write(.assign([1], deadline: .keep), by: 1, to: &covered)
        var added = covered
        write(.increment(1), by: 2, to: &added)
        _ = added.merge(counter)
        return [counter, siblings, expired, deleted, persisted, covered, added]
    }()

    private static func dot(_ counter: UInt64, by node: UInt16) -> Dot {
        Dot(actor: Actor(node: NodeNumber(rawValue: node), epochMs: 70), counter: counter)
    }

    private static func write(_ mutation: Mutation, by node: UInt16, to object: inout Object) {
        let counter = object.context.highestCounter(of: dot(1, by: node).actor) + 1
        object.write(
            mutation, dot: dot(counter, by: node), stamp: Timestamp(rawValue: 9), nowMs: 10)
    }

    /// What a replica and a coordinator do with an object that came from elsewhere.
    static func use(_ object: Object) {
        _ = object.visible(nowMs: 10)
        _ = object.siblings(nowMs: 10)
        _ = object.fingerprint
        for sample in objects {
            var merged = sample
            _ = merged.merge(object)
            merged.expire(nowMs: 400)
            for mutation in [Mutation.increment(1), .setDeadline(.set(900)), .delete] {
                var next = merged
                write(mutation, by: 2, to: &next)
            }
            _ = merged.pruneContext(to: 2)
        }
    }

    // MARK: Requests

    static let requests: [KeyRequest] = [
        "GET k", "SET k v PX 1000 NX GET", "SETRANGE k 3 v", "INCRBY k -9", "INCRBYFLOAT k 1e3",
        "BITFIELD k GET u8 0 OVERFLOW SAT INCRBY i16 #2 5", "BITCOUNT k 0 -1 BIT",
        "EXPIRE k 7 NX", "DGET k R 2", "DPUT k c v W QUORUM DW 1", "DDEL k c TIMEOUT 300",
        "RESTORE k 0 payload REPLACE", "DUMP k", "OBJECT ENCODING k",
    ].compactMap { text in
        let words = text.split(separator: " ").map { Array($0.utf8) }
        guard case .key(let request) = Invocation.interpret(arguments: words) else { return nil }
        return request
    }

    /// What a key may show to a command.
    static let views: [StringView?] = [
        nil, StringView(bytes: Array("12".utf8)),
        StringView(bytes: Array("hello".utf8), deadlineMs: 500),
    ]

    static let dumps: [[UInt8]] = [0, 3, 63, 64, 300].map { size in
        Dump.encode((0..<size).map { UInt8(truncatingIfNeeded: $0) })
    }

    // MARK: Peers

    static let peerMessages: [PeerMessage] = [
        .write(
            id: 1, key: PeerKey(position: 5, bytes: key), wantsDurability: true,
            record: objects[0].encoded()),
        .check(id: 300, key: PeerKey(position: 5, bytes: key), fingerprint: .max),
        .forward(
            id: 7, consistency: PeerConsistency(r: 1, w: 2, pr: 3, pw: 4, dw: 5, timeoutMs: 1000),
            arguments: [Array("GET".utf8), [], [0xFF]]),
        .execute(id: 8, arguments: [Array("SCAN".utf8), Array("0".utf8)]),
        .wrote(id: .max, isDurable: false), .same(id: 9), .differs(id: 10, record: []),
        .wroteBeside(id: 14, isDurable: true, wasKnown: false, record: objects[1].encoded()),
        .differs(id: 10, record: objects[1].encoded()),
        .forwarded(id: 11, reply: Array("+OK\r\n".utf8)),
        .executed(id: 12, reply: Array(":1\r\n".utf8)), .refused(id: 13, .epoch),
        .control([64, 65]),
    ]

    static let handshakes: [PeerHandshake.Message] = {
        let id = UniqueID(high: 1, low: 2)
        let nonce = [UInt8](repeating: 7, count: PeerHandshake.nonceSize)
        let code = [UInt8](repeating: 8, count: PeerHandshake.codeSize)
        let number = NodeNumber(rawValue: 3)
        return [
            .hello(
                PeerHandshake.Hello(
                    purpose: .member, clusterID: id, nodeID: id, number: number, nonce: nonce)),
            .welcome(
                PeerHandshake.Welcome(nodeID: id, number: number, nonce: nonce, code: code)),
            .proof(code), .reject("why not"),
        ]
    }()

    // MARK: Control planes

    static let topologies: [Topology] = {
        let founded = Topology.founded(
            by: description(1), clusterID: UniqueID(high: 1, low: 2), n: 3, partitions: 64)
        return [2, 3].reduce(into: [founded]) { topologies, index in
            let next = try? topologies[topologies.count - 1].applying(
                .join(description(index)), clusterIsEmpty: true)
            if let next { topologies.append(next) }
        } + keyspaces.compactMap { try? founded.applying($0, clusterIsEmpty: false) }
    }()

    private static let keyspaces: [TopologyChange] = {
        var quorums = Quorums()
        quorums.r = .number(1)
        quorums.dw = .all
        return [
            .setKeyspace(prefix: Array("cache:".utf8), quorums),
            .setKeyspace(prefix: [0xFF], Quorums()),
        ]
    }()

    private static func description(_ index: Int) -> MemberDescription {
        MemberDescription(
            id: UniqueID(high: 0xA, low: UInt64(index)),
            addresses: MemberAddresses(
                peer: "h:\(7000 + index)", client: "h:\(7100 + index)",
                admin: "h:\(7200 + index)"),
            zone: index == 2 ? "zone" : "", weight: MemberDescription.weightDefault)
    }

    static let changes: [TopologyChange] =
        [
            .join(description(4)),
            .updateAddresses(UniqueID(high: 0xA, low: 2), description(5).addresses),
            .flush(stamp: 9),
            .leave(UniqueID(high: 0xA, low: 1)), .weigh(UniqueID(high: 0xA, low: 1), weight: 50),
            .unsetKeyspace(prefix: [0]),
        ] + keyspaces

    static let consensus: [RaftMessage.Kind] = {
        let position = LogPosition(index: 300, term: 7)
        let next = LogPosition(index: 301, term: 8)
        let electorate = Electorate(
            voters: [NodeNumber(rawValue: 1), NodeNumber(rawValue: 300)],
            learners: [NodeNumber(rawValue: 3)])
        return [
            .voteRequest(last: position, .preliminary), .vote(isGranted: true, .regular),
            .append(previous: position, commitIndex: 299, []),
            .append(
                previous: position, commitIndex: 299,
                [RaftEntry(position: next, payload: .electorate(electorate))]),
            .append(
                previous: position, commitIndex: 299,
                [RaftEntry(position: next, payload: .command([1, 2, 3]))]),
            .append(
                previous: position, commitIndex: 299,
                [RaftEntry(position: next, payload: .commandWithElectorate([1], electorate))]),
            .appended(matchIndex: 301), .mismatched(previousIndex: 300, hint: 200),
            .chunk(position, size: 9, offset: 4, [1, 2]), .chunkTaken(index: 300, offset: 6),
            .takeOver,
        ]
    }()

    static let controls: [ControlMessage] = {
        let id = ProposalID(rawValue: 77)
        let preparation = Preparation(epoch: 5, attempt: 300)
        return [
            .joinRequest(id, description(4)), .refused(id, reason: "never"),
            .refused(id, reason: "not now", isFinal: false),
            .prepare(preparation), .prepared(preparation, isEmpty: true), .release(preparation),
            .adopted(epoch: 9), .fetch,
            .addresses([
                AddressNotice(
                    node: NodeNumber(rawValue: 0xFFFF), addresses: description(4).addresses)
            ]),
        ] + consensus.map { .consensus(RaftMessage(term: 300, $0)) }
            + changes.map { .propose(id, $0) }
            + topologies.flatMap { [.accepted(id, $0), .topology($0)] }
    }()
}
