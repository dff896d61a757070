internal import Engine
internal import Objects
internal import Wire

/// While none of a key's primaries runs nobody says that the key is absent: hints may tell of what
/// was written, and that it was removed, and else there is nobody who knows.
final class StandInChecker: Checker {
    let name = "nobody guesses"
    private(set) var cases = 0
    /// When each node last ended. Looked up and never iterated.
    private var endsNs: [Int: UInt64] = [:]

    func observe(_ observation: Observation, in scene: Scene) {
        switch observation {
        case .ended(let node): endsNs[node] = scene.cluster.timeNs
        case .answered(let number, let reply):
            guard let read = scene.history.operation(number), read.isAcknowledged,
                isAlone(read, scene)
            else { return }
            cases += 1
            guard read.name == "GET", reply == .null, !mayBeRemoved(read, scene) else { return }
            scene.fail(self, "\(read.text) was answered nothing, and no primary runs")
        default: break
        }
    }

    /// Whether no primary has run from the read's beginning to its end.
    private func isAlone(_ read: History.Operation, _ scene: Scene) -> Bool {
        scene.replicas(of: read.key).allSatisfy { node in
            !scene.cluster[node].isRunning && (endsNs[node] ?? .max) < read.startedNs
        }
    }

    /// Whether some hint may tell of a removal.
    private func mayBeRemoved(_ read: History.Operation, _ scene: Scene) -> Bool {
        scene.history.operations(on: read.key).contains { operation in
            switch operation.name {
            case "GET", "DGET", "INCRBY": false
            case "SET": operation.words.count > 3
            default: true
            }
        }
    }
}
