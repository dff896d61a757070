internal import Essentials
internal import Platform

extension Command {
    static let forget = Command(
        name: "forget", synopsis: "forget [--plan] NODE...",
        summary: "Take out members that are lost for good.",
        details: """
            Forgets members that are lost for good, named by their numbers or ids (see 'martletctl
            status'): they are members no more, and other nodes take their places. With --plan,
            only says what that would mean, and what is in the way.

            Name all that are lost at once: everybody else must answer. It takes a majority of the
            voters, and no data may have to be moved, which is not possible yet: forgotten are
            members of an empty cluster, and members that hold no partition. Who is up is not
            forgotten: stop it first. A node that was forgotten and comes back ends, and says why.

            Where a majority of the voters is lost, see 'martletctl help recover'.
            """,
        run: { invocation throws(Failure) in
            try RemovalText.run("/v1/forget", "Forgotten", invocation)
        })

    static let recover = Command(
        name: "recover", synopsis: "recover [--plan] NODE...",
        summary: "Go on after the loss of most voters.",
        details: """
            Goes on without members that are lost for good, where a majority of the voters is lost
            with them: until then nobody can decide about anything. With --plan, only says what
            that would mean, and what is in the way.

            Name all that are lost; everybody else must be up and answer. Make sure that the lost
            stay off, or cannot reach anybody: nothing else keeps them from going on as a cluster
            of their own among themselves. One that meets a survivor ends, and says why. What only
            they have agreed on, or acknowledged, is lost. If any of them can be brought back with
            its data, do that instead until a majority is there.

            The lost stay listed for the partitions that they hold, and are marked as lost. In an
            empty cluster, take them out by 'martletctl forget' afterwards.
            """,
        run: { invocation throws(Failure) in
            try RemovalText.run("/v1/recover", "Recovered without", invocation)
        })
}

private enum RemovalText {
    static func run(
        _ path: String, _ done: String, _ invocation: CommandInvocation
    ) throws(Failure) -> String {
        let nodes = invocation.words.filter { $0 != "--plan" }
        guard !nodes.isEmpty, nodes.allSatisfy({ !$0.hasPrefix("-") }) else {
            throw .usage("usage: martletctl \(invocation.command.synopsis)")
        }
        if nodes.count < invocation.words.count {
            let list = AdminClient.encoded(nodes.joined(separator: ","))
            return try invocation.show("\(path)?nodes=\(list)") { report in
                let obstacle = report["obstacle"]?.string.map { "In the way: \($0).\n" }
                return describe(report, "Planned:")
                    + (obstacle ?? "Nothing is in the way, as far as this node knows.\n")
            }
        }
        let body = JSON.object([JSON.Member("nodes", .array(nodes.map { .string($0) }))])
        let answer = try invocation.client.send("POST", path, body: body)
        return try invocation.show(answer) { describe($0, "\(done):") }
    }

    private static func describe(_ report: JSON, _ title: String) -> String {
        var text = ""
        for node in report["nodes"]?.elements ?? [] {
            let id = Table.printable(node["id"]?.string ?? "")
            let address = Table.printable(node["peer_address"]?.string ?? "")
            text += "\(title) node \(node["number"]?.integer ?? 0) (\(id), \(address))\n"
        }
        for line in report["consequences"]?.elements ?? [] {
            text += "- \(Table.printable(line.string ?? ""))\n"
        }
        return text
    }
}
