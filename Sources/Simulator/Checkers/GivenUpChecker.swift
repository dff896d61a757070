internal import Causality
internal import Engine
internal import Essentials

/// A command that was answered is not begun any more, and none is begun at two nodes.
///
/// What it wrote tells: no two commands write the same string, and the ledger knows when each write
/// was made, and by whom. A write may reach replicas long after its client was told that nobody had
/// answered; but its dot must be from before.
final class GivenUpChecker: Checker {
    let name = "begun once, in time"
    private(set) var cases = 0

    func observe(_ observation: Observation, in scene: Scene) {
        guard case .healed = observation else { return }
        for key in scene.history.keys {
            for operation in scene.history.operations(on: key) { check(operation, scene) }
        }
    }

    private func check(_ operation: History.Operation, _ scene: Scene) {
        guard let value = operation.value else { return }
        let ledger = scene.cluster.ledger
        let dots = ledger.dots(of: value, operation.key)
        // A coordinator may write again, above what it did not know of at first.
        guard let first = dots.first else { return }
        // Clients with pipelines also write again what is there, by APPEND and the like: those are
        // judged by what they read.
        guard Workload.Kind(of: operation.key) != nil else {
            return scene.excuse(self, "a value that may be written by others, too")
        }
        cases += 1
        if let other = dots.first(where: { $0.actor.node != first.actor.node }) {
            let nodes = "nodes \(first.actor.node) and \(other.actor.node)"
            scene.fail(self, "\(operation.text) was carried out by \(nodes)")
        }
        guard let endedNs = operation.endedNs,
            let madeNs = ledger.fact(operation.key, first)?.timeNs, madeNs > endedNs
        else { return }
        let ms = (madeNs - endedNs) / 1_000_000
        scene.fail(self, "\(operation.text) was begun \(ms) ms after its client's answer")
    }
}
