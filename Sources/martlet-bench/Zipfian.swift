internal import Essentials
internal import Glibc

/// Draws ranks so that rank i comes up in proportion to 1 / (i + 1)^theta: few keys get most of the
/// requests, as in real life.
///
/// The method is Gray et al., "Quickly Generating Billion-Record Synthetic Databases" (SIGMOD
/// 1994), with the constants of YCSB's ZipfianGenerator, so that workloads are comparable.
struct Zipfian: Sendable {
    /// YCSB's skew.
    static let theta = 0.99

    private(set) var count: Int
    private var zeta: Double
    private var eta: Double

    private static let alpha = 1 / (1 - theta)
    private static let firstTwo = 1 + pow(0.5, theta)

    /// Draws from `0..<count`. Summing up the series takes some 20 ns a rank.
    init(count: Int) {
        invariant(count > 0, "no rank to draw")
        self.init(count: count, zeta: Self.terms(0..<count))
    }

    private init(count: Int, zeta: Double) {
        self.count = count
        self.zeta = zeta
        eta = Self.eta(count: count, zeta: zeta)
    }

    /// YCSB's ten thousand million ranks, which it spreads over as many keys as there are: adding
    /// keys then does not change which ones are popular.
    static let manyRanks = Zipfian(count: 10_000_000_000, zeta: 26.469_028_201_783_02)

    /// Adds ranks, at the cost of as many terms of the series.
    mutating func grow(to newCount: Int) {
        guard newCount > count else { return }
        zeta += Self.terms(count..<newCount)
        count = newCount
        eta = Self.eta(count: count, zeta: zeta)
    }

    func next(using random: inout SeededRandom) -> Int {
        let draw = random.nextUnit()
        let scaled = draw * zeta
        if scaled < 1 { return 0 }
        if scaled < Self.firstTwo { return min(1, count - 1) }
        return min(Int(Double(count) * pow(eta * draw - eta + 1, Self.alpha)), count - 1)
    }

    private static func terms(_ ranks: Range<Int>) -> Double {
        ranks.reduce(0) { $0 + 1 / pow(Double($1 + 1), theta) }
    }

    private static func eta(count: Int, zeta: Double) -> Double {
        (1 - pow(2 / Double(count), 1 - theta)) / (1 - firstTwo / zeta)
    }
}

extension SeededRandom {
    /// A number from 0 up to, not including, 1.
    mutating func nextUnit() -> Double { Double(next() >> 11) / 0x1p53 }

    /// A number below `count`, by multiplying (Lemire): its bias is beyond measure.
    mutating func next(below count: Int) -> Int {
        Int(next().multipliedFullWidth(by: UInt64(count)).high)
    }
}
