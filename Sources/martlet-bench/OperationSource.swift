internal import Essentials

/// One operation to be made.
struct Operation: Sendable, Equatable {
    var kind: OperationKind
    /// The number of the key; of the first one, when there are several.
    var key: Int
    /// Tells the values written apart: no two writes of a run have the same.
    var version: UInt64
    /// When it was sent; in the open loop, when it should have been.
    var startNs: UInt64 = 0
    var part = Part.whole
    /// How often a cluster has sent it elsewhere.
    var redirections: UInt8 = 0

    /// What of an operation a request is for.
    enum Part: UInt8, Sendable {
        case whole
        /// The write of a read-modify-write.
        case write
        /// The ASKING before a command that a cluster has sent elsewhere.
        case asking
    }
}

/// Draws the operations of a workload, one after the other: the same seed, the same operations.
///
/// Every thread has one. Threads insert keys of their own, and read the loaded keys and those that
/// they have inserted themselves.
struct OperationSource: Sendable {
    /// Which of the threads this is for.
    struct Share: Sendable {
        var index = 0
        var count = 1

        /// The numbers below `total` that are this thread's: all threads together have each once.
        func part(of total: Int) -> Range<Int> {
            total * index / count..<total * (index + 1) / count
        }
    }

    private let workload: Workload
    private let isPure: Bool
    private let share: Share
    private let keyCount: Int
    private var chooser: KeyChooser
    private var random: SeededRandom
    private var inserted = 0
    private var acknowledgedInserts = 0
    private var drawn: UInt64 = 0
    /// How many operations are still to be drawn.
    var remaining = Int.max

    init(
        _ workload: Workload, distribution: KeyDistribution, keyCount: Int, seed: UInt64,
        share: Share = Share()
    ) {
        self.workload = workload
        isPure = workload.mix.count == 1
        self.share = share
        self.keyCount = keyCount
        chooser = KeyChooser(
            distribution, count: keyCount, start: share.part(of: keyCount).lowerBound)
        var seeds = SeededRandom(seed: seed)
        for _ in 0..<share.index { _ = seeds.next() }
        random = SeededRandom(seed: seeds.next())
    }

    /// The source of the load phase: every key once, the threads taking turns.
    static func loading(keyCount: Int, share: Share = Share()) -> OperationSource {
        var source = OperationSource(
            .load, distribution: .sequential, keyCount: keyCount, seed: 0, share: share)
        let part = share.part(of: keyCount)
        source.chooser = KeyChooser(.sequential, count: keyCount, start: part.lowerBound)
        source.remaining = part.count
        return source
    }

    /// Draws the next operation; nil when there are no more.
    mutating func next() -> Operation? {
        guard remaining > 0 else { return nil }
        remaining -= 1
        drawn += 1
        let kind = isPure ? workload.mix[0].kind : workload.kind(at: random.next(below: 100))
        let key: Int
        switch kind {
        case .insert:
            key = number(ofInsert: inserted)
            inserted += 1
        case .ping:
            key = 0
        default:
            let drawn = chooser.next(of: keyCount + acknowledgedInserts, using: &random)
            key = drawn < keyCount ? drawn : number(ofInsert: drawn - keyCount)
        }
        return Operation(kind: kind, key: key, version: UInt64(share.index) << 48 | drawn)
    }

    /// An insert has been answered: its key may be read from now on. They are answered almost in
    /// order; a read that comes too early finds nothing.
    mutating func acknowledgeInsert() { acknowledgedInserts += 1 }

    private func number(ofInsert index: Int) -> Int { keyCount + index * share.count + share.index }
}
