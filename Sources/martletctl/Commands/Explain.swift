internal import Essentials
internal import Platform

extension Command {
    static let explain = Command(
        name: "explain", synopsis: "explain KEY",
        summary: "Where a key lives, and what each replica has of it.",
        details: """
            Prints the key's slot, position and partition, its keyspace if it has one, and the
            quorums of requests that ask for nothing else. Then for every replica: the state of its
            copy, the number of concurrent values (siblings), the size of the one that GET shows,
            its timestamp and deadline, and the causal context (actor:counter of all writes it has
            seen) with its digest. Replicas with different contexts are about to be repaired.
            'never seen' means that a replica has no trace of the key, 'deleted' that it keeps a
            tombstone. Hints are what other nodes keep for a replica that was away, until it has
            taken it.

            A key that begins with -- stands behind a lone --: martletctl explain -- --json
            """,
        run: { invocation throws(Failure) in
            let key = try invocation.words(1...1)[0]
            return try invocation.show(
                "/v1/explain?key=" + AdminClient.encoded(key), describe: ExplainText.describe)
        })
}

private enum ExplainText {
    static func describe(_ report: JSON) -> String {
        var out = "Key '\(Table.printable(report["key"]?.string ?? ""))': "
        out += "slot \(report["slot"]?.integer ?? 0), "
        out += "position \(report["position"]?.string ?? "?"), "
        out += "partition \(report["partition"]?.integer ?? 0)\n"
        out += keyspaceLine(report)
        out +=
            report["agree"]?.bool ?? false
            ? "All replicas have the same.\n"
            : "The replicas do not have the same, or did not all answer.\n"
        out += "\n" + table(report["replicas"]?.elements ?? [])
        let fallbacks = report["fallbacks"]?.elements.compactMap(\.integer) ?? []
        let list = fallbacks.map(String.init).joined(separator: ", ")
        out += "\nFallbacks, in order: \(list.isEmpty ? "none" : list)\n"
        let hints = report["hints"]?.elements ?? []
        return hints.isEmpty ? out : out + "\nHints that wait:\n" + table(ofHints: hints)
    }

    private static func keyspaceLine(_ report: JSON) -> String {
        guard let quorums = report["quorums"]?.members else { return "" }
        let numbers = quorums.map { "\($0.name) = \($0.value.integer ?? 0)" }
        let origin =
            report["keyspace"]?.string.map { "Keyspace '\(Table.printable($0))'" }
            ?? "No keyspace"
        return "\(origin): \(numbers.joined(separator: ", "))\n"
    }

    private static func table(ofHints hints: [JSON]) -> String {
        var table = Table([
            ("for node", .right), ("kept by", .right), ("siblings", .right), ("bytes", .right),
            ("digest", .left), ("context", .left),
        ])
        for hint in hints {
            table.append([
                "\(hint["target"]?.integer ?? 0)", "\(hint["holder"]?.integer ?? 0)",
                "\(hint["siblings"]?.integer ?? 0)", "\(hint["value_bytes"]?.integer ?? 0)",
                hint["digest"]?.string ?? "", hint["context"]?.string ?? "",
            ])
        }
        return table.text
    }

    private static func table(_ replicas: [JSON]) -> String {
        var table = Table([
            ("node", .right), ("clients", .left), ("zone", .left), ("state", .left),
            ("type", .left), ("siblings", .right), ("bytes", .right), ("expires at ms", .right),
            ("timestamp", .left), ("digest", .left), ("context", .left),
        ])
        for replica in replicas {
            table.append([
                "\(replica["number"]?.integer ?? 0)",
                replica["client_address"]?.string ?? "",
                replica["zone"]?.string ?? "",
                state(replica),
                replica["type"]?.string ?? "",
                replica["siblings"]?.integer.map(String.init) ?? "",
                replica["value_bytes"]?.integer.map(String.init) ?? "",
                replica["expires_at_ms"]?.integer.map(String.init) ?? "",
                replica["timestamp"]?.string ?? "",
                replica["digest"]?.string ?? "",
                replica["context"]?.string ?? "",
            ])
        }
        return table.text
    }

    private static func state(_ replica: JSON) -> String {
        switch replica["state"]?.string {
        case "object": "has it"
        case "tombstone": "deleted"
        case "none": "never seen"
        default: replica["error"]?.string ?? "unknown"
        }
    }
}
