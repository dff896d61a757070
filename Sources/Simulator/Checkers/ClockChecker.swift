/// Nodes that go by the members' common clock agree on the time, whatever their own clocks say: to
/// a second and as long as messages take.
final class ClockChecker: Checker {
    let name = "clocks agree"
    private(set) var cases = 0
    private static let differenceMsMax: Int64 = 1000
    /// Who has stood still has taken in what was said before that as if it were new, until it has
    /// asked again; and where all have started anew, all draw near each other again.
    private static let resumedNsMin: UInt64 = 3_000_000_000
    /// When each node last started, or went on. Looked up and never iterated.
    private var resumesNs: [Int: UInt64] = [:]
    /// Where most clocks were beyond the bound, all follow them, not all at one moment; and back.
    private var wereMostWrong = false

    func observe(_ observation: Observation, in scene: Scene) {
        switch observation {
        case .resumed(let node), .started(let node): resumesNs[node] = scene.cluster.timeNs
        case .sampled: check(scene)
        default: break
        }
    }

    private func check(_ scene: Scene) {
        let cluster = scene.cluster
        let bound = cluster.options.driftMsMax
        let wrong = cluster.nodes.count { $0.skewMs.magnitude > bound }
        if 2 * wrong >= cluster.nodes.count { wereMostWrong = true }
        guard !wereMostWrong else { return scene.excuse(self, "most clocks were wrong") }
        let errors = cluster.nodes.filter { node in
            let resumedNs = resumesNs[node.index] ?? 0
            return !node.isPaused && !node.isStalled
                && (resumedNs == 0 || cluster.timeNs > resumedNs + Self.resumedNsMin)
        }.compactMap { cluster.clockErrorMs($0.index) }
        guard errors.count > 1, let least = errors.min(), let most = errors.max() else { return }
        cases += 1
        let slowestMs = Int64(cluster.slowestMessageNs / 1_000_000)
        guard most - least > Self.differenceMsMax + slowestMs else { return }
        scene.fail(self, "what nodes take for the time differs by \(most - least) ms")
    }
}
