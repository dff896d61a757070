internal import Causality
internal import Engine
internal import Objects

/// Causally later values win, and only they do: no replica ever stores a value beside one that has
/// seen it; and in the end every value that is gone was seen by a write that is known.
final class CausalityChecker: Checker {
    let name = "later wins"
    private(set) var cases = 0
    /// Pairs are compared among the first so many siblings.
    private static let siblingsMax = 16

    func observe(_ observation: Observation, in scene: Scene) {
        guard !scene.mayPrune else {
            if case .stored = observation { scene.excuse(self, "contexts are cut") }
            return
        }
        switch observation {
        case .stored(let node, let key, let object): checkPairs(node, key, object, scene)
        case .healed:
            for key in scene.history.keys where Workload.Kind(of: key) != .counter {
                if let object = scene.cluster.settled(key) { checkGone(key, object, scene) }
            }
        default: break
        }
    }

    private func checkPairs(_ node: Int, _ key: ObjectKey, _ object: Object, _ scene: Scene) {
        guard object.entries.count > 1 else { return }
        if object.entries.count > Self.siblingsMax { scene.excuse(self, "many siblings") }
        let registers = object.entries.filter(\.isRegister).prefix(Self.siblingsMax)
        for one in registers {
            for other in registers where other.dot != one.dot {
                cases += 1
                guard scene.hasSeen(one.dot, other.dot, of: key) == true else { continue }
                let name = scene.cluster[node].name
                let text = "stores \(other.dot) beside \(one.dot), which has seen it"
                scene.fail(self, "\(Text.show(key.bytes)): \(name) \(text)")
            }
        }
    }

    private func checkGone(_ key: ObjectKey, _ object: Object, _ scene: Scene) {
        let known = (scene.cluster.ledger.made[key] ?? []).filter { object.context.contains($0) }
        for dot in known where !object.entries.contains(where: { $0.dot == dot }) {
            guard scene.cluster.ledger.fact(key, dot)?.value != nil else {
                scene.excuse(self, "no value to know the write by")
                continue
            }
            cases += 1
            let others = known.filter { $0 != dot }
            if others.allSatisfy({ scene.hasSeen($0, dot, of: key) == false }) {
                scene.fail(self, "\(Text.show(key.bytes)): \(dot) is gone, and nobody had seen it")
            }
        }
    }
}

extension Entry {
    var isRegister: Bool {
        if case .register = content { true } else { false }
    }
}
