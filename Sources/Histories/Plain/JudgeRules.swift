/// What a judge of histories may rely on.
public struct JudgeRules: Sendable {
    /// By how much a clock that makes or keeps deadlines may be wrong.
    public var toleranceMs: Int64
    /// What wall clocks showed at time 0 of the history, in ms since 1970.
    public var wallStartMs: Int64
    /// Whether commands of one connection on one key take effect in their order.
    public var keepsOrder = true
    /// Whether a command that was refused has not taken effect.
    public var trustsRefusals = true
    /// Whether an acknowledged write covers all that was acknowledged before, whatever clocks say.
    public var coversAcknowledged = true
    /// Whether what is shown lives as long as its writer said, whatever stands beside it.
    public var followsWinner = true
    /// How many steps a search for an explanation may look at.
    public var stepsMax = 200_000

    public init(toleranceMs: Int64 = 0, wallStartMs: Int64 = 0) {
        self.toleranceMs = toleranceMs
        self.wallStartMs = wallStartMs
    }

    /// Clocks count milliseconds.
    private static let roundingNs: Int64 = 1_000_000
    /// No deadline is further away, so that sums stay in range.
    private static let horizonNs: Int64 = .max / 4

    var toleranceNs: Int64 { Self.clamped(toleranceMs) + Self.roundingNs }

    /// When it is so many milliseconds after a moment between two others.
    func moments(afterMs ms: Int64, from firstNs: Int64, to lastNs: Int64) -> Moments {
        let ns = Self.clamped(ms)
        return Moments(
            earliestNs: min(min(firstNs, Self.horizonNs) + ns, Self.horizonNs) - toleranceNs,
            latestNs: min(min(lastNs, Self.horizonNs) + ns, Self.horizonNs) + toleranceNs)
    }

    /// When a wall clock shows so many milliseconds.
    func moments(atMs ms: Int64) -> Moments {
        let (since, overflow) = ms.subtractingReportingOverflow(wallStartMs)
        let ns = Self.clamped(overflow ? ms : since)
        return Moments(earliestNs: ns - toleranceNs, latestNs: ns + toleranceNs)
    }

    private static func clamped(_ ms: Int64) -> Int64 {
        let (ns, overflow) = ms.multipliedReportingOverflow(by: 1_000_000)
        if overflow { return ms < 0 ? -horizonNs : horizonNs }
        return min(max(ns, -horizonNs), horizonNs)
    }
}
