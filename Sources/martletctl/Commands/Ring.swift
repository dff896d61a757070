internal import Essentials
internal import Platform

extension Command {
    static let ring = Command(
        name: "ring", synopsis: "ring [--table]",
        summary: "How the partitions are placed on the nodes.",
        details: """
            Prints each node's vnodes (the partitions that it replicates) and first places (those in
            which it is the first replica), beside what its weight asks for. With --table also the
            replicas of every partition, the first place first.
            """,
        run: { invocation throws(Failure) in
            let words = try invocation.words(0...1)
            guard words.isEmpty || words == ["--table"] else {
                throw .usage("unknown argument '\(words[0])'")
            }
            return try invocation.show("/v1/ring") { ring in
                RingText.describe(ring, withTable: !words.isEmpty)
            }
        })
}

private enum RingText {
    static func describe(_ ring: JSON, withTable: Bool) -> String {
        let partitions = ring["partitions"]?.integer ?? 0
        let violations = ring["zone_violations"]?.integer ?? 0
        var out =
            "\(partitions) partitions, n = \(ring["n"]?.integer ?? 0), "
            + "epoch \(ring["epoch"]?.integer ?? 0)\n"
        out +=
            violations == 0
            ? "All replicas are in as many zones as can be.\n"
            : "\(Figures.plural(violations, "partition")) with replicas in too few zones.\n"
        out += "\n" + nodes(ring["nodes"]?.elements ?? [])
        if withTable { out += "\n" + table(ring["table"]?.elements ?? []) }
        return out
    }

    private static func nodes(_ nodes: [JSON]) -> String {
        var table = Table([
            ("node", .right), ("clients", .left), ("zone", .left), ("weight", .right),
            ("vnodes", .right), ("asked", .right), ("first", .right), ("asked", .right),
        ])
        for node in nodes {
            table.append([
                "\(node["number"]?.integer ?? 0)",
                node["client_address"]?.string ?? "",
                node["zone"]?.string ?? "",
                "\(node["weight"]?.integer ?? 0)",
                "\(node["vnodes"]?.integer ?? 0)",
                Figures.decimal(node["vnodes_asked"]?.number ?? 0, digits: 2),
                "\(node["first_places"]?.integer ?? 0)",
                Figures.decimal(node["first_places_asked"]?.number ?? 0, digits: 2),
            ])
        }
        return table.text
    }

    private static func table(_ partitions: [JSON]) -> String {
        var table = Table([("partition", .right), ("slots", .left), ("replicas", .left)])
        let width = 16384 / max(1, partitions.count)
        for (index, replicas) in partitions.enumerated() {
            table.append([
                "\(index)", "\(index * width)-\((index + 1) * width - 1)",
                replicas.elements.map { "\($0.integer ?? 0)" }.joined(separator: " "),
            ])
        }
        return table.text
    }
}
