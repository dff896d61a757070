internal import Essentials
internal import Platform

extension Command {
    static let hints = Command(
        name: "hints", synopsis: "hints",
        summary: "What this node keeps for members that could not be reached.",
        details: """
            Prints for each member how many writes this node keeps for it, since when, and how fast
            they are being handed over. The other members keep hints of their own: ask each with
            --admin. 'waiting' means that the member is away, 'pausing' that it has refused some
            and is asked again soon. Dirty partitions are those of which hints had to be dropped past
            hint-bytes-max or hint-age-max: there the member stays behind until it is repaired.
            """,
        run: { invocation throws(Failure) in
            _ = try invocation.words(0...0)
            return try invocation.show("/v1/hints", describe: HintsText.describe)
        })
}

private enum HintsText {
    static func describe(_ report: JSON) -> String {
        let node = report["node"]?.integer ?? 0
        let targets = report["targets"]?.elements ?? []
        let records = targets.reduce(0) { $0 + ($1["records"]?.integer ?? 0) }
        let bytes = targets.reduce(0) { $0 + ($1["bytes"]?.integer ?? 0) }
        let bound = Figures.bytes(Double(report["bytes_max"]?.integer ?? 0))
        let age = Figures.span(seconds: report["age_seconds_max"]?.integer ?? 0)
        var out =
            "Node \(node) keeps \(Figures.plural(records, "hint")), "
            + "\(Figures.bytes(Double(bytes))); at most \(bound), for at most \(age)\n"
        if !targets.isEmpty { out += "\n" + table(targets) }
        for target in targets {
            let dirty = target["dirty_partitions"]?.elements.compactMap(\.integer) ?? []
            guard !dirty.isEmpty else { continue }
            let list = dirty.prefix(20).map(String.init).joined(separator: ", ")
            out +=
                "\nNode \(target["number"]?.integer ?? 0) misses dropped hints in "
                + "\(Figures.plural(dirty.count, "partition")): \(list)"
                + (dirty.count > 20 ? ", …\n" : "\n")
        }
        return out
    }

    private static func table(_ targets: [JSON]) -> String {
        var table = Table([
            ("for node", .right), ("clients", .left), ("state", .left), ("hints", .right),
            ("size", .right), ("oldest", .right), ("per second", .right), ("left", .right),
            ("handed over", .right),
        ])
        for target in targets {
            table.append([
                "\(target["number"]?.integer ?? 0)",
                target["client_address"]?.string ?? "",
                target["state"]?.string ?? "?",
                "\(target["records"]?.integer ?? 0)",
                Figures.bytes(Double(target["bytes"]?.integer ?? 0)),
                target["oldest_seconds"]?.integer.map { Figures.span(seconds: $0) } ?? "",
                "\(target["records_per_second"]?.integer ?? 0)",
                target["remaining_seconds"]?.integer.map { Figures.span(seconds: $0) } ?? "",
                "\(target["delivered"]?.integer ?? 0)",
            ])
        }
        return table.text
    }
}
