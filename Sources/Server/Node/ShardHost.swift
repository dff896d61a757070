internal import Platform

/// The actor that a shard lives in. Its executor is the shard's loop, so the compiler keeps the
/// shard's state on it; callbacks of the loop enter by `assumeIsolated`, which traps elsewhere.
///
/// Nothing awaits it on the request path: messages come through the mailbox, in batches.
actor ShardHost {
    nonisolated let loop: EventLoop
    private(set) var shard: Shard?
    /// The shard after its end: its connections close only in the loop's next pass, and tell it.
    private var stopped: Shard?

    nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe loop.asUnownedSerialExecutor()
    }

    init(loop: EventLoop) { self.loop = loop }

    func start(_ make: @Sendable (isolated ShardHost) -> sending Shard) { shard = make(self) }

    func stop() {
        shard?.stop()
        stopped = shard
        shard = nil
    }
}
