/// Nodes that go by the members' common clock agree on the time, whatever their own clocks say: to
/// a second and as long as messages take.
final class ClockChecker: Checker {
    let name = "clocks agree"
    private(set) var cases = 0
    private static let differenceMsMax: Int64 = 1000

    func observe(_ observation: Observation, in scene: Scene) {
        guard case .sampled = observation else { return }
        let cluster = scene.cluster
        let errors = cluster.nodes.filter { !$0.isPaused }.compactMap {
            cluster.clockErrorMs($0.index)
        }
        // Where most clocks are beyond the bound, all follow them, not all at one moment.
        let bound = cluster.options.driftMsMax
        let wrong = cluster.nodes.count { $0.skewMs.magnitude > bound }
        guard 2 * wrong < cluster.nodes.count else {
            return scene.excuse(self, "most clocks are wrong")
        }
        guard errors.count > 1, let least = errors.min(), let most = errors.max() else { return }
        cases += 1
        let slowestMs = Int64(cluster.slowestMessageNs / 1_000_000)
        guard most - least > Self.differenceMsMax + slowestMs else { return }
        scene.fail(self, "what nodes take for the time differs by \(most - least) ms")
    }
}
