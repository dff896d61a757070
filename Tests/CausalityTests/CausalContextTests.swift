import Causality
import Essentials
import Testing

@Suite struct CausalContextTests {
    private func context(_ entries: [(node: Int, epochMs: UInt64, counter: UInt64)])
        -> CausalContext
    {
        var context = CausalContext()
        for entry in entries {
            for counter in 1...entry.counter {
                let actor = DotSets.actor(entry.node, epochMs: entry.epochMs)
                context.insert(Dot(actor: actor, counter: counter))
            }
        }
        return context
    }

    @Test func `pruning drops the oldest epochs, whoever's they are`() {
        var context = context([(1, 30, 1), (2, 10, 1), (3, 20, 1), (1, 5, 1)])
        #expect(context.prune(to: 2, keeping: []) == 2)
        #expect(context.entries.map(\.actor.epochMs).sorted() == [20, 30])
        #expect(context.prune(to: 2, keeping: []) == 0)
    }

    @Test func `pruning keeps actors whose values live`() {
        var context = context([(1, 30, 1), (2, 10, 1), (3, 20, 1)])
        let kept = [DotSets.actor(2, epochMs: 10)]
        #expect(context.prune(to: 1, keeping: kept) == 2)
        #expect(context.entries.map(\.actor) == kept)
        #expect(context.prune(to: 0, keeping: kept) == 0)
    }

    @Test func `pruning drops the exceptions of its actors as well`() {
        var context = context([(1, 10, 1), (2, 20, 1)])
        context.insert(Dot(actor: DotSets.actor(1, epochMs: 10), counter: 5))
        #expect(context.prune(to: 1, keeping: []) == 1)
        #expect(context.exceptions == [])
    }

    @Test func `replicas that prune in another order come to the same actors`() {
        var random = SeededRandom(seed: 7)
        let actors = (1...40).map { index in
            (node: index % 4 + 1, epochMs: UInt64(index * 37 % 41), counter: UInt64(1))
        }
        var results: Set<CausalContext> = []
        for _ in 0..<20 {
            var merged = CausalContext()
            for actor in actors.shuffled(using: &random) {
                merged.merge(context([actor]))
                _ = merged.prune(to: 10, keeping: [])
            }
            results.insert(merged)
        }
        #expect(results.count == 1)
    }

    @Test func `the latest actor of a node is the one with the latest epoch`() {
        let context = context([(1, 5, 1), (1, 9, 1), (2, 7, 1)])
        #expect(
            context.latestActor(of: NodeNumber(rawValue: 1)) == DotSets.actor(1, epochMs: 9))
        #expect(context.latestActor(of: NodeNumber(rawValue: 3)) == nil)
        #expect(context.newestEpochMs() == 9)
        #expect(context.newestEpochMs(of: NodeNumber(rawValue: 2)) == 7)
        #expect(context.newestEpochMs(of: NodeNumber(rawValue: 4)) == 0)
    }

    @Test func `exceptions can be forgotten, prefixes cannot`() {
        var context = CausalContext()
        for counter: UInt64 in [1, 3, 5] { context.insert(DotSets.dot(1, counter)) }
        context.filterExceptions { $0.counter == 5 }
        #expect(context.contains(DotSets.dot(1, 1)))
        #expect(!context.contains(DotSets.dot(1, 3)))
        #expect(context.contains(DotSets.dot(1, 5)))
    }

    @Test func `an actor is a node and the time of its beginning`() {
        let actor = Actor(node: NodeNumber(rawValue: 258), epochMs: 0x0102_0304_0506)
        #expect(actor.rawValue == 0x0102_0102_0304_0506)
        #expect(actor.node == NodeNumber(rawValue: 258))
        #expect(actor.epochMs == 0x0102_0304_0506)
        #expect(Actor(node: NodeNumber(rawValue: .max), epochMs: Actor.epochMsMax).rawValue == .max)
    }
}
