internal import Engine
internal import Essentials
internal import Platform
internal import Synchronization
internal import Wire

/// Under which numbers the members run, this node included: tells a member that has come back from
/// a copy beside its original, and from one whose directory was put back. Any thread.
///
/// Each run has a number, and names the one before it in its directory. Who is connected to a run
/// refuses another of the same node: that is a copy. Who remembers a run that a newcomer's
/// directory does not know tells it so: its directory is older than that.
final class PeerLives: Sendable {
    enum Verdict: Equatable {
        case fine
        /// The node runs already, there.
        case copy(address: String)
        /// A later run than the newcomer's directory knows of.
        case forgotten(life: UInt64)
    }

    private struct Peer {
        var life: UInt64 = 0
        /// The run that this node is connected to, and where.
        var linked: (life: UInt64, address: String)?
    }

    private struct State {
        var life: UInt64
        var previousLife: UInt64
        /// Looked up, never iterated.
        var peers: [UniqueID: Peer] = [:]
        var linkCount = 0
        /// Since when members take this node for a copy.
        var copySinceNs: UInt64?
    }

    /// A connection to a process that has ended may take a moment to break.
    private static let copyNsMin: UInt64 = 1_500_000_000
    /// The same where other members have let this node in: theirs may be to a machine that is gone.
    private static let copyNsMax: UInt64 = 8_000_000_000

    private let state: Mutex<State>

    init(life: UInt64, previousLife: UInt64) {
        state = Mutex(State(life: life, previousLife: previousLife))
    }

    /// This run, and the one before it.
    var own: (life: UInt64, previousLife: UInt64) {
        state.withLock { ($0.life, $0.previousLife) }
    }

    // MARK: Others

    /// Whether another node is who it says.
    func judge(_ hello: PeerHandshake.Hello) -> Verdict {
        state.withLock { state in
            guard let peer = state.peers[hello.nodeID], peer.life != hello.life else {
                return .fine
            }
            if let linked = peer.linked, linked.life != hello.life {
                return .copy(address: linked.address)
            }
            return peer.life > hello.previousLife ? .forgotten(life: peer.life) : .fine
        }
    }

    /// Another node has proven that it is who it says.
    func admit(_ id: UniqueID, life: UInt64) {
        state.withLock { $0.peers[id, default: Peer()].life = life }
    }

    /// This node is connected to a run of another.
    func link(_ id: UniqueID, life: UInt64, at address: String) {
        state.withLock { state in
            if state.peers[id]?.linked == nil { state.linkCount += 1 }
            state.peers[id, default: Peer()].life = life
            state.peers[id]?.linked = (life, address)
        }
    }

    /// It is connected no more, or has not been heard for seconds.
    func unlink(_ id: UniqueID) {
        state.withLock { state in
            guard state.peers[id]?.linked != nil else { return }
            state.linkCount -= 1
            state.peers[id]?.linked = nil
        }
    }

    // MARK: This node

    /// A member is connected to another run of this node; returns whether that is certain.
    func isCopy(nowNs: UInt64) -> Bool {
        state.withLock { state in
            guard let sinceNs = state.copySinceNs else {
                state.copySinceNs = nowNs
                return false
            }
            let neededNs = state.linkCount == 0 ? Self.copyNsMin : Self.copyNsMax
            return nowNs >= sinceNs + neededNs
        }
    }

    /// A member has let this node in.
    func letIn() { state.withLock { $0.copySinceNs = nil } }

    /// A member remembers a run of this node that the directory does not know. Returns the number
    /// of this run from now on; nil when that was known.
    func forgot(_ life: UInt64, wallMs: UInt64) -> UInt64? {
        state.withLock { state in
            guard life > state.previousLife, life != state.life else { return nil }
            state.previousLife = life
            if state.life <= life {
                var random = SeededRandom.fromSystem()
                state.life = Life.begin(wallMs: wallMs, usedMs: life, using: &random)
            }
            return state.life
        }
    }
}
