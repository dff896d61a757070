internal import Engine
internal import Wire

/// What was written with a deadline is not read after it, whatever the clocks say, unless another
/// write to the key may live longer.
final class ExpiryChecker: Checker {
    let name = "expired stays gone"
    private(set) var cases = 0

    func observe(_ observation: Observation, in scene: Scene) {
        guard case .answered(let number, let reply) = observation,
            let read = scene.history.operation(number), read.name == "GET", read.isAcknowledged,
            Workload.Kind(of: read.key) == .expiring
        else { return }
        let patienceMs = Workload.lifeMsMax + 2 * scene.skewMsReached
        var latestNs: UInt64 = 0
        for write in scene.history.operations(on: read.key)
        where write.value != nil && !write.isRefused {
            let timeoutNs = UInt64(write.consistency.timeoutMs) * 1_000_000
            let endNs = write.endedNs ?? write.startedNs + timeoutNs
            // A paused node may take up a request long after its client was told of a time-out.
            latestNs = max(latestNs, write.isAcknowledged ? endNs : max(endNs, scene.lastResumeNs))
        }
        guard latestNs > 0, read.startedNs > latestNs + UInt64(patienceMs) * 1_000_000 else {
            return
        }
        cases += 1
        if case .bulk(let value) = reply {
            scene.fail(self, "\(read.text) read \(Text.show(value)), long expired")
        }
    }
}
