import Essentials
import Placement

/// Checks a table against the requirements as `PlacementTable.solve` numbers them, by definitions
/// of its own: it shares no code with the solver but the figures that it checks.
struct PlacementRules {
    let table: PlacementTable
    let n: Int
    let members: [Capacity]

    private var replicaCount: Int { min(n, members.count) }
    private var zoneNames: [String] { Set(members.map(\.zone)).sorted() }

    /// What is wrong, in words; empty when nothing is.
    func violations(previous: PlacementTable?) -> [String] {
        let figures = PlacementFigures(table: table, members: members, previous: previous)
        return distinctness() + zoneSpread() + shares(figures) + counts(figures)
    }

    private func distinctness() -> [String] {
        guard table.replicaCount == replicaCount else { return ["\(table.replicaCount) replicas"] }
        return table.partitioning.all.filter { partition in
            let replicas = Array(table.replicas(of: partition))
            return Set(replicas).count != replicaCount
                || !replicas.allSatisfy { node in members.contains { $0.node == node } }
        }.map { "partition \($0) has \(table.replicas(of: $0))" }
    }

    /// No replica could go from a fuller zone to an emptier one that has a node without one, with
    /// the two ending nearer to each other.
    private func zoneSpread() -> [String] {
        table.partitioning.all.filter { partition in
            let replicas = table.replicas(of: partition)
            let counts = zoneNames.map { zone in
                members.count { $0.zone == zone && replicas.contains($0.node) }
            }
            let sizes = zoneNames.map { zone in members.count { $0.zone == zone } }
            return counts.contains { full in
                zip(counts, sizes).contains { empty, size in empty < size && empty + 1 < full }
            }
        }.map { "partition \($0) is uneven over zones: \(table.replicas(of: $0))" }
    }

    /// That the shares asked are what weights ask: nodes of a zone that are not full are level,
    /// and so are zones that are not at a bound.
    private func shares(_ figures: PlacementFigures) -> [String] {
        var found: [String] = []
        let q = Double(table.partitioning.count)
        let total = figures.nodes.reduce(0) { $0 + $1.vnodesAsked }
        if abs(total - q * Double(replicaCount)) > 1e-6 { found.append("\(total) vnodes asked") }
        var level = 1
        while zoneNames.reduce(0, { $0 + min(level, size($1)) }) < replicaCount { level += 1 }
        var levels: [Double] = []
        for zone in zoneNames {
            let nodes = figures.nodes.filter { $0.zone == zone }
            let open = nodes.filter { $0.vnodesAsked < q - 1e-6 }
            let zoneLevels = open.map { $0.vnodesAsked / Double($0.weight) }
            if let low = zoneLevels.min(), let high = zoneLevels.max(), high - low > 1e-6 * high {
                found.append("nodes of \(zone) are not level")
            }
            let asked = nodes.reduce(0) { $0 + $1.vnodesAsked } / q
            let isBound =
                asked < Double(min(level - 1, size(zone))) + 1e-6
                || asked > Double(min(level, size(zone))) - 1e-6
            if !isBound, let low = zoneLevels.min() { levels.append(low) }
        }
        if let low = levels.min(), let high = levels.max(), high - low > 1e-6 * high {
            found.append("zones are not level: \(levels)")
        }
        return found
    }

    /// The replicas that had to go because their zones would hold more of a partition than is even.
    func zoneMovesMin(from previous: PlacementTable) -> Int {
        var level = 1
        while zoneNames.reduce(0, { $0 + min(level, size($1)) }) < replicaCount { level += 1 }
        return previous.partitioning.all.reduce(0) { sum, partition in
            let replicas = previous.replicas(of: partition)
            var keep = 0
            var extras = replicaCount
            for zone in zoneNames {
                let held = members.count { $0.zone == zone && replicas.contains($0.node) }
                let base = min(level - 1, size(zone))
                keep += min(base, held)
                extras -= base
            }
            let more = zoneNames.count { zone in
                members.count { $0.zone == zone && replicas.contains($0.node) } >= level
            }
            return sum + replicaCount - keep - min(extras, more)
        }
    }

    private func size(_ zone: String) -> Int { members.count { $0.zone == zone } }

    private func counts(_ figures: PlacementFigures) -> [String] {
        var found: [String] = []
        for node in figures.nodes {
            let vnodes = table.partitioning.all.count { table.replicas(of: $0).contains(node.node) }
            let firsts = table.partitioning.all.count { table.replica($0, 0) == node.node }
            if vnodes != node.vnodes || firsts != node.firstPlaces {
                found.append("the figures of node \(node.node) are wrong")
            }
            if abs(Double(vnodes) - node.vnodesAsked) >= 1 {
                found.append("node \(node.node) has \(vnodes) vnodes of \(node.vnodesAsked)")
            }
            if abs(Double(firsts) - node.firstPlacesAsked) >= 1 {
                found.append("node \(node.node): \(firsts) firsts of \(node.firstPlacesAsked)")
            }
        }
        return found
    }
}
