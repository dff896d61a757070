extension Setting {
    static let storage: [Setting] = [
        Setting(
            .storage, "data-dir", \.dataDirectory, Text(range: 1...4000, placeholder: "DIRECTORY"),
            default: "./data",
            "where the data is kept",
            """
            The directory is made when it does not exist. One server at a time may use it. It also
            keeps who this node is: a copy of it must never serve beside the original.
            """),
        Setting(
            .storage, "wal-sync", \.walSync, SyncPolicyType(), default: "always",
            "when a write is on disk",
            """
            always: before it is acknowledged; the writes that wait at the same time share one
            fsync. A number of ms: within that time of it, so that a power failure may take a
            replica's last writes; those that w other replicas have are not lost. 1000 is what Redis
            calls everysec. A crash of the process alone loses nothing either way.
            """),
        Setting(
            .storage, "memory", \.memoryBytes, ByteSize(64 << 20...16 << 40), default: "256mb",
            "memory for caches and for writes on their way to disk",
            """
            It is divided into a cache of decoded objects ('memory-object-cache-percent'), the
            writes that no table file holds yet ('memory-memtable-percent'), and for the rest a
            cache of blocks of the table files with their indexes and filters. Connections come on
            top ('client-memory'), and some 64mb for the program. Too low, and reads go to disk and
            compaction works more; too high, and the kernel ends the process.
            """),
        Setting(
            .storage, "memory-object-cache-percent", \.objectCachePercent, Count(5...80),
            default: "40",
            "the part of 'memory' for decoded objects",
            """
            Objects in this cache are read, and read before a write, without asking the storage
            engine. With much data and evenly spread reads, blocks use the memory better.
            """),
        Setting(
            .storage, "memory-memtable-percent", \.memtablePercent, Count(5...80), default: "25",
            "the part of 'memory' for writes not yet in a table file",
            """
            More of it makes fewer and larger table files, hence less compaction and a longer replay
            of the log after a crash. Together with the object cache at most 90.
            """),
        Setting(
            .storage, "compression", \.compression, Choice(), default: "lz4",
            "how blocks on disk are compressed",
            """
            lz4 costs little and pays for itself on slow disks. zstd is smaller and needs about
            three times the CPU. none is right for values that are compressed already.
            """),
        Setting(
            .storage, "background-threads", \.backgroundThreads, Automatic(Count(2...64)),
            default: "auto",
            "threads that flush and compact",
            """
            auto = max(2, cores / 2), at most 8. Too few, and a steady write load outruns compaction
            until writes have to wait; too many take the shards' cores.
            """),
        Setting(
            .storage, "disk-floor", \.diskFloorBytes, ByteSize(0...1 << 40), default: "512mb",
            isChangeable: true,
            "free disk space below which writes are refused",
            """
            Clients then get -DISKFULL for writes; reads and deletes go on, and writes again as soon
            as there is space. It must leave room for the log and for compaction, which needs space
            in order to free some: twice 'memory' or more. On a disk that is really full the storage
            engine ends the process.
            """),
    ]
}
