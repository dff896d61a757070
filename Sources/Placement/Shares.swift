/// What each member's weight asks of a placement: exact shares, before they are rounded.
///
/// A node can hold each partition once, and a zone each partition a bounded number of times. What
/// a weight asks above that is shared out among the others in proportion to their weights, as
/// water poured into vessels of different heights finds one level ("water-filling").
///
/// All arrays but those of zones have one element a member.
struct Shares: Equatable, Sendable {
    let partitionCount: Int
    let replicaCount: Int
    /// Each member's zone, as an index into the zones' arrays.
    let zones: [Int]
    /// How many replicas of one partition a zone has at least and at most: as even as its number
    /// of members permits.
    let zoneBounds: [ClosedRange<Int>]
    /// Vnodes of all members of a zone together.
    let zoneVnodes: [Double]
    let vnodes: [Double]
    /// First places: as many as the weight asks, but never more than vnodes.
    let firstPlaces: [Double]

    /// - Precondition: at least one member, all weights positive, `1 <= n`.
    init(partitionCount: Int, n: Int, weights: [Int], zones: [Int]) {
        let zoneSizes = Self.sizes(zones)
        let replicaCount = min(n, weights.count)
        let bounds = Self.evenBounds(replicaCount: replicaCount, zoneSizes: zoneSizes)
        let members = zoneSizes.indices.map { zone in
            weights.indices.filter { zones[$0] == zone }
        }
        let zoneVnodes = Self.zoneVnodes(
            partitionCount: partitionCount, replicaCount: replicaCount, bounds: bounds,
            weights: members.map { $0.map { Double(weights[$0]) } })
        var vnodes = [Double](repeating: 0, count: weights.count)
        for (zone, members) in members.enumerated() {
            let shares = Self.fill(
                total: zoneVnodes[zone], weights: members.map { Double(weights[$0]) },
                ceilings: members.map { _ in Double(partitionCount) })
            for (member, share) in zip(members, shares) { vnodes[member] = share }
        }
        self.partitionCount = partitionCount
        self.replicaCount = replicaCount
        self.zones = zones
        self.zoneBounds = bounds
        self.zoneVnodes = zoneVnodes
        self.vnodes = vnodes
        self.firstPlaces = Self.fill(
            total: Double(partitionCount), weights: weights.map(Double.init), ceilings: vnodes)
    }

    private static func sizes(_ zones: [Int]) -> [Int] {
        var sizes = [Int](repeating: 0, count: (zones.max() ?? 0) + 1)
        for zone in zones { sizes[zone] += 1 }
        return sizes
    }

    /// Pours `replicaCount` replicas into zones that hold one replica a member: below the last
    /// level every zone is full or level, and that level is shared by the zones that reach it.
    private static func evenBounds(replicaCount: Int, zoneSizes: [Int]) -> [ClosedRange<Int>] {
        var level = 1
        while zoneSizes.reduce(0, { $0 + min($1, level) }) < replicaCount { level += 1 }
        return zoneSizes.map { min($0, level - 1)...min($0, level) }
    }

    /// Finds the level, vnodes per unit of weight, at which the zones' shares, each kept within
    /// its bounds, add up.
    private static func zoneVnodes(
        partitionCount: Int, replicaCount: Int, bounds: [ClosedRange<Int>], weights: [[Double]]
    ) -> [Double] {
        let ceiling = Double(partitionCount)
        func shares(at level: Double) -> [Double] {
            zip(bounds, weights).map { bounds, weights in
                let asked = weights.reduce(0) { $0 + min(ceiling, $1 * level) }
                let floor = ceiling * Double(bounds.lowerBound)
                return min(max(asked, floor), ceiling * Double(bounds.upperBound))
            }
        }
        let total = Double(partitionCount * replicaCount)
        var low = 0.0
        // At this level the lightest node is full: every weight is at least 1.
        var high = ceiling
        // A double has 53 significant bits; bisection gains one a step and starts below 2^14.
        for _ in 0..<80 {
            let middle = (low + high) / 2
            if shares(at: middle).reduce(0, +) < total { low = middle } else { high = middle }
        }
        return shares(at: high).map(snapped)
    }

    /// Shares out `total` in proportion to `weights`, nobody getting more than its ceiling.
    static func fill(total: Double, weights: [Double], ceilings: [Double]) -> [Double] {
        var shares = [Double](repeating: 0, count: weights.count)
        var open = Array(weights.indices)
        var rest = total
        while !open.isEmpty {
            let weight = open.reduce(0) { $0 + weights[$1] }
            let full = open.filter { rest * weights[$0] / weight >= ceilings[$0] }
            for member in full {
                shares[member] = ceilings[member]
                rest -= ceilings[member]
            }
            if full.isEmpty {
                for member in open { shares[member] = snapped(rest * weights[member] / weight) }
                break
            }
            open.removeAll { full.contains($0) }
        }
        return shares
    }

    /// Takes away rounding errors near whole numbers, so that a share that is one is met exactly.
    /// Shares are fractions over a sum of weights, hence at least 1e-7 away from the next one.
    private static func snapped(_ share: Double) -> Double {
        let whole = share.rounded()
        return abs(share - whole) < 1e-8 ? whole : share
    }
}
