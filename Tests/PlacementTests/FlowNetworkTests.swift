import Essentials
import Testing

@testable import Placement

@Suite struct FlowNetworkTests {
    private struct Arc { let tail, head, capacity, cost: Int }

    @Test func `the largest flow of least cost is found`() {
        for seed in 0..<200 as Range<UInt64> {
            var random = SeededRandom(seed: seed)
            let nodeCount = Int.random(in: 2...9, using: &random)
            let arcs = (0..<Int.random(in: 1...24, using: &random)).map { _ in
                Arc(
                    tail: Int.random(in: 0..<nodeCount, using: &random),
                    head: Int.random(in: 0..<nodeCount, using: &random),
                    capacity: Int.random(in: 0...3, using: &random),
                    cost: Int.random(in: 0...1, using: &random))
            }.filter { $0.tail != $0.head }
            var network = FlowNetwork(nodeCount: nodeCount, source: 0, sink: 1)
            let numbers = arcs.map {
                network.addArc(
                    from: $0.tail, to: $0.head, capacity: $0.capacity, cost: $0.cost)
            }
            let amount = network.maximize()
            let cost = zip(arcs, numbers).reduce(0) { $0 + $1.0.cost * network.flow(on: $1.1) }
            #expect((amount, cost) == cheapestFlow(nodeCount, arcs), "seed \(seed)")
        }
    }

    /// Successive cheapest paths by Bellman and Ford, one unit at a time.
    private func cheapestFlow(_ nodeCount: Int, _ arcs: [Arc]) -> (amount: Int, cost: Int) {
        var flows = [Int](repeating: 0, count: arcs.count)
        while true {
            var distances = [Int](repeating: 1_000_000, count: nodeCount)
            var cameBy = [(arc: Int, step: Int)?](repeating: nil, count: nodeCount)
            distances[0] = 0
            for _ in 0..<nodeCount {
                for (index, arc) in arcs.enumerated() {
                    if flows[index] < arc.capacity, distances[arc.tail] < 1_000_000,
                        distances[arc.tail] + arc.cost < distances[arc.head]
                    {
                        distances[arc.head] = distances[arc.tail] + arc.cost
                        cameBy[arc.head] = (index, 1)
                    }
                    if flows[index] > 0, distances[arc.head] < 1_000_000,
                        distances[arc.head] - arc.cost < distances[arc.tail]
                    {
                        distances[arc.tail] = distances[arc.head] - arc.cost
                        cameBy[arc.tail] = (index, -1)
                    }
                }
            }
            guard distances[1] < 1_000_000 else { break }
            var node = 1
            while node != 0, let (arc, step) = cameBy[node] {
                flows[arc] += step
                node = step > 0 ? arcs[arc].tail : arcs[arc].head
            }
        }
        let amount = zip(arcs, flows).reduce(0) {
            $0 + ($1.0.head == 1 ? $1.1 : 0) - ($1.0.tail == 1 ? $1.1 : 0)
        }
        return (amount, zip(arcs, flows).reduce(0) { $0 + $1.0.cost * $1.1 })
    }
}
