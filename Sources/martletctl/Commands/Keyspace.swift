internal import Essentials
internal import Platform

extension Command {
    static let keyspace = Command(
        name: "keyspace", synopsis: "keyspace list|set|unset",
        summary: "Policies of keys by their prefixes.",
        details: """
            keyspace list                      Prints all keyspaces.
            keyspace set PREFIX NAME=QUORUM... Makes a keyspace, or changes what is named of it.
            keyspace unset PREFIX              Removes a keyspace. No key is touched.

            A keyspace says what requests on all keys with its prefix run under: r and w, how many
            replicas must answer a read or store a write; pr and pw, how many of those must be
            primaries; dw, how many must have a write on disk. A QUORUM is a number, ONE, QUORUM
            (more than half), ALL, or DEFAULT: the settings of each node, which also decide where
            nothing was ever said. The longest prefix that a key begins with decides alone. A
            connection (CONSISTENCY) and a command (DGET, DPUT) may still ask for something else.

              martletctl keyspace set cache: r=1 w=1
              martletctl keyspace set orders: w=ALL pr=QUORUM

            A majority of the voters (see 'martletctl status') must be there for a change. All nodes
            follow it within moments; one that cannot be reached does when it is back.
            """,
        run: { invocation throws(Failure) in
            let words = invocation.words
            switch words.first {
            case "list" where words.count == 1:
                return try invocation.show("/v1/keyspaces", describe: KeyspaceText.describe)
            case "set" where words.count >= 3:
                return try KeyspaceText.set(words[1], words[2...], invocation)
            case "unset" where words.count == 2:
                return try KeyspaceText.unset(words[1], invocation)
            default:
                throw .usage(
                    "usage: martletctl keyspace list | set PREFIX NAME=QUORUM... | unset PREFIX")
            }
        })
}

private enum KeyspaceText {
    private static let quorums = ["r", "w", "pr", "pw", "dw"]

    static func describe(_ report: JSON) -> String {
        let keyspaces = report["keyspaces"]?.elements ?? []
        guard !keyspaces.isEmpty else {
            return "No keyspaces: all keys are under the settings of the nodes.\n"
        }
        var table = Table([("prefix", .left)] + quorums.map { ($0, .right) })
        for keyspace in keyspaces {
            table.append(
                [keyspace["prefix"]?.string ?? ""] + quorums.map { text(keyspace[$0]) ?? "-" })
        }
        return table.text
    }

    static func set(
        _ prefix: String, _ words: ArraySlice<String>, _ invocation: CommandInvocation
    ) throws(Failure) -> String {
        var members: [JSON.Member] = []
        for word in words {
            let sides = word.split(
                separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard sides.count == 2, quorums.contains(String(sides[0])) else {
                throw .usage("a quorum is set by r=, w=, pr=, pw= or dw=, not by '\(word)'")
            }
            guard !members.contains(where: { $0.name == sides[0] }) else {
                throw .usage("'\(sides[0])' is given twice")
            }
            members.append(JSON.Member(String(sides[0]), .string(String(sides[1]))))
        }
        let body = try invocation.client.send("PUT", path(prefix), body: .object(members))
        return try invocation.show(body) { report in
            let keyspace = report["keyspaces"]?.elements.first { $0["prefix"]?.string == prefix }
            let set = quorums.compactMap { name in
                text(keyspace?[name]).map { "\(name) = \($0)" }
            }
            return "Keyspace '\(Table.printable(prefix))': "
                + (set.isEmpty ? "all" : set.joined(separator: ", ") + "; the rest")
                + " as each node is set\n"
        }
    }

    static func unset(
        _ prefix: String, _ invocation: CommandInvocation
    ) throws(Failure) -> String {
        let body = try invocation.client.send("DELETE", path(prefix), body: [:])
        return try invocation.show(body) { _ in
            "Keyspace '\(Table.printable(prefix))' is removed\n"
        }
    }

    private static func path(_ prefix: String) -> String {
        "/v1/keyspaces?prefix=" + AdminClient.encoded(prefix)
    }

    /// Nil where each node's settings decide.
    private static func text(_ quorum: JSON?) -> String? {
        quorum?.integer.map(String.init) ?? quorum?.string
    }
}
