import Causality
import Essentials
import Objects
import Testing

/// Replicas whose contexts are cut to very few actors, and that begin new actors often.
private struct CutReplicas {
    static let actorsMax = 3
    var replicas = [Object](repeating: Object(), count: 3)
    private var random: SeededRandom
    private var epochsMs: [UInt64] = [1, 1, 1]
    private var stamp: UInt64 = 1

    init(seed: UInt64) { random = SeededRandom(seed: seed) }

    mutating func step() {
        let index = Int.random(in: 0..<3, using: &random)
        switch Int.random(in: 0..<4, using: &random) {
        case 0..<2: write(at: index)
        case 2: replicas[index].expire(nowMs: stamp)
        default: join(index, Int.random(in: 0..<3, using: &random))
        }
    }

    /// Replica `index` takes in what `other` holds.
    mutating func join(_ index: Int, _ other: Int) {
        _ = replicas[index].merge(replicas[other])
        _ = replicas[index].pruneContext(to: Self.actorsMax)
    }

    private mutating func write(at index: Int) {
        stamp += 1
        let node = NodeNumber(rawValue: UInt16(index + 1))
        if Int.random(in: 0..<2, using: &random) == 0 {
            epochsMs[index] = (epochsMs.max() ?? 0) + 1
        }
        let actor = Actor(node: node, epochMs: epochsMs[index])
        let counter = replicas[index].context.highestCounter(of: actor) + 1
        let mutation: Mutation =
            switch Int.random(in: 0..<6, using: &random) {
            case 0..<3: .assign(Array("\(stamp)".utf8), deadline: .remove)
            case 3: .assign(Array("\(stamp)".utf8), deadline: .set(stamp + 20))
            case 4: .setDeadline(.set(stamp + 15))
            default: .delete
            }
        if case .setDeadline = mutation, !replicas[index].isLive(nowMs: stamp) { return }
        replicas[index].write(
            mutation, dot: Dot(actor: actor, counter: counter),
            stamp: Timestamp(rawValue: stamp), nowMs: stamp)
        _ = replicas[index].pruneContext(to: Self.actorsMax)
    }
}

/// Cutting contexts: what it costs, and what it must not.
@Suite struct ObjectPruningTests {
    @Test(arguments: 0..<300) func `replicas that cut their contexts come to the same object`(
        seed: Int
    ) {
        var cut = CutReplicas(seed: UInt64(seed))
        for _ in 0..<60 { cut.step() }
        for _ in 0..<6 {
            for (index, other) in [(0, 1), (0, 2), (1, 0), (2, 0), (1, 2), (2, 1)] {
                cut.join(index, other)
            }
        }
        #expect(cut.replicas[0].encoded() == cut.replicas[1].encoded())
        #expect(cut.replicas[0].encoded() == cut.replicas[2].encoded())
    }

    @Test(arguments: 0..<300) func `replicas with equal fingerprints hold the same object`(
        seed: Int
    ) {
        var cut = CutReplicas(seed: UInt64(seed))
        for _ in 0..<80 {
            cut.step()
            for (left, right) in [(0, 1), (0, 2), (1, 2)] {
                let (left, right) = (cut.replicas[left], cut.replicas[right])
                #expect((left.fingerprint == right.fingerprint) == (left == right))
            }
        }
    }

    @Test func `equal contexts do not hide that one has heard of a deletion`() {
        let first = Dot(actor: Actor(node: NodeNumber(rawValue: 1), epochMs: 5), counter: 1)
        let second = Dot(actor: Actor(node: NodeNumber(rawValue: 2), epochMs: 3), counter: 1)
        var stale = Object()
        stale.write(
            .assign([1], deadline: .remove), dot: first, stamp: Timestamp(rawValue: 1), nowMs: 0)
        var deleted = stale
        deleted.write(.delete, dot: second, stamp: Timestamp(rawValue: 2), nowMs: 0)
        #expect(deleted.pruneContext(to: 1) == 1)
        #expect(deleted.context == stale.context)
        #expect(deleted.fingerprint != stale.fingerprint)
        // The deletion stays, whoever hears of whom.
        let isTaken = deleted.merge(stale)
        #expect(!isTaken)
        let isHeard = stale.merge(deleted)
        #expect(isHeard)
        #expect(stale == deleted)
    }
}
