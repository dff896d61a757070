// What concerns the whole server. Names, arities, flags and texts are Redis'.

extension CommandTable {
    static let server: [CommandSpec] = [
        CommandSpec(
            .info, "info", arity: -1, group: .server, since: "1.0.0",
            flags: [.loading, .stale],
            categories: [.slow, .dangerous],
            tips: [
                "nondeterministic_output", "request_policy:all_shards", "response_policy:special",
            ],
            complexity: "O(1)",
            summary: "Get information and statistics about the server"),
        CommandSpec(
            .command, "command", arity: -1, group: .server, since: "2.8.13",
            flags: [.loading, .stale],
            categories: [.slow, .connection],
            tips: ["nondeterministic_output_order"],
            complexity: "O(N) where N is the total number of Redis commands",
            summary: "Get array of Redis command details",
            subcommands: [
                CommandSpec(
                    .commandCount, "command|count", arity: 2, group: .server, since: "2.8.13",
                    flags: [.loading, .stale],
                    categories: [.slow, .connection],
                    complexity: "O(1)",
                    summary: "Get total number of Redis commands"),
                CommandSpec(
                    .commandDocs, "command|docs", arity: -2, group: .server, since: "7.0.0",
                    flags: [.loading, .stale],
                    categories: [.slow, .connection],
                    tips: ["nondeterministic_output_order"],
                    complexity: "O(N) where N is the number of commands to look up",
                    summary: "Get array of specific Redis command documentation"),
                CommandSpec(
                    .commandInfo, "command|info", arity: -2, group: .server, since: "2.8.13",
                    flags: [.loading, .stale],
                    categories: [.slow, .connection],
                    tips: ["nondeterministic_output_order"],
                    complexity: "O(N) where N is the number of commands to look up",
                    summary: """
                        Get array of specific Redis command details, or all when no argument is \
                        given.
                        """),
                CommandSpec(
                    .commandGetKeys, "command|getkeys", arity: -4, group: .server, since: "2.8.13",
                    flags: [.loading, .stale],
                    categories: [.slow, .connection],
                    complexity: "O(N) where N is the number of arguments to the command",
                    summary: "Extract keys given a full Redis command"),
                CommandSpec(
                    .commandGetKeysAndFlags, "command|getkeysandflags", arity: -4, group: .server,
                    since: "7.0.0",
                    flags: [.loading, .stale],
                    categories: [.slow, .connection],
                    complexity: "O(N) where N is the number of arguments to the command",
                    summary: "Extract keys and access flags given a full Redis command"),
                CommandSpec(
                    .commandList, "command|list", arity: -2, group: .server, since: "7.0.0",
                    flags: [.loading, .stale],
                    categories: [.slow, .connection],
                    tips: ["nondeterministic_output_order"],
                    complexity: "O(N) where N is the total number of Redis commands",
                    summary: "Get an array of Redis command names"),
                CommandSpec(
                    .commandHelp, "command|help", arity: 2, group: .server, since: "5.0.0",
                    flags: [.loading, .stale],
                    categories: [.slow, .connection],
                    complexity: "O(1)",
                    summary: "Show helpful text about the different subcommands"),
            ]),
        CommandSpec(
            .config, "config", arity: -2, group: .server, since: "2.0.0",
            flags: [],
            categories: [.slow],
            complexity: "Depends on subcommand.",
            summary: "A container for server configuration commands",
            subcommands: [
                CommandSpec(
                    .configGet, "config|get", arity: -3, group: .server, since: "2.0.0",
                    flags: [.admin, .noscript, .loading, .stale],
                    categories: [.admin, .slow, .dangerous],
                    complexity: "O(N) when N is the number of configuration parameters provided",
                    summary: "Get the values of configuration parameters"),
                CommandSpec(
                    .configSet, "config|set", arity: -4, group: .server, since: "2.0.0",
                    flags: [.admin, .noscript, .loading, .stale],
                    categories: [.admin, .slow, .dangerous],
                    tips: ["request_policy:all_nodes", "response_policy:all_succeeded"],
                    complexity: "O(N) when N is the number of configuration parameters provided",
                    summary: "Set configuration parameters to the given values"),
                CommandSpec(
                    .configResetStat, "config|resetstat", arity: 2, group: .server, since: "2.0.0",
                    flags: [.admin, .noscript, .loading, .stale],
                    categories: [.admin, .slow, .dangerous],
                    complexity: "O(1)",
                    summary: "Reset the stats returned by INFO"),
                CommandSpec(
                    .configRewrite, "config|rewrite", arity: 2, group: .server, since: "2.8.0",
                    flags: [.admin, .noscript, .loading, .stale],
                    categories: [.admin, .slow, .dangerous],
                    complexity: "O(1)",
                    summary: "Rewrite the configuration file with the in memory configuration"),
                CommandSpec(
                    .configHelp, "config|help", arity: 2, group: .server, since: "5.0.0",
                    flags: [.loading, .stale],
                    categories: [.slow],
                    complexity: "O(1)",
                    summary: "Show helpful text about the different subcommands"),
            ]),
        CommandSpec(
            .dbSize, "dbsize", arity: 1, group: .server, since: "1.0.0",
            flags: [.readonly, .fast],
            categories: [.keyspace, .read, .fast],
            tips: ["request_policy:all_shards", "response_policy:agg_sum"],
            complexity: "O(1)",
            summary: "Return the number of keys in the selected database"),
        CommandSpec(
            .time, "time", arity: 1, group: .server, since: "2.6.0",
            flags: [.loading, .stale, .fast],
            categories: [.fast],
            tips: ["nondeterministic_output"],
            complexity: "O(1)",
            summary: "Return the current server time"),
        CommandSpec(
            .slowlog, "slowlog", arity: -2, group: .server, since: "2.2.12",
            flags: [],
            categories: [.slow],
            complexity: "Depends on subcommand.",
            summary: "A container for slow log commands",
            subcommands: [
                CommandSpec(
                    .slowlogGet, "slowlog|get", arity: -2, group: .server, since: "2.2.12",
                    flags: [.admin, .loading, .stale],
                    categories: [.admin, .slow, .dangerous],
                    tips: ["request_policy:all_nodes", "nondeterministic_output"],
                    complexity: "O(N) where N is the number of entries returned",
                    summary: "Get the slow log's entries"),
                CommandSpec(
                    .slowlogLen, "slowlog|len", arity: 2, group: .server, since: "2.2.12",
                    flags: [.admin, .loading, .stale],
                    categories: [.admin, .slow, .dangerous],
                    tips: [
                        "request_policy:all_nodes", "response_policy:agg_sum",
                        "nondeterministic_output",
                    ],
                    complexity: "O(1)",
                    summary: "Get the slow log's length"),
                CommandSpec(
                    .slowlogReset, "slowlog|reset", arity: 2, group: .server, since: "2.2.12",
                    flags: [.admin, .loading, .stale],
                    categories: [.admin, .slow, .dangerous],
                    tips: ["request_policy:all_nodes", "response_policy:all_succeeded"],
                    complexity: "O(N) where N is the number of entries in the slowlog",
                    summary: "Clear all entries from the slow log"),
                CommandSpec(
                    .slowlogHelp, "slowlog|help", arity: 2, group: .server, since: "6.2.0",
                    flags: [.loading, .stale],
                    categories: [.slow],
                    complexity: "O(1)",
                    summary: "Show helpful text about the different subcommands"),
            ]),
        CommandSpec(
            .latency, "latency", arity: -2, group: .server, since: "2.8.13",
            flags: [],
            categories: [.slow],
            complexity: "Depends on subcommand.",
            summary: "A container for latency diagnostics commands",
            subcommands: [
                CommandSpec(
                    .latencyLatest, "latency|latest", arity: 2, group: .server, since: "2.8.13",
                    flags: [.admin, .noscript, .loading, .stale],
                    categories: [.admin, .slow, .dangerous],
                    tips: [
                        "nondeterministic_output", "request_policy:all_nodes",
                        "response_policy:special",
                    ],
                    complexity: "O(1)",
                    summary: "Return the latest latency samples for all events."),
                CommandSpec(
                    .latencyHistory, "latency|history", arity: 3, group: .server, since: "2.8.13",
                    flags: [.admin, .noscript, .loading, .stale],
                    categories: [.admin, .slow, .dangerous],
                    tips: [
                        "nondeterministic_output", "request_policy:all_nodes",
                        "response_policy:special",
                    ],
                    complexity: "O(1)",
                    summary: "Return timestamp-latency samples for the event."),
                CommandSpec(
                    .latencyReset, "latency|reset", arity: -2, group: .server, since: "2.8.13",
                    flags: [.admin, .noscript, .loading, .stale],
                    categories: [.admin, .slow, .dangerous],
                    tips: ["request_policy:all_nodes", "response_policy:all_succeeded"],
                    complexity: "O(1)",
                    summary: "Reset latency data for one or more events."),
                CommandSpec(
                    .latencyDoctor, "latency|doctor", arity: 2, group: .server, since: "2.8.13",
                    flags: [.admin, .noscript, .loading, .stale],
                    categories: [.admin, .slow, .dangerous],
                    tips: [
                        "nondeterministic_output", "request_policy:all_nodes",
                        "response_policy:special",
                    ],
                    complexity: "O(1)",
                    summary: "Return a human readable latency analysis report."),
                CommandSpec(
                    .latencyGraph, "latency|graph", arity: 3, group: .server, since: "2.8.13",
                    flags: [.admin, .noscript, .loading, .stale],
                    categories: [.admin, .slow, .dangerous],
                    tips: [
                        "nondeterministic_output", "request_policy:all_nodes",
                        "response_policy:special",
                    ],
                    complexity: "O(1)",
                    summary: "Return a latency graph for the event."),
                CommandSpec(
                    .latencyHistogram, "latency|histogram", arity: -2, group: .server,
                    since: "7.0.0",
                    flags: [.admin, .noscript, .loading, .stale],
                    categories: [.admin, .slow, .dangerous],
                    tips: [
                        "nondeterministic_output", "request_policy:all_nodes",
                        "response_policy:special",
                    ],
                    complexity: """
                        O(N) where N is the number of commands with latency information being \
                        retrieved.
                        """,
                    summary: """
                        Return the cumulative distribution of latencies of a subset of commands \
                        or all.
                        """),
                CommandSpec(
                    .latencyHelp, "latency|help", arity: 2, group: .server, since: "2.8.13",
                    flags: [.loading, .stale],
                    categories: [.slow],
                    complexity: "O(1)",
                    summary: "Show helpful text about the different subcommands."),
            ]),
        CommandSpec(
            .shutdown, "shutdown", arity: -1, group: .server, since: "1.0.0",
            flags: [.admin, .noscript, .loading, .stale, .noMulti, .allowBusy],
            categories: [.admin, .slow, .dangerous],
            complexity: """
                O(N) when saving, where N is the total number of keys in all databases when \
                saving data, otherwise O(1)
                """,
            summary: "Synchronously save the dataset to disk and then shut down the server"),
        CommandSpec(
            .flushAll, "flushall", arity: -1, group: .server, since: "1.0.0",
            flags: [.write],
            categories: [.keyspace, .write, .slow, .dangerous],
            tips: ["request_policy:all_shards", "response_policy:all_succeeded"],
            complexity: "O(N) where N is the total number of keys in all databases",
            summary: "Remove all keys from all databases"),
        CommandSpec(
            .flushDB, "flushdb", arity: -1, group: .server, since: "1.0.0",
            flags: [.write],
            categories: [.keyspace, .write, .slow, .dangerous],
            tips: ["request_policy:all_shards", "response_policy:all_succeeded"],
            complexity: "O(N) where N is the number of keys in the selected database",
            summary: "Remove all keys from the current database"),
    ]
}
