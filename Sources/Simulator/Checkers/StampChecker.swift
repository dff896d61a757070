internal import Causality
internal import Engine
internal import Essentials
internal import Objects

/// What a node writes is stamped later than all that it held of the key.
final class StampChecker: Checker {
    let name = "stamps grow"
    private(set) var cases = 0

    private struct Holding: Hashable {
        var node: Int
        var key: ObjectKey
    }

    /// The latest stamp that each node has stored in this life, and the dots of its own that it was
    /// seen with. Looked up and never iterated.
    private var latest: [Holding: Timestamp] = [:]
    /// Looked up and never iterated.
    private var known: [Holding: [Dot]] = [:]
    private static let dotsMax = 8

    func observe(_ observation: Observation, in scene: Scene) {
        switch observation {
        case .stored(let node, let key, let object): note(node, key, object, scene)
        case .ended(let node):
            latest = latest.filter { $0.key.node != node }
        default: break
        }
    }

    private func note(_ node: Int, _ key: ObjectKey, _ object: Object, _ scene: Scene) {
        let holding = Holding(node: node, key: key)
        let number = scene.cluster[node].number
        let before =
            latest[holding]
            ?? scene.cluster[node].disk.records[key]
            .flatMap { try? Object(decoding: $0) }?.latestStamp ?? .zero
        let own = object.entries.filter { $0.dot.actor.node == number }
        for entry in own where !(known[holding]?.contains(entry.dot) ?? false) {
            // What was made earlier comes back from others after a start.
            guard scene.cluster.ledger.fact(key, entry.dot)?.timeNs == nil else { continue }
            // Stamps that no right clock can have given are settled.
            let nowMs = scene.cluster.now(node).wallMs
            guard before.wallMs <= nowMs + scene.cluster.options.driftMsMax else { continue }
            cases += 1
            guard entry.stamp <= before else { continue }
            // Wiped, or put back: what it had is not what it has.
            guard !scene.damage.nodes.contains(node) else {
                scene.excuse(self, "a disk lost some")
                continue
            }
            scene.fail(
                self,
                "\(Text.show(key.bytes)): \(scene.cluster[node].name) stamps \(entry.dot) "
                    + "\(entry.stamp), and had \(before)")
        }
        known[holding] = own.map(\.dot).suffix(Self.dotsMax)
        latest[holding] = max(object.latestStamp, before)
    }
}
