import Commands
import Essentials
import Membership
import Wire

@testable import Engine
@testable import Simulator

/// A replica whose disk answers when the test lets it.
struct Replica {
    private(set) var plane: DataPlane
    private(set) var nowNs: UInt64 = 1_000_000_000
    private var header: PeerFrameHeader
    private let peer = NodeNumber(rawValue: 2)
    /// All other members at the beginning.
    private let peers: [NodeNumber]
    private let link = LinkID(rawValue: 7)
    /// Loads that were asked for and not answered.
    private(set) var loads: [(key: ObjectKey, token: UInt64)] = []
    private(set) var answers: [PeerMessage] = []
    private(set) var replies: [Reply] = []
    /// The replies to each client.
    private(set) var repliesByClient: [UInt64: [Reply]] = [:]
    /// The numbers of the reads that peers were asked about.
    private(set) var checks: [UInt64] = []
    private(set) var stored = 0
    /// What was stored, in its order.
    private(set) var records: [[UInt8]] = []
    /// The hints that are stored, and the reads of them that were asked for and not answered.
    private(set) var hints: [[UInt8]: [UInt8]] = [:]
    private(set) var hintScans: [UInt64] = []
    private(set) var hintLoads: [(keys: [[UInt8]], token: UInt64)] = []
    private(set) var handoffs: [(to: NodeNumber, id: UInt64, entries: [HandoffEntry])] = []
    private(set) var topology: Topology

    /// The questions by which topology peers serve.
    private(set) var epochQuestions: [UInt64] = []

    init(
        options: Cluster.Options = Cluster.Options(), confirmsEpoch: Bool = false,
        contextActorsMax: Int = 50, hintBytesMax: Int = 1 << 30
    ) throws {
        topology = try TopologyStore.shared.topology(options)
        peers = topology.members.map(\.number).filter { $0.rawValue != 1 }
        var settings = DataPlane.Settings(
            node: NodeNumber(rawValue: 1), acknowledgesDurable: false, cacheBytesMax: 1 << 20,
            contextActorsMax: contextActorsMax, hintBytesMax: hintBytesMax)
        settings.confirmsEpoch = confirmsEpoch
        plane = DataPlane(settings: settings, topology: topology)
        header = PeerFrameHeader(epoch: topology.epoch, fence: plane.fence)
    }

    mutating func receive(_ message: PeerMessage) {
        apply(.received(message, from: peer, link: link, header))
    }

    /// A peer answers what it was asked.
    mutating func answer(_ message: PeerMessage, from node: UInt16) {
        apply(.received(message, from: NodeNumber(rawValue: node), link: link, header))
    }

    /// - Parameter client: whose command it is; replies are found under it.
    mutating func request(
        _ key: String, _ operation: Commands.Operation = .get, client: UInt64 = 1, r: Int = 1,
        w: Int = 1, timeoutMs: UInt32
    ) {
        apply(
            .requested(
                Request(
                    origin: .client(client << 32), key: ObjectKey(Array(key.utf8)),
                    operation: operation,
                    consistency: Consistency(r: r, w: w, timeoutMs: timeoutMs))))
    }

    /// Connects the node to its peers, who say only what the test has them say.
    mutating func openLinks() {
        for peer in peers { apply(.linkOpened(peer)) }
    }

    mutating func closeLinks() {
        for peer in peers { apply(.linkClosed(peer)) }
    }

    /// A peer says that it holds what it was asked to compare with last.
    mutating func agree(_ peer: UInt16) {
        guard let id = checks.last else { return }
        apply(
            .received(
                .same(id: id), from: NodeNumber(rawValue: peer), link: link, header))
    }

    /// A pass of the loop takes so long.
    mutating func pass(ms: UInt64) {
        nowNs += ms * 1_000_000
        plane.notePass(ns: ms * 1_000_000, now: now)
    }

    /// The loop does nothing for so long, not even tick.
    mutating func standStill(ms: UInt64) { nowNs += ms * 1_000_000 }

    mutating func setWaitMax(ms: UInt64) { plane.admission.waitNsMax = ms * 1_000_000 }

    mutating func wait(ms: UInt64) {
        for _ in 0..<ms / 10 {
            nowNs += 10_000_000
            apply(.ticked)
        }
    }

    /// Ends a pass whose stores are written at once.
    mutating func commit() {
        guard let batch = plane.closeBatch() else { return }
        apply(.written(batch))
        apply(.durable(batch))
    }

    /// Another topology holds from now on.
    mutating func adopt(_ change: TopologyChange) throws {
        topology = try topology.applying(change, clusterIsEmpty: true)
        apply(.topologyAdopted(topology))
        header = PeerFrameHeader(epoch: topology.epoch, fence: plane.fence)
    }

    /// The disk answers the first read of hints that it was asked for.
    ///
    /// - Parameter key: whose hint for node 3 it finds; nil: all that are stored.
    /// - Parameter next: where it stops for now.
    mutating func scanHints(only key: ObjectKey? = nil, next: ObjectKey? = nil) {
        let target = NodeNumber(rawValue: 3)
        let wanted = key.map { HintRecord.key(target, $0) }
        let records = hints.filter { (try? HintRecord.parseKey($0.key)) != nil }
            .filter { $0.key == wanted ?? $0.key }
            .map { HintScanRecord(key: $0.key, value: $0.value) }
            .sorted { $0.key.lexicographicallyPrecedes($1.key) }
        apply(
            .hintsScanned(
                token: hintScans.removeFirst(),
                .chunk(records, next: next.map { HintRecord.key(target, $0) })))
    }

    /// The disk says which hints keys have.
    mutating func loadHints() {
        while !hintLoads.isEmpty {
            let (keys, token) = hintLoads.removeFirst()
            apply(.hintsLoaded(token: token, .values(keys.map { hints[$0] })))
        }
    }

    /// The disk has no room for the questions after hints that it was asked.
    mutating func refuseHintLoads() {
        for (_, token) in hintLoads { apply(.hintsLoaded(token: token, .overloaded)) }
        hintLoads = []
    }

    /// The disk does not give what it was asked for first.
    mutating func failHintScan(_ result: HintScanResult) {
        apply(.hintsScanned(token: hintScans.removeFirst(), result))
    }

    /// The disk answers what it was asked first: there is no such key, or this record.
    mutating func load(_ record: [UInt8]? = nil) {
        let (key, token) = loads.removeFirst()
        apply(.loaded(key, token: token, record.map { .record($0) } ?? .absent))
    }

    /// The disk does not give what it was asked for first.
    mutating func failLoad() {
        let (key, token) = loads.removeFirst()
        apply(.loaded(key, token: token, .unreadable))
    }

    private var now: Now { Now(monotonicNs: nowNs, wallMs: nowNs / 1_000_000) }

    mutating func apply(_ event: DataPlane.Event) {
        var effects: [DataPlane.Effect] = []
        plane.apply(event, now: now, into: &effects)
        for effect in effects {
            switch effect {
            case .load(let key, let token): loads.append((key, token))
            case .answer(_, let message, _): answers.append(message)
            case .reply(let client, let reply, _):
                replies.append(reply)
                repliesByClient[client >> 32, default: []].append(reply)
            case .send(_, .check(let id, _, _, _), _): checks.append(id)
            case .send(_, .epochWanted(let id), _): epochQuestions.append(id)
            case .send(let node, .handoff(let id, let entries), _):
                handoffs.append((to: node, id: id, entries: entries))
            case .storeHint(let key, let value): hints[key] = value
            case .loadHints(let keys, let token, _): hintLoads.append((keys, token))
            case .dropHint(let key): hints[key] = nil
            case .scanHints(_, _, _, let token, _): hintScans.append(token)
            case .store(_, let record):
                stored += 1
                records.append(record)
            default: break
            }
        }
    }
}
