/// A node takes itself for one that has forgotten dots only where its disk has lost something: for
/// each time all its keys go on under new actors.
final class MemoryChecker: Checker {
    let name = "doubts have reasons"
    private(set) var cases = 0

    func observe(_ observation: Observation, in scene: Scene) {
        switch observation {
        case .stored: cases += 1
        case .doubted(let node):
            guard !scene.damage.nodes.contains(node) else {
                return scene.excuse(self, "a disk lost some")
            }
            let name = scene.cluster[node].name
            scene.fail(self, "\(name) doubts what it knows, and has lost nothing")
        default: break
        }
    }
}
