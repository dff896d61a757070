internal import Essentials

/// Who sees whom, as a matrix: a line for each member that answered, a column for each member.
enum ViewText {
    /// More do not fit into a terminal: then only those that somebody misses have a column.
    private static let columnsMax = 20

    static func describe(_ views: [JSON]) -> String {
        guard views.count > 1 else { return "" }
        let nodes = views.map { $0["node"]?.integer ?? 0 }
        let missed = nodes.filter { node in
            views.contains { view in
                let said = symbol(of: node, in: view)
                return said != "+" && said != "."
            }
        }
        guard !missed.isEmpty else { return "\nEvery member sees every other.\n" }
        let columns = nodes.count > columnsMax ? missed : nodes
        var table = Table([("sees", .left)] + columns.map { ("\($0)", .right) })
        for (node, view) in zip(nodes, views) where isAnswered(view) {
            table.append(["node \(node)"] + columns.map { symbol(of: $0, in: view) })
        }
        return "\n" + table.text
    }

    private static func isAnswered(_ view: JSON) -> Bool { view["answered"]?.bool ?? false }

    private static func symbol(of node: Int, in view: JSON) -> String {
        if view["node"]?.integer == node { return isAnswered(view) ? "." : " " }
        let seen = view["sees"]?.elements.first { $0["node"]?.integer == node }
        return switch seen?["liveness"]?.string {
        case "alive": "+"
        case "suspect": "?"
        case "dead": "-"
        default: " "
        }
    }
}
