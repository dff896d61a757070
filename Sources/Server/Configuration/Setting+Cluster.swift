extension Setting {
    static let cluster: [Setting] = [
        Setting(
            .cluster, "join", repeatable: \.join, Address(),
            "the peer address of a member to join (repeatable)",
            """
            A node that has no cluster yet asks these members, one after the other, to take it in.
            Without any it makes a cluster of one. Later starts go by what 'data-dir' knows, and
            look here for members that are not where they were. Give two or three, so that one may
            be away.
            """),
        Setting(
            .cluster, "found", \.isFounding, Flag(), default: "no",
            "make a cluster of one, whatever speaks against it",
            """
            A node without 'join' makes a cluster of one when 'data-dir' does not exist yet. It does
            not in a directory that exists and is empty, whose content may have been lost, and stops
            serving when members of another cluster know its address as one of theirs. With yes it
            does, and serves: for one start, not for the configuration file, where it would found a
            second cluster once the directory is lost.
            """),
        Setting(
            .cluster, "zone", \.zone, Text(range: 1...63, placeholder: "NAME"), default: "default",
            "the failure domain of this node",
            """
            A rack, a room, a cloud's zone: what fails together. The replicas of a key are put into
            different zones where there are enough of them. Zones of very different weight make that
            impossible for some keys; `martletctl ring` says for how many.
            """),
        Setting(
            .cluster, "weight", \.weight, Count(1...10_000), default: "100",
            "this node's share of the data, relative to the others",
            """
            A node of weight 200 holds twice what a node of weight 100 does. A node never holds a
            key twice: one that weighs more than all others together gets less than its weight asks.
            """),
        Setting(
            .cluster, "partitions", \.partitions, PowerOfTwo(range: 64...16384), default: "256",
            agreement: .founded,
            "how many partitions the ring has",
            """
            A partition is the unit in which data is placed and moved. Shares are even to within one
            partition, so ten or more for each node (partitions · n / nodes) keep them so; each
            costs every node a little memory and bookkeeping. 256 serve up to about 75 nodes at n =
            3. Fixed when the cluster is made: nodes that join take over the cluster's number.
            """),
        Setting(
            .cluster, "shards", \.shards, Automatic(Count(1...64)), default: "auto",
            "how many event loops serve requests",
            """
            Each shard is one thread with its own partitions and its own part of the object cache.
            auto = max(1, cores / 2), at most 16: the other cores are for fsync, compaction and the
            kernel's network stack. More shards than cores only take turns; fewer leave cores idle.
            Never more than 'partitions'.
            """),
        Setting(
            .cluster, "rebalance", \.rebalance, Choice(), default: "auto", isChangeable: true,
            agreement: .same,
            "whether partitions move when the members change",
            """
            auto: the placement follows the members. manual: it changes only when an admin commits a
            plan. Without effect so far: partitions are moved only while the cluster is empty, as its
            members join, and that is done under either.
            """),
        Setting(
            .cluster, "probe-period-ms", \.probePeriodMs, Count(200...10_000), default: "500",
            agreement: .same,
            "how often this node looks whether another member is there",
            """
            In each period one member is asked for a sign of life; one that gives none within a
            period, not through others either, is suspected and asked last for reads, and taken for
            dead after four more (times log10 of the members) when it does not object. A process
            that stands still, or a machine that is cut off, is so noticed within seconds; one that
            has ended at once, since its connections break. The cost is about four small messages a
            period, however many members there are. Lower: faster, and members that are only slow
            are suspected more often. Higher: requests wait longer for members that are gone.
            """),
        Setting(
            .cluster, "cluster-mode", \.isClusterMode, Flag(), default: "no", isChangeable: true,
            agreement: .same,
            "whether INFO and HELLO say that this is a Redis Cluster",
            """
            Some client libraries choose between their plain and their cluster-aware client by what
            INFO reports. The CLUSTER commands answer either way, and every node takes every command
            either way.
            """),
    ]
}
