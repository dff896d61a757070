extension Setting {
    static let replication: [Setting] = [
        Setting(
            .replication, "n", \.n, Count(1...9), default: "3", agreement: .founded,
            "replicas of each key",
            """
            A cluster of fewer nodes keeps as many replicas as it has nodes. Storage, write traffic
            and the work of repair grow with n. 3 lets one node be away while reads still see every
            write (r + w > n), 5 lets two.
            """),
        Setting(
            .replication, "r", \.r, Count(1...9), default: "2", isChangeable: true,
            agreement: .same,
            "replicas that must answer a read",
            """
            With r + w > n, a read sees every acknowledged write that no network partition has kept
            from it. With 1, reads are faster and may show an older value; with n, they fail when
            fewer than n nodes are left. At most n, and capped to the replicas that a key really
            has. A keyspace changes it for the keys of a prefix ('martletctl keyspace'), CONSISTENCY
            for one connection, DGET for one read.
            """),
        Setting(
            .replication, "w", \.w, Count(1...9), default: "2", isChangeable: true,
            agreement: .same,
            "replicas that must store a write",
            """
            Every write goes to all n; it is acknowledged when w have it, fallbacks included. With
            1, an acknowledged write is lost if that one disk dies before the others have it; with
            n, writes fail when fewer than n nodes are left. At most n, and capped to the replicas
            that a key really has. A keyspace changes it for the keys of a prefix ('martletctl
            keyspace'), CONSISTENCY for one connection, DPUT for one write.
            """),
        Setting(
            .replication, "pr", \.pr, Count(0...9), default: "0", isChangeable: true,
            agreement: .same,
            "primaries among the r",
            """
            So many of the replicas that answer a read must be primaries of the key. 0 lets
            fallbacks answer while primaries are away.
            """),
        Setting(
            .replication, "pw", \.pw, Count(0...9), default: "0", isChangeable: true,
            agreement: .same,
            "primaries among the w",
            """
            So many of the replicas that store a write must be primaries of the key. 0 keeps writes
            possible while primaries are away; pr + pw > n makes reads see writes through network
            partitions, at the price of refusing both on the smaller side.
            """),
        Setting(
            .replication, "dw", \.dw, Count(0...9), default: "0", isChangeable: true,
            agreement: .same,
            "replicas among the w that must have it on disk",
            """
            So many replicas must have synced a write before it is acknowledged. With 'wal-sync
            always' every one of the w has, so this matters only with a 'wal-sync' period.
            """),
        Setting(
            .replication, "request-timeout-ms", \.requestTimeoutMs,
            TimeSpan(.milliseconds, 10...600_000), default: "1000", isChangeable: true,
            "how long a request waits for its replicas",
            """
            After that the client gets -NOQUORUM with the number that had answered. A write that
            failed so may still take effect later. Too low, and a pause of a disk or of the network
            turns into errors; too high, and clients wait for what will not come, holding memory.
            """),
        Setting(
            .replication, "clock-drift-max-ms", \.clockDriftMsMax,
            TimeSpan(.milliseconds, 10...86_400_000), default: "60000", isChangeable: true,
            agreement: .same,
            "how far a node's clock may be from the members'",
            """
            Members share a clock, which deadlines and timestamps follow. A node whose own clock is
            further from it does not coordinate, and timestamps further in the future are refused,
            so that one wrong clock cannot win over everybody's concurrent writes for ever. Clocks
            need not be exact: but with a bound below the drift that NTP leaves good nodes are
            refused.
            """),
        Setting(
            .replication, "context-actors-max", \.contextActorsMax, Count(10...1000),
            default: "50", agreement: .same,
            "how many writers the causal context of a key remembers",
            """
            Past this number the oldest are forgotten, which is counted in a metric. Too low, and
            overwritten values may come back as siblings; too high, and keys that many nodes have
            coordinated in turn grow large. A key has about n actors, plus one for each replacement
            of a node.
            """),
        Setting(
            .replication, "hint-bytes-max", \.hintBytesMax, ByteSize(1 << 20...1 << 44),
            default: "1gb", isChangeable: true,
            "what this node keeps for members that cannot be reached",
            """
            Writes that a member misses are kept as hints, by its peers, and handed over when it is
            back. A key that is written often takes one record. Past this bound the hints that have
            waited longest go, a partition at a time, which is logged and counted: the member then
            stays behind there until it is repaired. Writes are never refused for it. The space
            comes on top of the node's own data.
            """),
        Setting(
            .replication, "hint-age-max", \.hintAgeSecondsMax, TimeSpan(.seconds, 60...31_536_000),
            default: "604800", isChangeable: true,
            "how long hints are kept for a member that does not come back",
            """
            Older ones go, a partition at a time, as past hint-bytes-max. A week covers a repair of
            the machine. A write that was acknowledged by fallbacks alone is lost with its hints, so
            keep them rather for too long: the space has its own bound.
            """),
    ]
}
