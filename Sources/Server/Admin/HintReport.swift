public import Essentials

/// `GET /v1/hints`: what this node keeps for members that could not be reached.
public struct HintReport: Sendable {
    /// What is kept for one member.
    public struct Target: Sendable {
        public var number: Int
        public var clientAddress: String
        public var isReachable: Bool
        public var isDelivering: Bool
        public var records: Int
        /// Of keys and values, as they are stored.
        public var bytes: Int
        /// How long the oldest has been kept; nil without any.
        public var oldestSeconds: Int?
        /// Records handed over in the last second.
        public var rate: Int
        /// Records handed over since the start.
        public var delivered: UInt64
        /// Partitions of which it misses what was dropped past a bound.
        public var dirtyPartitions: [Int]

        public init(
            number: Int, clientAddress: String, isReachable: Bool, isDelivering: Bool,
            records: Int, bytes: Int, oldestSeconds: Int?, rate: Int, delivered: UInt64,
            dirtyPartitions: [Int]
        ) {
            self.number = number
            self.clientAddress = clientAddress
            self.isReachable = isReachable
            self.isDelivering = isDelivering
            self.records = records
            self.bytes = bytes
            self.oldestSeconds = oldestSeconds
            self.rate = rate
            self.delivered = delivered
            self.dirtyPartitions = dirtyPartitions
        }

        /// In seconds, at the present rate; nil when nothing is on its way.
        var remainingSeconds: Int? { records > 0 && rate > 0 ? (records + rate - 1) / rate : nil }

        var state: String {
            if records == 0 { return "none" }
            if !isReachable { return "waiting" }
            return isDelivering ? "delivering" : "pausing"
        }
    }

    /// The node that keeps them.
    public var number: Int
    public var bytesMax: Int
    public var ageSecondsMax: Int
    public var targets: [Target]

    public init(number: Int, bytesMax: Int, ageSecondsMax: Int, targets: [Target]) {
        self.number = number
        self.bytesMax = bytesMax
        self.ageSecondsMax = ageSecondsMax
        self.targets = targets
    }

    /// Scripted against: names may be added, never changed.
    ///
    ///     {"node", "bytes_max", "age_seconds_max",
    ///      "targets": [{"number", "client_address", "state", "reachable", "records", "bytes",
    ///                   "oldest_seconds", "records_per_second", "remaining_seconds", "delivered",
    ///                   "dirty_partitions": [7, 8]}]}
    ///
    /// `state` is `none` (nothing is kept), `waiting` (the member is away), `delivering` or
    /// `pausing` (it has refused some, and is asked again soon).
    public var json: JSON {
        [
            "node": .integer(number),
            "bytes_max": .integer(bytesMax),
            "age_seconds_max": .integer(ageSecondsMax),
            "targets": .array(
                targets.map { target in
                    [
                        "number": .integer(target.number),
                        "client_address": .string(target.clientAddress),
                        "state": .string(target.state),
                        "reachable": .bool(target.isReachable),
                        "records": .integer(target.records),
                        "bytes": .integer(target.bytes),
                        "oldest_seconds": target.oldestSeconds.map(JSON.integer) ?? nil,
                        "records_per_second": .integer(target.rate),
                        "remaining_seconds": target.remainingSeconds.map(JSON.integer) ?? nil,
                        "delivered": .exact(target.delivered),
                        "dirty_partitions": .array(target.dirtyPartitions.map(JSON.integer)),
                    ]
                }),
        ]
    }
}
