extension Setting {
    static let overload: [Setting] = [
        Setting(
            .overload, "overload-delay-ms", \.overloadDelayMs, TimeSpan(.milliseconds, 0...60_000),
            default: "250", isChangeable: true,
            "how far behind a shard may be before it refuses clients (0: any)",
            """
            When everything that a shard takes on, or reads from the disk, has waited so long for a
            second, new commands get -OVERLOADED at once, until it has caught up; what is under way
            goes on, and so does what other nodes ask of its replicas. Well below
            'request-timeout-ms', or requests time out before any is refused. Too low, and a deep
            pipeline is refused that would only have taken a little longer.
            """),
        Setting(
            .overload, "peer-queue-max", \.peerQueueBytesMax, ByteSize(16 << 20...16 << 30),
            default: "64mb", isChangeable: true,
            "requests that may wait for one other node to take them",
            """
            Shared by the shards. Past it that node counts as unreachable for new requests: a node
            that stands still must not fill the memory of the others. Too low, and large values
            sent to a healthy node at the same time are refused.
            """),
        Setting(
            .overload, "background-rate-max", \.backgroundRateMax, ByteSize(1 << 20...16 << 30),
            default: "128mb", isChangeable: true,
            "bytes a second of healing while no client would notice",
            """
            For each node, shared by the shards; each record counts as 512 bytes more than it has.
            Background work slows down by itself when commands take half as long again as they do
            without it.
            """),
        Setting(
            .overload, "background-rate-min", \.backgroundRateMin, ByteSize(64 << 10...1 << 30),
            default: "17mb", isChangeable: true,
            "bytes a second of healing, however busy the clients",
            """
            Healing never stops, or a node that is always busy would never be whole again. The
            default brings 27,000 small values a second where half a processor is to spare: a node
            that was away for ten minutes of 5,000 writes a second is then whole within two. Higher,
            and clients notice more of it; lower, and hints may reach their bounds before they are
            delivered. At most 'background-rate-max'.
            """),
    ]
}
