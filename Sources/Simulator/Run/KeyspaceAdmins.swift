internal import Engine
internal import Membership

/// Admins who set keyspaces before clients come, and change them while everything else goes wrong.
final class KeyspaceAdmins {
    /// How long a healthy cluster may take to follow one change, in ms.
    private static let setUpMsMax: UInt64 = 20_000

    private let scene: Scene
    private var plan: KeyspacePlan
    /// Changes that somebody wanted.
    private(set) var changes = 0
    private var cluster: Cluster { scene.cluster }

    init(_ scene: Scene, _ plan: KeyspacePlan) {
        self.scene = scene
        self.plan = plan
    }

    /// One after the other, as the members decide them, each at another node.
    func setUp() {
        for (place, keyspace) in plan.keyspaces.enumerated() {
            let admin = place % cluster.nodes.count + 1
            propose(.setKeyspace(prefix: keyspace.prefix, keyspace.quorums), at: admin)
            for _ in 0..<Self.setUpMsMax / 50 where !isFollowed(keyspace) { cluster.wait(ms: 50) }
            guard isFollowed(keyspace) else {
                return scene.fail("everything works", "a keyspace is not made")
            }
        }
    }

    private func isFollowed(_ keyspace: Keyspace) -> Bool {
        cluster.nodes.allSatisfy { node in
            (node.process?.shards ?? []).allSatisfy {
                $0.topology.keyspaces[keyspace.prefix] == keyspace
            }
        }
    }

    /// One step of the run: perhaps a change, or two that know nothing of each other.
    func step() {
        guard plan.drawIsDue() else { return }
        let running = cluster.nodes.filter { $0.isRunning && !$0.isPaused }.map(\.index)
        guard let admin = plan.drawAdmin(running) else { return }
        propose(plan.drawChange(), at: admin)
        guard plan.drawHasRival(), let rival = plan.drawAdmin(running), rival != admin else {
            return
        }
        propose(plan.drawChange(), at: rival)
    }

    private func propose(_ change: TopologyChange, at admin: Int) {
        changes += 1
        cluster.propose(change, at: admin)
    }
}
