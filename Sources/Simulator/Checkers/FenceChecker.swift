internal import Engine
internal import Wire

/// A replica does nothing for a coordinator that follows a topology of another fence: the two might
/// disagree about who holds what, or about what was flushed.
final class FenceChecker: Checker {
    let name = "fences hold"
    private(set) var cases = 0

    func observe(_ observation: Observation, in scene: Scene) {
        guard case .fenced(let node, let message, let effects) = observation else { return }
        cases += 1
        guard effects.contains(where: \.serves) else { return }
        let name = scene.cluster[node].name
        scene.fail(self, "\(name) serves what comes from another topology: \(message)")
    }
}

extension DataPlane.Effect {
    /// Whether it does something with a request but to refuse it.
    fileprivate var serves: Bool {
        switch self {
        case .load, .store, .storeHint: true
        case .answer(_, .refused, _): false
        case .answer: true
        default: false
        }
    }
}

extension Cluster {
    /// Whether the event is a peer's request from beyond a fence.
    func isFenced(_ event: DataPlane.Event, _ index: Int, _ shard: Int) -> Bool {
        guard case .received(let message, _, _, let header) = event, message.requestID != nil,
            let plane = self[index].process?.shards[shard].plane
        else { return false }
        return header.epoch < plane.fence || plane.epoch < header.fence
    }
}
