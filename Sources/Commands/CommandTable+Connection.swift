// What a client says of its connection. Names, arities, flags and texts are Redis'.

extension CommandTable {
    static let connection: [CommandSpec] = [
        CommandSpec(
            .ping, "ping", arity: -1, group: .connection, since: "1.0.0",
            flags: [.fast],
            categories: [.fast, .connection],
            tips: ["request_policy:all_shards", "response_policy:all_succeeded"],
            complexity: "O(1)",
            summary: "Ping the server"),
        CommandSpec(
            .echo, "echo", arity: 2, group: .connection, since: "1.0.0",
            flags: [.loading, .stale, .fast],
            categories: [.fast, .connection],
            complexity: "O(1)",
            summary: "Echo the given string"),
        CommandSpec(
            .hello, "hello", arity: -1, group: .connection, since: "6.0.0",
            flags: [.noscript, .loading, .stale, .fast, .noAuth, .allowBusy],
            categories: [.fast, .connection],
            complexity: "O(1)",
            summary: "Handshake with Redis"),
        CommandSpec(
            .auth, "auth", arity: -2, group: .connection, since: "1.0.0",
            flags: [.noscript, .loading, .stale, .fast, .noAuth, .allowBusy],
            categories: [.fast, .connection],
            complexity: "O(N) where N is the number of passwords defined for the user",
            summary: "Authenticate to the server"),
        CommandSpec(
            .select, "select", arity: 2, group: .connection, since: "1.0.0",
            flags: [.loading, .stale, .fast],
            categories: [.fast, .connection],
            complexity: "O(1)",
            summary: "Change the selected database for the current connection"),
        CommandSpec(
            .client, "client", arity: -2, group: .connection, since: "2.4.0",
            flags: [],
            categories: [.slow],
            complexity: "Depends on subcommand.",
            summary: "A container for client connection commands",
            subcommands: [
                CommandSpec(
                    .clientID, "client|id", arity: 2, group: .connection, since: "5.0.0",
                    flags: [.noscript, .loading, .stale],
                    categories: [.slow, .connection],
                    complexity: "O(1)",
                    summary: "Returns the client ID for the current connection"),
                CommandSpec(
                    .clientSetName, "client|setname", arity: 3, group: .connection, since: "2.6.9",
                    flags: [.noscript, .loading, .stale],
                    categories: [.slow, .connection],
                    complexity: "O(1)",
                    summary: "Set the current connection name"),
                CommandSpec(
                    .clientGetName, "client|getname", arity: 2, group: .connection, since: "2.6.9",
                    flags: [.noscript, .loading, .stale],
                    categories: [.slow, .connection],
                    complexity: "O(1)",
                    summary: "Get the current connection name"),
                CommandSpec(
                    .clientSetInfo, "client|setinfo", arity: 4, group: .connection, since: "7.2.0",
                    flags: [.noscript, .loading, .stale],
                    categories: [.slow, .connection],
                    complexity: "O(1)",
                    summary: "Set client or connection specific info"),
                CommandSpec(
                    .clientInfo, "client|info", arity: 2, group: .connection, since: "6.2.0",
                    flags: [.noscript, .loading, .stale],
                    categories: [.slow, .connection],
                    tips: ["nondeterministic_output"],
                    complexity: "O(1)",
                    summary: "Returns information about the current client connection."),
                CommandSpec(
                    .clientList, "client|list", arity: -2, group: .connection, since: "2.4.0",
                    flags: [.admin, .noscript, .loading, .stale],
                    categories: [.admin, .slow, .dangerous, .connection],
                    tips: ["nondeterministic_output"],
                    complexity: "O(N) where N is the number of client connections",
                    summary: "Get the list of client connections"),
                CommandSpec(
                    .clientKill, "client|kill", arity: -3, group: .connection, since: "2.4.0",
                    flags: [.admin, .noscript, .loading, .stale],
                    categories: [.admin, .slow, .dangerous, .connection],
                    complexity: "O(N) where N is the number of client connections",
                    summary: "Kill the connection of a client"),
                CommandSpec(
                    .clientReply, "client|reply", arity: 3, group: .connection, since: "3.2.0",
                    flags: [.noscript, .loading, .stale],
                    categories: [.slow, .connection],
                    complexity: "O(1)",
                    summary: "Instruct the server whether to reply to commands"),
                CommandSpec(
                    .clientNoEvict, "client|no-evict", arity: 3, group: .connection, since: "7.0.0",
                    flags: [.admin, .noscript, .loading, .stale],
                    categories: [.admin, .slow, .dangerous, .connection],
                    complexity: "O(1)",
                    summary: "Set client eviction mode for the current connection"),
                CommandSpec(
                    .clientNoTouch, "client|no-touch", arity: 3, group: .connection, since: "7.2.0",
                    flags: [.noscript, .loading, .stale],
                    categories: [.slow, .connection],
                    complexity: "O(1)",
                    summary: """
                        Controls whether commands sent by the client will alter the LRU/LFU of \
                        the keys they access
                        """),
                CommandSpec(
                    .clientHelp, "client|help", arity: 2, group: .connection, since: "5.0.0",
                    flags: [.loading, .stale],
                    categories: [.slow, .connection],
                    complexity: "O(1)",
                    summary: "Show helpful text about the different subcommands"),
            ]),
        CommandSpec(
            .reset, "reset", arity: 1, group: .connection, since: "6.2.0",
            flags: [.noscript, .loading, .stale, .fast, .noAuth, .allowBusy],
            categories: [.fast, .connection],
            complexity: "O(1)",
            summary: "Reset the connection"),
        CommandSpec(
            .quit, "quit", arity: -1, group: .connection, since: "1.0.0",
            flags: [.noscript, .loading, .stale, .fast, .noAuth, .allowBusy],
            categories: [.fast, .connection],
            complexity: "O(1)",
            summary: "Close the connection"),
    ]
}
