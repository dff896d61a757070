extension Setting {
    static let observation: [Setting] = [
        Setting(
            .observation, "log-level", \.logLevel, Choice(), default: "info", isChangeable: true,
            "how much is logged",
            """
            error: what needs an admin now. warn: what may soon. info: starts, stops, members coming
            and going. debug: every connection and every step of the protocols; too much for a busy
            server.
            """),
        Setting(
            .observation, "log-format", \.logFormat, Choice(), default: "logfmt",
            isChangeable: true,
            "how log lines are written",
            """
            One line an event, to the standard error: `time=… level=info message="…" key=value`, or
            the same as a JSON object.
            """),
        Setting(
            .observation, "slowlog-log-slower-than", \.slowlogThresholdUs,
            Count(-1...3_600_000_000, placeholder: "US"), default: "10000", isChangeable: true,
            "microseconds from which a command counts as slow",
            """
            Slow commands are kept for SLOWLOG. 0 keeps every command, -1 none. The time includes
            waiting for replicas.
            """),
        Setting(
            .observation, "slowlog-max-len", \.slowlogEntriesMax, Count(0...100_000),
            default: "128", isChangeable: true,
            "how many slow commands SLOWLOG remembers",
            """
            The oldest are dropped. Each takes up to some 4kb of memory.
            """),
    ]
}
