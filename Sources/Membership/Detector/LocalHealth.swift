/// How much a node trusts itself: whoever is starved of processor time, or has a bad network card,
/// sees failures everywhere (Lifeguard IV.A).
///
/// 0 is healthy. Each unit makes the node's own probes slower by one period, so that it accuses
/// less, and later.
struct LocalHealth: Sendable {
    private(set) var score = 0

    /// How many times longer the node's own periods and time-outs are.
    var multiplier: UInt64 { UInt64(1 + score) }

    mutating func worsen(by count: Int = 1) {
        let worst = DetectorTiming.healthScoreMax
        // Helpers may answer twice.
        score = min(score + min(max(0, count), worst), worst)
    }

    mutating func improve() { score = max(0, score - 1) }
}
