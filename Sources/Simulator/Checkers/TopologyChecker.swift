internal import Engine
internal import Membership

/// Two admins never make two topologies: what nodes serve by in one epoch is the same for all, and
/// after healing all serve by the same epoch.
final class TopologyChecker: Checker {
    let name = "one topology an epoch"
    private(set) var cases = 0
    /// Looked up and never iterated.
    private var known: [UInt64: Topology] = [:]

    func observe(_ observation: Observation, in scene: Scene) {
        switch observation {
        case .followed(let node, let topology): note(topology, by: node, scene)
        case .healed, .changed: checkEnd(scene)
        default: break
        }
    }

    private func note(_ topology: Topology, by node: Int, _ scene: Scene) {
        guard let other = known[topology.epoch] else { return known[topology.epoch] = topology }
        cases += 1
        guard other != topology else { return }
        let name = scene.cluster[node].name
        scene.fail(self, "\(name) follows another topology of epoch \(topology.epoch)")
    }

    private func checkEnd(_ scene: Scene) {
        let nodes = scene.cluster.nodes.filter { !$0.isRetired }
        let topologies = nodes.map { $0.process?.control.topology }
        for (node, topology) in zip(nodes, topologies).dropFirst() {
            cases += 1
            guard topology != topologies[0] else { continue }
            let epochs = "\(topology?.epoch ?? 0) and \(topologies[0]?.epoch ?? 0)"
            scene.fail(self, "\(node.name) and \(nodes[0].name) are left in epochs \(epochs)")
        }
    }
}
