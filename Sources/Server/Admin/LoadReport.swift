public import Essentials

/// What the asked node has under way, and what it refuses because that is too much: part of the
/// status.
public struct LoadReport: Sendable {
    public struct Shard: Sendable {
        public var requestsInFlight = 0
        /// Bytes of the writes that some replica has not answered.
        public var writeBytesInFlight = 0
        /// Requests that wait until their object is in memory.
        public var requestsParked = 0
        /// Messages of other loops.
        public var mailboxMessages = 0
        /// Whether it refuses new commands, since its loop or the disk is behind.
        public var isBehind = false
        /// The part of full speed that background work is held to, from 0 to 1.
        public var backgroundShare = 1.0

        public init() {}
    }

    /// What waits for one other member.
    public struct Peer: Sendable {
        public var node: Int
        public var queuedBytes: Int
        public var requestsOutstanding: Int
        /// Requests not sent, since too much waited, since the start.
        public var requestsRefused: UInt64
        /// Whether it has left requests unanswered for half a second.
        public var isLagging: Bool

        public init(
            node: Int, queuedBytes: Int, requestsOutstanding: Int, requestsRefused: UInt64,
            isLagging: Bool
        ) {
            self.node = node
            self.queuedBytes = queuedBytes
            self.requestsOutstanding = requestsOutstanding
            self.requestsRefused = requestsRefused
            self.isLagging = isLagging
        }
    }

    /// Requests refused since the start, by cause.
    public var refusals: [(cause: String, count: UInt64)] = []
    /// Requests dropped because whoever had sent them waited no longer.
    public var lateDrops: UInt64 = 0
    public var clientBufferBytes = 0
    public var shards: [Shard] = []
    public var peers: [Peer] = []

    public init() {}

    /// Scripted against: names may be added, never changed.
    ///
    ///     {"refusals": {"loop", "disk", "in_flight", "mailbox"}, "late_drops",
    ///      "client_buffer_bytes",
    ///      "shards": [{"requests_in_flight", "write_bytes_in_flight", "requests_parked",
    ///                  "mailbox_messages", "behind", "background_share"}],
    ///      "peers": [{"node", "queued_bytes", "requests_outstanding", "requests_refused",
    ///                 "lagging"}]}
    public var json: JSON {
        [
            "refusals": .object(refusals.map { JSON.Member($0.cause, .exact($0.count)) }),
            "late_drops": .exact(lateDrops),
            "client_buffer_bytes": .integer(clientBufferBytes),
            "shards": .array(shards.map(\.json)),
            "peers": .array(peers.map(\.json)),
        ]
    }
}

extension LoadReport.Shard {
    fileprivate var json: JSON {
        [
            "requests_in_flight": .integer(requestsInFlight),
            "write_bytes_in_flight": .integer(writeBytesInFlight),
            "requests_parked": .integer(requestsParked),
            "mailbox_messages": .integer(mailboxMessages),
            "behind": .bool(isBehind),
            "background_share": .number(backgroundShare),
        ]
    }
}

extension LoadReport.Peer {
    fileprivate var json: JSON {
        [
            "node": .integer(node),
            "queued_bytes": .integer(queuedBytes),
            "requests_outstanding": .integer(requestsOutstanding),
            "requests_refused": .exact(requestsRefused),
            "lagging": .bool(isLagging),
        ]
    }
}
