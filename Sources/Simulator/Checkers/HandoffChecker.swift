internal import Causality
internal import Engine
internal import Objects

/// Hints bring every write to every replica, without anybody reading: once they are delivered, all
/// replicas of a key know of each acknowledged write whose coordinator cannot have forgotten who
/// missed it.
final class HandoffChecker: Checker {
    let name = "hints delivered"
    private(set) var cases = 0

    func observe(_ observation: Observation, in scene: Scene) {
        guard case .drained = observation else { return }
        guard !scene.mayPrune else { return scene.excuse(self, "contexts are cut") }
        for key in scene.history.keys {
            guard scene.damage.nodeCount(key) == 0 else {
                scene.excuse(self, "a disk lost some")
                continue
            }
            let contexts = scene.replicas(of: key).map { index in
                scene.cluster[index].disk.records[key].flatMap { try? Object(decoding: $0) }?
                    .context ?? CausalContext()
            }
            for write in scene.history.operations(on: key)
            where write.isAcknowledged && !write.isUndone && write.startedNs > scene.lastEndNs {
                guard let value = write.value else { continue }
                let dots = scene.cluster.ledger.dots(of: value, key)
                cases += 1
                let isEverywhere = contexts.allSatisfy { context in
                    dots.contains { context.contains($0) }
                }
                if !isEverywhere { scene.fail(self, "\(write.text) has not reached all replicas") }
            }
        }
    }
}
