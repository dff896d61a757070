internal import Causality
internal import Engine
internal import Objects

/// What is removed does not return: a replica's context only grows, and what the context covers
/// does not come back; what an acknowledged DPUT or DDEL had seen is gone in the end.
final class RemovalChecker: Checker {
    let name = "removed stays removed"
    private(set) var cases = 0
    private struct Holding: Hashable {
        var node: Int
        var key: ObjectKey
    }

    /// What each node stored last in this life. Looked up and never iterated.
    private var latest: [Holding: Object] = [:]

    func observe(_ observation: Observation, in scene: Scene) {
        guard !scene.mayPrune else {
            if case .stored = observation { scene.excuse(self, "contexts are cut") }
            return
        }
        switch observation {
        case .stored(let node, let key, let object): noteStore(node, key, object, scene)
        case .ended(let node): latest = latest.filter { $0.key.node != node }
        case .healed: checkReplaced(scene)
        default: break
        }
    }

    private func noteStore(_ node: Int, _ key: ObjectKey, _ object: Object, _ scene: Scene) {
        let holding = Holding(node: node, key: key)
        defer { latest[holding] = object }
        let stored = scene.cluster[node].disk.records[key]
        guard let before = latest[holding] ?? stored.flatMap({ try? Object(decoding: $0) }) else {
            return
        }
        let name = scene.cluster[node].name
        if !object.context.includes(before.context) {
            guard scene.damage.nodeCount(key) == 0 else {
                return scene.excuse(self, "a disk lost it")
            }
            scene.fail(self, "\(Text.show(key.bytes)): \(name) has forgotten some of what it knew")
        }
        for entry in object.entries where before.context.contains(entry.dot) {
            cases += 1
            let old = before.entries.first { $0.dot == entry.dot }
            if old == nil || old?.content == Entry.Content.none && entry.content != .none {
                scene.fail(self, "\(Text.show(key.bytes)): \(entry.dot) has come back at \(name)")
            }
        }
    }

    private func checkReplaced(_ scene: Scene) {
        for key in scene.history.keys where Workload.Kind(of: key) == .siblings {
            guard let object = scene.cluster.settled(key) else { continue }
            var replaced = CausalContext()
            for operation in scene.history.operations(on: key) where operation.isAcknowledged {
                guard let seen = operation.seen else { continue }
                replaced.merge(seen)
                scene.shares.noteJudged(operation.number, by: name)
            }
            for entry in object.entries where replaced.contains(entry.dot) {
                guard scene.damage.nodeCount(key) == 0 else {
                    scene.excuse(self, "a disk lost some")
                    continue
                }
                scene.fail(self, "\(Text.show(key.bytes)): \(entry.dot) was replaced and is there")
            }
        }
    }
}
