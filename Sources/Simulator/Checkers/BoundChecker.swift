internal import Engine

/// Every queue stays within its bound, and nothing is left in any of them in the end.
final class BoundChecker: Checker {
    let name = "queues bounded"
    private(set) var cases = 0

    func observe(_ observation: Observation, in scene: Scene) {
        switch observation {
        case .sampled: checkBounds(scene)
        case .healed: checkLeaks(scene)
        default: break
        }
    }

    private func checkBounds(_ scene: Scene) {
        let options = scene.cluster.options
        let cacheBytesMax = options.cacheBytesMax
        for node in scene.cluster.nodes {
            for shard in node.process?.shards ?? [] {
                if shard.plane.inFlightCount > 0 || shard.heldCount > 0 { cases += 1 }
                check("requests", shard.plane.inFlightCount, options.inFlightMax, node, scene)
                check("parked", shard.plane.parkedCount, options.parkedMax, node, scene)
                // What is not written yet cannot be evicted.
                guard !node.isDiskHeld, cacheBytesMax >= Self.cacheBytesRelevant else {
                    let reason = node.isDiskHeld ? "what is not written" : "small caches"
                    scene.excuse(self, reason)
                    continue
                }
                check("cache", shard.plane.cacheBytes, 2 * cacheBytesMax, node, scene)
            }
        }
    }

    /// In a smaller cache, what is in use may be more than the bound.
    private static let cacheBytesRelevant = 1 << 16

    private func check(_ what: String, _ count: Int, _ most: Int, _ node: Node, _ scene: Scene) {
        if count > most { scene.fail(self, "\(node.name): \(count) \(what), bound \(most)") }
    }

    private func checkLeaks(_ scene: Scene) {
        for node in scene.cluster.nodes {
            for shard in node.process?.shards ?? [] {
                let (running, parked) = (shard.plane.inFlightCount, shard.plane.parkedCount)
                guard running > 0 || parked > 0 || shard.heldCount > 0 else { continue }
                let text = "requests \(running), parked \(parked), held \(shard.heldCount)"
                scene.fail(self, "\(node.name) is left with \(text)")
            }
        }
    }
}
