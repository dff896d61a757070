internal import Essentials
internal import Platform

extension Command {
    static let status = Command(
        name: "status", synopsis: "status",
        summary: "The node, its cluster and the members.",
        details: """
            Prints the cluster as the asked node sees it. 'share' is a member's part of the data,
            'first' the partitions that it is the first replica of, 'state' whether the asked node
            (marked by *) can reach it now. Then whom each member sees, if somebody misses somebody:
            + alive, ? suspected, - dead; a member without a line did not answer.
            """,
        run: { invocation throws(Failure) in
            _ = try invocation.words(0...0)
            return try invocation.show("/v1/status", describe: StatusText.describe)
        })
}

private enum StatusText {
    static func describe(_ status: JSON) -> String {
        let node = status["node"] ?? .null
        let cluster = status["cluster"] ?? .null
        let members = status["members"]?.elements ?? []
        return clusterLine(cluster) + consensusLine(status["consensus"]) + nodeLine(node)
            + loadLines(status["load"] ?? .null) + "\n" + table(members)
            + ViewText.describe(status["views"]?.elements ?? [])
    }

    private static func clusterLine(_ cluster: JSON) -> String {
        guard let id = cluster["id"]?.string else { return "No cluster yet.\n" }
        let number = { (name: String) in "\(cluster[name]?.integer ?? 0)" }
        return "Cluster \(Table.printable(id)): epoch \(number("epoch")), "
            + "\(number("partitions")) partitions, n = \(number("n")), r = \(number("r")), "
            + "w = \(number("w"))\(keyspaces(cluster["keyspaces"]?.integer ?? 0))\n"
    }

    private static func keyspaces(_ count: Int) -> String {
        count > 0 ? ", but for \(Figures.plural(count, "keyspace"))" : ""
    }

    /// Who decides about members.
    private static func consensusLine(_ consensus: JSON?) -> String {
        guard let consensus, let voters = consensus["voters"]?.elements else { return "" }
        let term = consensus["term"]?.integer ?? 0
        let heard = consensus["voters_heard"]?.integer ?? 0
        let leader = consensus["leader"]?.integer
        let state =
            leader.map { "node \($0) leads" }
            ?? "no leader, \(heard) of \(voters.count) voters can be reached: "
            + "the members cannot change now"
        let learners = consensus["learners"]?.elements ?? []
        return "Members are decided by " + list(voters) + " (term \(term), \(state))"
            + (learners.isEmpty ? "" : "; " + list(learners) + " only follow") + "\n"
    }

    private static func list(_ nodes: [JSON]) -> String {
        (nodes.count == 1 ? "node " : "nodes ")
            + nodes.map { "\($0.integer ?? 0)" }.joined(separator: ", ")
    }

    private static func nodeLine(_ node: JSON) -> String {
        let isReady = node["ready"]?.bool ?? false
        let state =
            isReady
            ? "serves" : "does not serve: " + Table.printable(node["unreadiness"]?.string ?? "")
        let name = node["number"]?.integer.map { "Node \($0)" } ?? "The node"
        let up = Figures.span(seconds: node["uptime_seconds"]?.integer ?? 0)
        let facts = [
            "version " + Table.printable(node["version"]?.string ?? "?"),
            Figures.plural(node["shards"]?.integer ?? 0, "shard"),
            Figures.plural(node["connected_clients"]?.integer ?? 0, "client"),
            "about " + Figures.plural(node["keys"]?.integer ?? 0, "key"),
            Figures.bytes(node["memory_bytes"]?.number ?? 0) + " of memory",
            Figures.bytes(node["disk_free_bytes"]?.number ?? 0) + " of disk free",
        ]
        return "\(name) \(state); up for \(up), " + facts.joined(separator: ", ") + "\n"
            + diskLine(node["disk_state"]?.string)
    }

    private static func diskLine(_ state: String?) -> String {
        switch state {
        case "low": "The disk is nearly full: new values are refused.\n"
        case "exhausted": "The disk is full: nothing is written until there is room.\n"
        default: ""
        }
    }

    /// Only what asks for attention.
    private static func loadLines(_ load: JSON) -> String {
        let shards = load["shards"]?.elements ?? []
        let behind = shards.indices.filter { shards[$0]["behind"]?.bool ?? false }
        let lagging = (load["peers"]?.elements ?? []).filter { $0["lagging"]?.bool ?? false }
            .compactMap { $0["node"]?.integer }
        var lines = ""
        if !behind.isEmpty {
            lines +=
                "Overloaded: new commands are refused on "
                + "\(behind.count) of \(Figures.plural(shards.count, "shard")).\n"
        }
        for node in lagging { lines += "Node \(node) leaves requests unanswered.\n" }
        return lines
    }

    private static func table(_ members: [JSON]) -> String {
        var table = Table([
            ("", .left), ("node", .right), ("clients", .left),
            ("admin", .left), ("zone", .left), ("weight", .right), ("share", .right),
            ("first", .right), ("state", .left),
        ])
        for member in members {
            let isReachable = member["reachable"]?.bool ?? false
            let liveness = member["liveness"]?.string
            table.append([
                member["self"]?.bool ?? false ? "*" : "",
                "\(member["number"]?.integer ?? 0)",
                member["client_address"]?.string ?? "",
                member["admin_address"]?.string ?? "",
                member["zone"]?.string ?? "",
                "\(member["weight"]?.integer ?? 0)",
                Figures.percent(member["share"]?.number ?? 0),
                "\(member["first_places"]?.integer ?? 0)",
                liveness == "lost"
                    ? "lost"
                    : isReachable ? liveness == "suspect" ? "suspected" : "reachable" : "away",
            ])
        }
        return table.text
    }
}
