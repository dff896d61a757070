internal import Engine
internal import Objects

/// A counter is exactly the sum of the increments that were acknowledged, and of some of those
/// whose outcome is unknown: none is lost and none counts twice.
final class CounterChecker: Checker {
    let name = "counters exact"
    private(set) var cases = 0
    /// With more unknown increments than this, any sum within their range passes.
    private static let unknownMax = 16

    func observe(_ observation: Observation, in scene: Scene) {
        guard case .healed = observation else { return }
        for key in scene.history.keys where Workload.Kind(of: key) == .counter { check(key, scene) }
    }

    private func check(_ key: ObjectKey, _ scene: Scene) {
        var sure = 0
        var unknown: [Int] = []
        for operation in scene.history.operations(on: key)
        where operation.name == "INCRBY" && !operation.isRefused {
            let amount = Int(String(decoding: operation.words[2], as: UTF8.self)) ?? 0
            if operation.isAcknowledged { sure += amount } else { unknown.append(amount) }
        }
        // An increment that damage took away was not lost by anybody's mistake.
        guard scene.damage.nodeCount(key) == 0 else {
            return scene.excuse(self, "a disk lost some")
        }
        cases += 1
        if unknown.count > Self.unknownMax { scene.excuse(self, "many unknown increments") }
        let value = scene.cluster.settled(key)?.visible(nowMs: 0)?.bytes ?? Array("0".utf8)
        let sum = Int(String(decoding: value, as: UTF8.self)) ?? -1
        guard !Self.isSum(sum - sure, of: unknown) else { return }
        let text = "is \(sum): \(sure) are sure, \(unknown) unknown"
        scene.fail(self, "\(Text.show(key.bytes)) \(text)")
    }

    /// Whether some of `amounts` add up to `rest`.
    private static func isSum(_ rest: Int, of amounts: [Int]) -> Bool {
        if rest == 0 { return true }
        guard rest > 0, rest <= amounts.reduce(0, +) else { return false }
        guard amounts.count <= unknownMax else { return true }
        var sums: Set = [0]
        for amount in amounts { sums.formUnion(sums.map { $0 + amount }) }
        return sums.contains(rest)
    }
}
