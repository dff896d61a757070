// What cluster-aware clients ask. Names, arities, flags and texts are Redis'.

extension CommandTable {
    static let cluster: [CommandSpec] = [
        CommandSpec(
            .cluster, "cluster", arity: -2, group: .cluster, since: "3.0.0",
            flags: [],
            categories: [.slow],
            complexity: "Depends on subcommand.",
            summary: "A container for cluster commands",
            subcommands: [
                CommandSpec(
                    .clusterSlots, "cluster|slots", arity: 2, group: .cluster, since: "3.0.0",
                    flags: [.stale],
                    categories: [.slow],
                    tips: ["nondeterministic_output"],
                    complexity: "O(N) where N is the total number of Cluster nodes",
                    summary: "Get array of Cluster slot to node mappings",
                    deprecation: Deprecation(
                        since: "7.0.0",
                        replacement: "`CLUSTER SHARDS`")),
                CommandSpec(
                    .clusterShards, "cluster|shards", arity: 2, group: .cluster, since: "7.0.0",
                    flags: [.stale],
                    categories: [.slow],
                    tips: ["nondeterministic_output"],
                    complexity: "O(N) where N is the total number of cluster nodes",
                    summary: "Get array of cluster slots to node mappings"),
                CommandSpec(
                    .clusterNodes, "cluster|nodes", arity: 2, group: .cluster, since: "3.0.0",
                    flags: [.stale],
                    categories: [.slow],
                    tips: ["nondeterministic_output"],
                    complexity: "O(N) where N is the total number of Cluster nodes",
                    summary: "Get Cluster config for the node"),
                CommandSpec(
                    .clusterInfo, "cluster|info", arity: 2, group: .cluster, since: "3.0.0",
                    flags: [.stale],
                    categories: [.slow],
                    tips: ["nondeterministic_output"],
                    complexity: "O(1)",
                    summary: "Provides info about Redis Cluster node state"),
                CommandSpec(
                    .clusterMyID, "cluster|myid", arity: 2, group: .cluster, since: "3.0.0",
                    flags: [.stale],
                    categories: [.slow],
                    complexity: "O(1)",
                    summary: "Return the node id"),
                CommandSpec(
                    .clusterKeySlot, "cluster|keyslot", arity: 3, group: .cluster, since: "3.0.0",
                    flags: [.stale],
                    categories: [.slow],
                    complexity: "O(N) where N is the number of bytes in the key",
                    summary: "Returns the hash slot of the specified key"),
                CommandSpec(
                    .clusterCountKeysInSlot, "cluster|countkeysinslot", arity: 3, group: .cluster,
                    since: "3.0.0",
                    flags: [.stale],
                    categories: [.slow],
                    complexity: "O(1)",
                    summary: "Return the number of local keys in the specified hash slot"),
                CommandSpec(
                    .clusterGetKeysInSlot, "cluster|getkeysinslot", arity: 4, group: .cluster,
                    since: "3.0.0",
                    flags: [.stale],
                    categories: [.slow],
                    tips: ["nondeterministic_output"],
                    complexity: "O(log(N)) where N is the number of requested keys",
                    summary: "Return local key names in the specified hash slot"),
                CommandSpec(
                    .clusterHelp, "cluster|help", arity: 2, group: .cluster, since: "5.0.0",
                    flags: [.loading, .stale],
                    categories: [.slow],
                    complexity: "O(1)",
                    summary: "Show helpful text about the different subcommands"),
            ]),
        CommandSpec(
            .readOnly, "readonly", arity: 1, group: .cluster, since: "3.0.0",
            flags: [.loading, .stale, .fast],
            categories: [.fast, .connection],
            complexity: "O(1)",
            summary: "Enables read queries for a connection to a cluster replica node"),
        CommandSpec(
            .readWrite, "readwrite", arity: 1, group: .cluster, since: "3.0.0",
            flags: [.loading, .stale, .fast],
            categories: [.fast, .connection],
            complexity: "O(1)",
            summary: "Disables read queries for a connection to a cluster replica node"),
    ]
}
