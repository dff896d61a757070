internal import Engine

/// Everybody is answered: within the request's time while faults last, unless the node ends or
/// stands still; and once everything is healed, the cluster comes to rest within a bound.
final class LivenessChecker: Checker {
    let name = "everybody answered"
    private(set) var cases = 0
    /// Past the time that a request may take: for the disk to take the answer's store.
    private static let graceNs: UInt64 = 2_000_000_000

    func observe(_ observation: Observation, in scene: Scene) {
        switch observation {
        case .answered: cases += 1
        case .sampled: checkOpen(scene)
        case .healed:
            let count = scene.cluster.clients.openCount
            if count > 0 { scene.fail(self, "\(count) requests were never answered") }
        default: break
        }
    }

    private func checkOpen(_ scene: Scene) {
        let cluster = scene.cluster
        for number in cluster.clients.open {
            let request = cluster.clients[number]
            let node = cluster[request.node]
            let isStill = node.isPaused || node.isStalled
            guard !isStill, !node.isDiskHeld, node.diskSlowness == 1 else {
                scene.excuse(self, isStill ? "a pause" : "a slow disk")
                continue
            }
            let sinceNs = max(request.atNs, scene.lastResumeNs)
            let timeoutNs = UInt64(request.consistency.timeoutMs) * 1_000_000
            guard cluster.timeNs > sinceNs + timeoutNs + Self.graceNs else { continue }
            scene.fail(self, "request \(number) waits at \(node.name) past its time")
        }
    }
}
