internal import Essentials
internal import Glibc

/// When operations are due in the open loop, decided before anything is sent.
///
/// Real users do not wait for one another. A driver that sends the next request when the last one
/// has been answered stops asking just when the server is slow, and so leaves out the worst
/// latencies ("coordinated omission"). Here an operation's latency counts from when it was due.
struct ArrivalSchedule: Sendable {
    enum Spacing: String, CaseIterable, Sendable {
        /// Independent arrivals: some come together, as with many users.
        case poisson
        case even
    }

    private let startNs: UInt64
    private let meanGapNs: Double
    private let spacing: Spacing
    private var random: SeededRandom
    /// From the start. A Double counts nanoseconds exactly for a hundred days.
    private var elapsedNs = 0.0
    /// When the next operation is due.
    private(set) var nextNs: UInt64

    /// - Parameter ratePerSecond: above 0.
    init(ratePerSecond: Double, spacing: Spacing, startNs: UInt64, seed: UInt64) {
        invariant(ratePerSecond > 0, "no rate")
        meanGapNs = 1_000_000_000 / ratePerSecond
        self.spacing = spacing
        random = SeededRandom(seed: seed)
        self.startNs = startNs
        nextNs = startNs
        advance()
    }

    /// The next operation has been taken.
    mutating func advance() {
        switch spacing {
        case .even: elapsedNs += meanGapNs
        case .poisson: elapsedNs += -log(1 - random.nextUnit()) * meanGapNs
        }
        nextNs = startNs + UInt64(elapsedNs)
    }
}
