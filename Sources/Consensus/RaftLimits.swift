internal import Essentials

/// When a Raft node acts by itself, in nanoseconds.
public struct RaftTiming: Hashable, Sendable {
    /// A leader says that it is there so often: ten chances in the shortest election time-out.
    public let heartbeatNs: UInt64
    /// Learners start no elections, so they need it less often, and there may be many.
    public let learnerHeartbeatNs: UInt64
    /// A voter that has heard no leader for a time drawn between these asks for votes. Long enough
    /// for a machine whose processors are all taken, since a leader too many costs more than a
    /// second without one: nothing but changes of the topology waits for it.
    public let electionNsMin: UInt64
    public let electionNsMax: UInt64
    /// A chunk of a snapshot that was not confirmed is sent again after this time.
    public let chunkNs: UInt64

    /// - Precondition: `3 * heartbeatNs <= electionNsMin < electionNsMax`.
    public init(
        heartbeatNs: UInt64 = 100_000_000, learnerHeartbeatNs: UInt64 = 1_000_000_000,
        electionNsMin: UInt64 = 1_000_000_000, electionNsMax: UInt64 = 2_000_000_000,
        chunkNs: UInt64 = 1_000_000_000
    ) {
        invariant(3 * heartbeatNs <= electionNsMin, "a lost heartbeat would start elections")
        invariant(electionNsMin < electionNsMax, "voters would ask for votes at the same time")
        self.heartbeatNs = heartbeatNs
        self.learnerHeartbeatNs = learnerHeartbeatNs
        self.electionNsMin = electionNsMin
        self.electionNsMax = electionNsMax
        self.chunkNs = chunkNs
    }
}

/// How much a Raft node keeps and sends, in bytes where nothing else is said.
public struct RaftLimits: Hashable, Sendable {
    /// The most that one command may have. The largest topology has about 2 MiB.
    public static let commandSizeMax = 8 << 20
    /// The most that a snapshot's state may have: one command's worth.
    public static let stateSizeMax = commandSizeMax
    /// The most entries in one message.
    static let messageEntriesMax = 1024

    /// Entries in one message have together no more than this, unless it is a single one.
    public var messageSizeMax: Int
    /// Messages with entries on their way to one node that it has not confirmed.
    public var inFlightMax: Int
    /// Entries that are not committed yet: a proposal past it is declined.
    public var uncommittedSizeMax: Int
    /// A log of more bytes, or of more entries, is to be compacted.
    public var logSizeMax: Int
    public var logEntriesMax: Int
    public var chunkSize: Int

    public init(
        messageSizeMax: Int = 256 << 10, inFlightMax: Int = 8,
        uncommittedSizeMax: Int = 16 << 20, logSizeMax: Int = 1 << 20, logEntriesMax: Int = 128,
        chunkSize: Int = 256 << 10
    ) {
        invariant(inFlightMax > 0 && chunkSize > 0, "nothing would ever be sent")
        self.messageSizeMax = messageSizeMax
        self.inFlightMax = inFlightMax
        self.uncommittedSizeMax = uncommittedSizeMax
        self.logSizeMax = logSizeMax
        self.logEntriesMax = logEntriesMax
        self.chunkSize = chunkSize
    }
}
