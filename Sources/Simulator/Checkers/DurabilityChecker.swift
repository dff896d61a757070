internal import Causality
internal import Engine
internal import Objects

/// No acknowledged write is lost: in the end it is there, or something that has seen it.
///
/// The only excuse is damage: as many disks have lost it as the client had asked for, and not one
/// fewer.
final class DurabilityChecker: Checker {
    let name = "nothing lost"
    private(set) var cases = 0

    func observe(_ observation: Observation, in scene: Scene) {
        // A context that was cut has forgotten writes, and says nothing of them.
        guard case .healed = observation else { return }
        guard !scene.mayPrune else { return scene.excuse(self, "contexts are cut") }
        for key in scene.history.keys {
            let object = scene.cluster.settled(key) ?? Object()
            for operation in scene.history.operations(on: key)
            where operation.isAcknowledged && !operation.isUndone {
                guard let value = operation.value else { continue }
                guard !isExcused(operation, scene) else {
                    scene.excuse(self, "as many disks lost it as were asked for")
                    continue
                }
                scene.shares.noteJudged(operation.number, by: name)
                let dots = scene.cluster.ledger.dots(of: value, key)
                cases += 1
                if !dots.contains(where: { object.context.contains($0) }) {
                    scene.fail(self, "\(operation.text) was acknowledged and is lost")
                }
            }
        }
    }

    private func isExcused(_ operation: History.Operation, _ scene: Scene) -> Bool {
        let primaries = scene.replicas(of: operation.key)
        let required = operation.consistency.bounded(by: primaries.count)
        func lost(durableOnly: Bool) -> Int {
            scene.damage.nodeCount(
                operation.key, sinceNs: operation.startedNs, durableOnly: durableOnly)
        }
        if scene.cluster.options.acknowledgesDurable {
            return lost(durableOnly: true) >= required.w
        }
        let isSyncedAway = required.dw == 0 || lost(durableOnly: true) >= required.dw
        return isSyncedAway && lost(durableOnly: false) >= required.w
    }
}
