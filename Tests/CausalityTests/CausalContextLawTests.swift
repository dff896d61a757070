import Causality
import Essentials
import Testing

/// A context is a set of dots, whatever its representation.
@Suite struct CausalContextLawTests {
    private static let seeds = 0..<300

    @Test(arguments: seeds) func `it contains what was put in, in whatever order`(seed: Int) {
        var random = SeededRandom(seed: UInt64(seed))
        let dots = DotSets.draw(using: &random)
        let context = DotSets.context(dots, using: &random)
        #expect(DotSets.dots(of: context) == dots)
        #expect(context == DotSets.context(dots, using: &random))
        #expect(context.isEmpty == dots.isEmpty)
        checkInvariants(context)
    }

    @Test(arguments: seeds) func `merging is the union`(seed: Int) {
        var random = SeededRandom(seed: UInt64(seed))
        let (one, other) = (DotSets.draw(using: &random), DotSets.draw(using: &random))
        var merged = DotSets.context(one, using: &random)
        merged.merge(DotSets.context(other, using: &random))
        #expect(merged == DotSets.context(one.union(other), using: &random))
        checkInvariants(merged)
    }

    @Test(arguments: seeds) func `order is inclusion`(seed: Int) {
        var random = SeededRandom(seed: UInt64(seed))
        let one = DotSets.draw(using: &random)
        let other = random.oneIn(3) ? one.union(DotSets.draw(using: &random)) : one
        let (left, right) = (
            DotSets.context(one, using: &random), DotSets.context(other, using: &random)
        )
        #expect(right.includes(left) == other.isSuperset(of: one))
        #expect(left.includes(right) == one.isSuperset(of: other))
        let expected: CausalContext.Ordering =
            one == other ? .equal : one.isSubset(of: other) ? .before : .concurrent
        #expect(left.ordering(to: right) == expected)
        #expect(
            right.ordering(to: left) == (expected == .before ? .after : expected))
    }

    @Test func `two contexts are concurrent when each knows more`() {
        var (left, right) = (CausalContext(), CausalContext())
        left.insert(DotSets.dot(1, 1))
        right.insert(DotSets.dot(2, 1))
        #expect(left.ordering(to: right) == .concurrent)
    }

    @Test(arguments: seeds) func `counters tell of prefixes and of what is highest`(seed: Int) {
        var random = SeededRandom(seed: UInt64(seed))
        let dots = DotSets.draw(using: &random)
        let context = DotSets.context(dots, using: &random)
        for node in 1...3 {
            let actor = DotSets.actor(node)
            var prefix: UInt64 = 0
            while dots.contains(Dot(actor: actor, counter: prefix + 1)) { prefix += 1 }
            #expect(context.counter(of: actor) == prefix)
            let highest = dots.filter { $0.actor == actor }.map(\.counter).max() ?? 0
            #expect(context.highestCounter(of: actor) == highest)
        }
    }

    @Test(arguments: seeds) func `equal fingerprints mean equal contexts`(seed: Int) {
        var random = SeededRandom(seed: UInt64(seed))
        let (one, other) = (DotSets.draw(using: &random), DotSets.draw(using: &random))
        let (left, right) = (
            DotSets.context(one, using: &random), DotSets.context(other, using: &random)
        )
        #expect((left.fingerprint == right.fingerprint) == (one == other))
    }

    @Test(arguments: seeds) func `what is written is read back`(seed: Int) throws {
        var random = SeededRandom(seed: UInt64(seed))
        let context = DotSets.context(DotSets.draw(using: &random), using: &random)
        var bytes: [UInt8] = []
        context.encode(into: &bytes)
        var reader = ByteReader(bytes)
        #expect(try CausalContext(from: &reader) == context)
        #expect(reader.isAtEnd)
    }

    private func checkInvariants(_ context: CausalContext) {
        for (one, next) in zip(context.entries, context.entries.dropFirst()) {
            #expect(one.actor < next.actor)
        }
        #expect(context.entries.allSatisfy { $0.counter > 0 })
        #expect(context.exceptions == context.exceptions.sorted())
        for dot in context.exceptions {
            #expect(dot.counter >= context.counter(of: dot.actor) + 2)
        }
    }
}
