internal import Essentials

/// A network of arcs with capacities and small costs, and the cheapest of its largest flows.
///
/// Primal-dual: the cheapest paths are found by Dijkstra's algorithm on reduced costs, then all
/// paths of that cost are filled at once by Dinic's blocking flows. Costs are 0 or 1, so there are
/// only a few different path costs, hence few rounds. Deterministic: arcs are tried in the order
/// in which they were added.
struct FlowNetwork {
    private let source: Int
    private let sink: Int
    private let nodeCount: Int
    /// Arc `a` and its reverse `a ^ 1` are neighbours.
    private var heads: [Int32] = []
    /// What can still flow.
    private var residuals: [Int32] = []
    private var costs: [Int8] = []

    /// The arcs that leave node `v` are `leaving[firstLeaving[v]..<firstLeaving[v + 1]]`.
    private var firstLeaving: [Int32] = []
    private var leaving: [Int32] = []
    private var potentials: [Int32] = []
    private var levels: [Int32] = []
    private var next: [Int32] = []

    init(nodeCount: Int, source: Int, sink: Int) {
        self.nodeCount = nodeCount
        self.source = source
        self.sink = sink
    }

    /// Returns the arc's number, to ask for its flow later.
    @discardableResult
    mutating func addArc(from tail: Int, to head: Int, capacity: Int, cost: Int = 0) -> Int {
        heads.append(Int32(head))
        heads.append(Int32(tail))
        residuals.append(Int32(capacity))
        residuals.append(0)
        costs.append(Int8(cost))
        costs.append(Int8(-cost))
        return heads.count - 2
    }

    func flow(on arc: Int) -> Int { Int(residuals[arc ^ 1]) }

    /// Finds the largest flow of least cost, and returns its amount.
    mutating func maximize() -> Int {
        indexArcs()
        potentials = Array(repeating: 0, count: nodeCount)
        var total = 0
        while raisePotentials() {
            while buildLevels() { total += fillLevels() }
        }
        return total
    }

    /// Sorts the arcs by their tails, by counting; the order among those of one tail is kept.
    private mutating func indexArcs() {
        firstLeaving = Array(repeating: 0, count: nodeCount + 1)
        for arc in heads.indices { firstLeaving[Int(heads[arc ^ 1]) + 1] += 1 }
        for node in 0..<nodeCount { firstLeaving[node + 1] += firstLeaving[node] }
        var end = firstLeaving
        leaving = Array(repeating: 0, count: heads.count)
        for arc in heads.indices {
            let tail = Int(heads[arc ^ 1])
            leaving[Int(end[tail])] = Int32(arc)
            end[tail] += 1
        }
    }

    /// Dijkstra's algorithm with a bucket for every distance. Makes all arcs on cheapest paths
    /// cost nothing after reduction; returns false when the sink cannot be reached any more.
    private mutating func raisePotentials() -> Bool {
        var distances = [Int32](repeating: .max, count: nodeCount)
        var buckets: [[Int32]] = [[Int32(source)]]
        distances[source] = 0
        var distance = 0
        while distance < buckets.count {
            while let node = buckets[distance].popLast() {
                guard distances[Int(node)] == Int32(distance) else { continue }
                for slot in firstLeaving[Int(node)]..<firstLeaving[Int(node) + 1] {
                    let arc = Int(leaving[Int(slot)])
                    guard residuals[arc] > 0 else { continue }
                    let head = Int(heads[arc])
                    let reached = Int32(distance) + reducedCost(of: arc, from: Int(node), to: head)
                    guard reached < distances[head] else { continue }
                    distances[head] = reached
                    while buckets.count <= Int(reached) { buckets.append([]) }
                    buckets[Int(reached)].append(Int32(head))
                }
            }
            distance += 1
        }
        let goal = distances[sink]
        guard goal < .max else { return false }
        for node in 0..<nodeCount { potentials[node] += min(distances[node], goal) }
        return true
    }

    private func reducedCost(of arc: Int, from tail: Int, to head: Int) -> Int32 {
        Int32(costs[arc]) + potentials[tail] - potentials[head]
    }

    private func isAdmissible(_ arc: Int, from tail: Int, to head: Int) -> Bool {
        residuals[arc] > 0 && reducedCost(of: arc, from: tail, to: head) == 0
    }

    /// Breadth first over the arcs that cost nothing; returns whether the sink was reached.
    private mutating func buildLevels() -> Bool {
        levels = Array(repeating: -1, count: nodeCount)
        levels[source] = 0
        var queue = [Int32(source)]
        var index = 0
        while index < queue.count {
            let node = Int(queue[index])
            index += 1
            for slot in firstLeaving[node]..<firstLeaving[node + 1] {
                let arc = Int(leaving[Int(slot)])
                let head = Int(heads[arc])
                guard levels[head] < 0, isAdmissible(arc, from: node, to: head) else { continue }
                levels[head] = levels[node] + 1
                queue.append(Int32(head))
            }
        }
        return levels[sink] >= 0
    }

    /// Depth first along rising levels until no path is left; returns the flow it added.
    private mutating func fillLevels() -> Int {
        next = Array(firstLeaving.dropLast())
        var total = 0
        var path: [Int] = []
        var node = source
        while true {
            if node == sink {
                total += push(along: path)
                // Go back to the tail of the first arc that is full now.
                let full = path.firstIndex { residuals[$0] == 0 } ?? 0
                node = Int(heads[path[full] ^ 1])
                path.removeSubrange(full...)
            } else if let arc = nextArc(from: node) {
                path.append(arc)
                node = Int(heads[arc])
            } else if let arc = path.popLast() {
                node = Int(heads[arc ^ 1])
                next[node] += 1
            } else {
                return total
            }
        }
    }

    private mutating func nextArc(from node: Int) -> Int? {
        while next[node] < firstLeaving[node + 1] {
            let arc = Int(leaving[Int(next[node])])
            let head = Int(heads[arc])
            if levels[head] == levels[node] + 1, isAdmissible(arc, from: node, to: head) {
                return arc
            }
            next[node] += 1
        }
        return nil
    }

    private mutating func push(along path: [Int]) -> Int {
        let amount = path.reduce(Int32.max) { min($0, residuals[$1]) }
        invariant(amount > 0, "a path without room")
        for arc in path {
            residuals[arc] -= amount
            residuals[arc ^ 1] += amount
        }
        return Int(amount)
    }
}
