internal import Engine
internal import Essentials
internal import Objects
internal import Wire

/// A write is acknowledged only when w replicas hold it, pw of them primaries, dw of them past an
/// fsync; with `wal-sync always` all of them past one.
///
/// It looks at the disks at the very moment of the answer.
final class AcknowledgementChecker: Checker {
    let name = "acknowledgements"
    private(set) var cases = 0

    func observe(_ observation: Observation, in scene: Scene) {
        guard case .answered(let number, _) = observation,
            let operation = scene.history.operation(number), operation.isAcknowledged,
            let value = operation.value, !operation.isUndone
        else { return }
        let dots = scene.cluster.ledger.dots(of: value, operation.key)
        guard !dots.isEmpty else {
            return scene.fail(self, "\(operation.text) was acknowledged and never made")
        }
        // What a context that was cut has forgotten, or a disk has lost, cannot be counted.
        guard !dots.contains(where: { scene.isCut($0, of: operation.key) }) else {
            return scene.excuse(self, "contexts are cut")
        }
        guard scene.damage.nodeCount(operation.key, sinceNs: operation.startedNs) == 0 else {
            return scene.excuse(self, "a disk lost it meanwhile")
        }
        cases += 1
        let primaries = scene.replicas(of: operation.key)
        let required = operation.consistency.bounded(by: primaries.count)
        let isAlwaysDurable = scene.cluster.options.acknowledgesDurable
        var stored = 0
        var primariesStored = 0
        var durable = 0
        for node in scene.cluster.nodes {
            let isPrimary = primaries.contains(node.index)
            // What a primary keeps for another one is no copy of its own.
            let targets =
                isPrimary ? [] : primaries.map { NodeNumber(rawValue: UInt16($0)) }
            let isWritten = dots.contains {
                node.disk.isWritten($0, of: operation.key, orFor: targets)
            }
            let isDurable = dots.contains {
                node.disk.isDurable($0, of: operation.key, orFor: targets)
            }
            if isDurable { durable += 1 }
            guard isAlwaysDurable ? isDurable : isWritten else { continue }
            stored += 1
            if isPrimary { primariesStored += 1 }
        }
        if stored < required.w {
            scene.fail(self, "\(operation.text) is on \(stored) nodes, w is \(required.w)")
        } else if primariesStored < required.pw {
            let text = "is on \(primariesStored) primaries, pw is \(required.pw)"
            scene.fail(self, "\(operation.text) \(text)")
        } else if durable < required.dw {
            scene.fail(self, "\(operation.text) is synced on \(durable), dw is \(required.dw)")
        }
    }
}

extension History.Operation {
    /// Whether it answered that it has written nothing: SET NX on a key that was there. One that
    /// answers with what was there before has.
    var isUndone: Bool {
        guard case .acknowledged(.null) = outcome else { return false }
        return name != "GETSET" && !words.dropFirst(3).contains(Array("GET".utf8))
    }

    /// For people.
    var text: String {
        let shown = words.map { Text.showToken($0) }.joined(separator: " ")
        return "request \(number), \(shown),"
    }
}
