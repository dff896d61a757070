extension Setting {
    static let clients: [Setting] = [
        Setting(
            .clients, "maxclients", \.clientsMax, Count(1...1_000_000), default: "10000",
            isChangeable: true,
            "how many clients may be connected",
            """
            Further ones get an error and are disconnected. Each takes one file descriptor: the
            limit that the system gives the process (ulimit -n) must be higher by some 200.
            """),
        Setting(
            .clients, "timeout", \.idleTimeoutSeconds, TimeSpan(.seconds, 0...31_536_000),
            default: "0", isChangeable: true,
            "seconds after which an idle client is disconnected (0: never)",
            """
            Clients that pool connections rely on idle ones staying open: 0, or minutes.
            """),
        Setting(
            .clients, "tcp-keepalive", \.keepaliveSeconds, TimeSpan(.seconds, 0...86_400),
            default: "300", isChangeable: true,
            "seconds between probes of an idle connection (0: none)",
            """
            Probes find clients that vanished without closing, and keep middleboxes from forgetting
            the connection. A change counts for connections made after it.
            """),
        Setting(
            .clients, "value-max", \.valueBytesMax, ByteSize(1 << 10...512 << 20), default: "16mb",
            isChangeable: true, agreement: .same,
            "the largest value",
            """
            Larger ones are refused. A value is written, sent to replicas and read as a whole, so
            large ones make everybody on the same shard wait: some 10 ms for 16mb. What healing
            moves is never refused for its size.
            """),
        Setting(
            .clients, "command-max", \.commandBytesMax, ByteSize(64 << 10...1 << 30),
            default: "64mb", isChangeable: true,
            "the largest command, all its arguments together",
            """
            A client that sends more is disconnected. At least 'value-max' and 1mb, or the largest
            value could not be written.
            """),
        Setting(
            .clients, "client-output-limit", \.clientOutputBytesMax, ByteSize(1 << 20...16 << 30),
            default: "64mb", isChangeable: true,
            "replies that may wait for one client to read them",
            """
            A client that reads too slowly is disconnected when more are waiting. Higher than
            'value-max', or the largest value could not be read.
            """),
        Setting(
            .clients, "client-memory", \.clientMemoryBytesMax, ByteSize(16 << 20...16 << 40),
            default: "256mb", isChangeable: true,
            "memory for the buffers of all clients together",
            """
            Commands half received and replies half sent count. Past it the clients that hold the
            most are disconnected, so that many slow ones cannot use up the machine's memory. At
            least 'command-max' and 'client-output-limit'.
            """),
    ]
}
