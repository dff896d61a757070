extension PlacementFigures {
    /// A plain-text table of all figures, for a terminal or a bug report.
    public func describe() -> String {
        var rows = [
            [
                "node", "zone", "weight", "vnodes", "asked", "first", "asked", "moves", "peers",
                "peer max",
            ]
        ]
        for node in nodes {
            rows.append([
                "\(node.node)", node.zone.isEmpty ? "-" : node.zone, "\(node.weight)",
                "\(node.vnodes)", Self.decimal(node.vnodesAsked, digits: 2),
                "\(node.firstPlaces)", Self.decimal(node.firstPlacesAsked, digits: 2),
                "\(node.moves)", "\(node.peers)",
                Self.decimal(node.peerShareMax * 100, digits: 1) + " %",
            ])
        }
        var lines = Self.aligned(rows)
        lines.append("")
        lines.append("partitions \(partitions), replicas \(replicas), nodes \(nodes.count)")
        lines.append(
            "greatest deviation: vnodes \(Self.decimal(vnodeDeviationMax, digits: 2)), "
                + "first places \(Self.decimal(firstPlaceDeviationMax, digits: 2))")
        lines.append("partitions that violate zones: \(zoneViolations)")
        if let moves, let movesMin { lines.append("moves: \(moves), at least \(movesMin)") }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func aligned(_ rows: [[String]]) -> [String] {
        let widths = rows[0].indices.map { column in
            rows.reduce(0) { max($0, $1[column].count) }
        }
        return rows.map { row in
            zip(row, widths).map { text, width in
                String(repeating: " ", count: width - text.count) + text
            }.joined(separator: "  ")
        }
    }

    private static func decimal(_ value: Double, digits: Int) -> String {
        let scale = digits == 2 ? 100 : 10
        let scaled = Int((value * Double(scale)).rounded())
        let fraction = String(scaled % scale)
        let padding = String(repeating: "0", count: digits - fraction.count)
        return "\(scaled / scale).\(padding)\(fraction)"
    }
}
