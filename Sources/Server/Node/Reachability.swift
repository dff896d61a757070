internal import Essentials
internal import Membership
internal import Placement
internal import Platform
internal import Synchronization

/// What every loop last told of itself: that it runs, by which topology, and whom it is connected
/// to; and what the failure detector says of the members.
///
/// So the admin port can say whether the node serves without asking a loop, which may be what is
/// wrong. A member counts as reachable when all loops are connected to it, since each sends its own
/// shard's requests, and it is not dead. Any thread.
final class Reachability: Sendable {
    /// A loop tells once a second; one that is silent for so long does not serve.
    static let silenceNsMax: UInt64 = 5_000_000_000

    struct Loop: Sendable {
        var heardNs: UInt64
        /// Ascending.
        var connected: [NodeNumber]
    }

    struct State: Sendable {
        /// Nil for loops that have not begun to serve.
        var loops: [Loop?]
        var topology: Topology
        var isStopping = false
        /// When data was last found that the disk gives damaged, or not at all; nil for never, and
        /// after a whole walk over the records that has found none.
        var damageNs: UInt64?
        /// Why nothing is served, whoever can be reached.
        var obstacle: String?
        /// The members that operators were told to be reachable, ascending.
        var announced: [NodeNumber] = []

        /// What is wrong with this node's clock.
        var clockDefect: String?

        /// Whom the failure detector does not take for alive. Looked up and never iterated.
        var verdicts: [NodeNumber: Liveness] = [:]

        func liveness(of node: NodeNumber) -> Liveness { verdicts[node] ?? .alive }

        /// The members that requests are sent to, ascending.
        var reachable: [NodeNumber] {
            let first = loops.first.flatMap { $0 }?.connected ?? []
            return first.filter { node in
                liveness(of: node) != .dead
                    && loops.allSatisfy { $0?.connected.contains(node) ?? false }
            }
        }
    }

    /// What has changed for operators.
    struct Change {
        var found: [NodeNumber] = []
        var lost: [NodeNumber] = []
    }

    private let state: Mutex<State>

    private let founding: Founding?

    init(shards: Int, topology: Topology, founding: Founding? = nil) {
        self.founding = founding
        state = Mutex(State(loops: [Loop?](repeating: nil, count: shards), topology: topology))
    }

    var current: State {
        var current = state.withLock { $0 }
        current.obstacle = founding?.obstacle
        return current
    }

    /// Takes note of what the loop of shard `index` tells, and returns what that changes.
    func note(
        _ index: Int, connected: [NodeNumber], _ topology: Topology, nowNs: UInt64
    ) -> Change {
        state.withLock { state in
            state.loops[index] = Loop(heardNs: nowNs, connected: connected)
            if topology.epoch > state.topology.epoch { state.topology = topology }
            let reachable = state.reachable
            let before = state.announced
            state.announced = reachable
            return Change(
                found: reachable.filter { !before.contains($0) },
                lost: before.filter { !reachable.contains($0) })
        }
    }

    func judge(_ node: NodeNumber, _ liveness: Liveness) {
        state.withLock { $0.verdicts[node] = liveness == .alive ? nil : liveness }
    }

    /// For how long the loop that is silent longest has been; 0 while some have not begun.
    func longestSilenceNs(nowNs: UInt64) -> UInt64 {
        state.withLock { state in
            let silences = state.loops.compactMap { $0 }.map { nowNs - min(nowNs, $0.heardNs) }
            return silences.count == state.loops.count ? silences.max() ?? 0 : 0
        }
    }

    /// The disk has given something damaged, or not at all.
    func noteDamage(nowNs: UInt64) {
        state.withLock { state in
            state.damageNs = max(state.damageNs ?? 0, nowNs)
        }
    }

    /// A walk over all records that began at `startNs` has found them whole.
    func noteWhole(since startNs: UInt64) {
        state.withLock { state in
            if let damageNs = state.damageNs, damageNs < startNs { state.damageNs = nil }
        }
    }

    func judgeClock(_ defect: String?) { state.withLock { $0.clockDefect = defect } }

    /// From now on the node serves nobody new.
    func stop() { state.withLock { $0.isStopping = true } }
}

extension Reachability.State {
    /// Why requests cannot be served; nil when they can.
    ///
    /// Members are counted, not the replicas of each key: while some partitions lack a quorum, the
    /// node still serves the others, and taking it out of service would help nobody.
    func unreadiness(_ configuration: Configuration, nowNs: UInt64) -> String? {
        if isStopping { return "the node is stopping" }
        if let obstacle { return obstacle }
        for (index, loop) in loops.enumerated() {
            guard let loop else { return "shard \(index) has not started yet" }
            let silenceNs = nowNs - min(nowNs, loop.heardNs)
            if silenceNs > Reachability.silenceNsMax {
                return "shard \(index) has been silent for \(silenceNs / 1_000_000_000) s"
            }
        }
        if let clockDefect { return clockDefect }
        let quorum = max(configuration.r, configuration.w, configuration.pr, configuration.pw)
        let needed = min(quorum, topology.placement.replicaCount)
        let present = 1 + reachable.count
        guard present >= needed else {
            return "\(present) of \(topology.members.count) members can be reached, "
                + "requests need \(needed)"
        }
        if damageNs != nil {
            return "the disk gives damaged data: other replicas stand in for what is lost here"
        }
        return nil
    }

    /// Partitions of which too few replicas can be reached for a read or a write.
    func unavailablePartitions(_ configuration: Configuration, own: NodeNumber) -> Int {
        let quorum = max(configuration.r, configuration.w, configuration.pr, configuration.pw)
        let needed = min(quorum, topology.placement.replicaCount)
        let present = reachable
        return topology.partitioning.all.count { partition in
            let replicas = topology.placement.replicas(of: partition)
            return replicas.count { $0 == own || present.contains($0) } < needed
        }
    }
}

extension Shard {
    /// Tells what the admin port answers from, and logs who has come and gone.
    func noteReachability() {
        let connected = topology.members.map(\.number).filter { peers.isReady($0) }
        let change = services.reachability.note(
            index, connected: connected, topology, nowNs: loop.now.monotonicNs)
        for node in change.found {
            guard let member = topology.member(node) else { continue }
            services.log.info(
                "a member can be reached",
                [
                    "node": .integer(Int(node.rawValue)), "address": .text(member.peerAddress),
                    "zone": .text(member.zone),
                ])
        }
        // One that has left is no member to be missed.
        for node in change.lost {
            guard let member = topology.member(node) else { continue }
            services.log.warn(
                "a member cannot be reached",
                ["node": .integer(Int(node.rawValue)), "address": .text(member.peerAddress)])
        }
    }
}
