internal import Engine
internal import Essentials
internal import Membership
internal import Placement
internal import Platform

extension NodeAdmin {
    func hints() throws(AdminError) -> HintReport {
        let parts = try services.collect(timeoutMs: Self.loopTimeoutMs) {
            $0.dataPlane.hintFigures
        }
        let state = services.currentState
        let reachable = state.reachable
        let nowNs = SystemClock.monotonicNs()
        let configuration = services.configuration.current
        let targets = HintFigures.sum(parts).map { figures in
            HintReport.Target(
                number: Int(figures.target.rawValue),
                clientAddress: state.topology.member(figures.target)?.clientAddress ?? "",
                isReachable: reachable.contains(figures.target),
                isDelivering: figures.isDelivering, records: figures.records,
                bytes: figures.bytes,
                oldestSeconds: figures.ageMs(nowNs: nowNs).map { Int($0 / 1000) },
                rate: figures.rate, delivered: figures.delivered,
                dirtyPartitions: figures.dirty.map(\.index).sorted())
        }
        return HintReport(
            number: Int(number.rawValue), bytesMax: configuration.hintBytesMax,
            ageSecondsMax: configuration.hintAgeSecondsMax, targets: targets)
    }
}

extension HintFigures {
    /// The figures of all shards as if they were one's, ascending by target.
    static func sum(_ parts: [[HintFigures]]) -> [HintFigures] {
        var sums: [HintFigures] = []
        for figures in parts.joined() {
            let index = sums.firstIndex { $0.target >= figures.target } ?? sums.count
            if index < sums.count, sums[index].target == figures.target {
                sums[index].add(figures)
            } else {
                sums.insert(figures, at: index)
            }
        }
        return sums
    }

    private mutating func add(_ other: HintFigures) {
        oldestMs = [oldestMs, other.oldestMs].compactMap { $0 }.min()
        records += other.records
        bytes += other.bytes
        isDelivering = isDelivering || other.isDelivering
        rate += other.rate
        delivered += other.delivered
        dirty += other.dirty
    }
}
