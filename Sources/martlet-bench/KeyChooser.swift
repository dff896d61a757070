internal import Essentials

/// Which keys are asked for, and how often.
enum KeyDistribution: String, CaseIterable, Sendable {
    /// All alike.
    case uniform
    /// A few keys, spread over all of the key numbers, get most of the requests: YCSB's scrambled
    /// zipfian.
    case zipfian
    /// The keys inserted last get most of the requests.
    case latest
    /// Each key once, in turn, and again from the first.
    case sequential
}

/// Draws key numbers. Threads have one each; a key number is below the number of keys.
struct KeyChooser: Sendable {
    private enum Method {
        case uniform
        case zipfian(Zipfian)
        case latest(Zipfian)
        case sequential(next: Int)
    }

    private var method: Method

    /// - Parameter start: where `sequential` begins, so that threads do not do the same.
    init(_ distribution: KeyDistribution, count: Int, start: Int = 0) {
        method =
            switch distribution {
            case .uniform: .uniform
            case .zipfian: .zipfian(.manyRanks)
            case .latest: .latest(Zipfian(count: count))
            case .sequential: .sequential(next: start)
            }
    }

    /// Draws one of `count` keys; of keys that are inserted, the count never falls.
    mutating func next(of count: Int, using random: inout SeededRandom) -> Int {
        switch method {
        case .uniform: return random.next(below: count)
        case .zipfian(let ranks):
            return Int(scrambled(ranks.next(using: &random)) % UInt64(count))
        case .latest(var ranks):
            ranks.grow(to: count)
            method = .latest(ranks)
            return count - 1 - ranks.next(using: &random)
        case .sequential(let next):
            method = .sequential(next: (next + 1) % count)
            return next
        }
    }

    /// FNV-1a of the rank's eight bytes, as YCSB spreads its popular ranks.
    private func scrambled(_ rank: Int) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        var rest = UInt64(rank)
        for _ in 0..<8 {
            hash = (hash ^ (rest & 0xFF)) &* 0x100_0000_01B3
            rest >>= 8
        }
        return hash
    }
}
