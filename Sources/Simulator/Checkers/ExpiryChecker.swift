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
        let patienceMs = Workload.lifeMsMax + Int(scene.cluster.clockErrors.spreadMs)
        // A write may take effect long after its client was told of a time-out: what counts is when
        // it did.
        var latestNs: UInt64 = 0
        for write in scene.history.operations(on: read.key) {
            guard let value = write.value else { continue }
            for dot in scene.cluster.ledger.dots(of: value, read.key) {
                latestNs = max(latestNs, scene.cluster.ledger.fact(read.key, dot)?.timeNs ?? 0)
            }
        }
        guard latestNs > 0, read.startedNs > latestNs + UInt64(patienceMs) * 1_000_000 else {
            return scene.excuse(self, "not expired by every clock")
        }
        cases += 1
        if case .bulk(let value) = reply {
            scene.fail(self, "\(read.text) read \(Text.show(value)), long expired")
        }
    }
}
