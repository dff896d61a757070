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
    private let header: PeerFrameHeader
    private let peer = NodeNumber(rawValue: 2)
    private let link = LinkID(rawValue: 7)
    /// Loads that were asked for and not answered.
    private(set) var loads: [(key: ObjectKey, token: UInt64)] = []
    private(set) var answers: [PeerMessage] = []
    private(set) var replies: [Reply] = []
    private(set) var stored = 0

    init() throws {
        let topology = try TopologyStore.shared.topology(Cluster.Options())
        let settings = DataPlane.Settings(
            node: NodeNumber(rawValue: 1), acknowledgesDurable: false, cacheBytesMax: 1 << 20)
        plane = DataPlane(settings: settings, topology: topology)
        header = PeerFrameHeader(epoch: topology.epoch, fence: plane.fence)
    }

    mutating func receive(_ message: PeerMessage) {
        apply(.received(message, from: peer, link: link, header))
    }

    mutating func request(_ key: String, timeoutMs: UInt32) {
        apply(
            .requested(
                Request(
                    origin: .client(1), key: ObjectKey(Array(key.utf8)), operation: .get,
                    consistency: Consistency(r: 1, w: 1, timeoutMs: timeoutMs))))
    }

    /// A pass of the loop takes so long.
    mutating func pass(ms: UInt64) {
        nowNs += ms * 1_000_000
        plane.notePass(ns: ms * 1_000_000, now: now)
    }

    mutating func setWaitMax(ms: UInt64) { plane.admission.waitNsMax = ms * 1_000_000 }

    mutating func wait(ms: UInt64) {
        for _ in 0..<ms / 10 {
            nowNs += 10_000_000
            apply(.ticked)
        }
    }

    /// The disk answers what it was asked first: there is no such key.
    mutating func load() {
        let (key, token) = loads.removeFirst()
        apply(.loaded(key, token: token, .absent))
    }

    private var now: Now { Now(monotonicNs: nowNs, wallMs: nowNs / 1_000_000) }

    mutating func apply(_ event: DataPlane.Event) {
        var effects: [DataPlane.Effect] = []
        plane.apply(event, now: now, into: &effects)
        for effect in effects {
            switch effect {
            case .load(let key, let token): loads.append((key, token))
            case .answer(_, let message, _): answers.append(message)
            case .reply(_, let reply, _): replies.append(reply)
            case .store: stored += 1
            default: break
            }
        }
    }
}
