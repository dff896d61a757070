// What Redis does not have: siblings and quorums, and what nodes say among themselves.

extension CommandTable {
    static let martlet: [CommandSpec] = [
        CommandSpec(
            .dynamoGet, "dget", arity: -2, group: .martlet, since: "0.1.0",
            flags: [.readonly, .fast],
            categories: [.read, .string, .fast],
            keys: [KeySpec(from: 1, last: 0, step: 1, [.readOnly, .access])],
            complexity: "O(N) where N is the number of siblings",
            summary: "Get all concurrent values of a key and their causal context"),
        CommandSpec(
            .dynamoPut, "dput", arity: -4, group: .martlet, since: "0.1.0",
            flags: [.write, .denyoom, .fast],
            categories: [.write, .string, .fast],
            keys: [KeySpec(from: 1, last: 0, step: 1, [.readWrite, .access, .update])],
            complexity: "O(N) where N is the number of siblings",
            summary: "Set a value that supersedes those in a causal context"),
        CommandSpec(
            .dynamoDelete, "ddel", arity: -3, group: .martlet, since: "0.1.0",
            flags: [.write, .fast],
            categories: [.write, .string, .fast],
            keys: [KeySpec(from: 1, last: 0, step: 1, [.readWrite, .access, .delete])],
            complexity: "O(N) where N is the number of siblings",
            summary: "Delete the values that are in a causal context"),
        CommandSpec(
            .consistency, "consistency", arity: -1, group: .martlet, since: "0.1.0",
            flags: [.noscript, .loading, .stale, .fast],
            categories: [.fast, .connection],
            complexity: "O(1)",
            summary: "Set and show the quorums of the current connection"),
    ]

    /// Sent by nodes only, never listed: the steps of plans that no client command stands for.
    static let betweenNodes: [CommandSpec] = [
        CommandSpec(
            .readEntry, "martlet.read", arity: 2, group: .martlet, since: "0.1.0",
            flags: [.readonly, .fast], categories: [.read],
            keys: [KeySpec(from: 1, last: 0, step: 1, [.readOnly, .access])],
            summary: "Get a key's value and its deadline"),
        CommandSpec(
            .deleteUnchanged, "martlet.del", arity: 4, group: .martlet, since: "0.1.0",
            flags: [.write, .fast], categories: [.write],
            keys: [KeySpec(from: 1, last: 0, step: 1, [.readWrite, .delete])],
            summary: "Delete a key if its value and deadline still are those given"),
    ]
}
