import Causality
import Essentials

/// Contexts as they are meant: plain sets of dots.
enum DotSets {
    static func actor(_ node: Int, epochMs: UInt64 = 1) -> Actor {
        Actor(node: NodeNumber(rawValue: UInt16(node)), epochMs: epochMs)
    }

    static func dot(_ node: Int, _ counter: UInt64) -> Dot {
        Dot(actor: actor(node), counter: counter)
    }

    /// A few dots of three actors, with gaps and without.
    static func draw(using random: inout SeededRandom) -> Set<Dot> {
        var dots: Set<Dot> = []
        for _ in 0..<Int.random(in: 0...12, using: &random) {
            let node = Int.random(in: 1...3, using: &random)
            dots.insert(dot(node, UInt64.random(in: 1...6, using: &random)))
        }
        return dots
    }

    static func context(_ dots: Set<Dot>, using random: inout SeededRandom) -> CausalContext {
        var context = CausalContext()
        for dot in dots.sorted().shuffled(using: &random) { context.insert(dot) }
        return context
    }

    /// All dots that `context` contains, of those that the tests use.
    static func dots(of context: CausalContext) -> Set<Dot> {
        var dots: Set<Dot> = []
        for node in 1...3 {
            for counter: UInt64 in 1...8 where context.contains(dot(node, counter)) {
                dots.insert(dot(node, counter))
            }
        }
        return dots
    }
}
