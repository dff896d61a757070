public import Essentials
public import Placement

/// An account as it is stored: see `HintRecord`.
public struct HintAccountRecord: Sendable, Equatable {
    public let target: NodeNumber
    public let partition: PartitionID
    public let value: [UInt8]

    public init(target: NodeNumber, partition: PartitionID, value: [UInt8]) {
        self.target = target
        self.partition = partition
        self.value = value
    }
}

/// What was found under the keys of a `loadHints`.
public enum HintLoadResult: Sendable {
    /// In the order of the keys; nil where there is nothing.
    case values([[UInt8]?])
    case unreadable
    /// Too many reads wait for the disk.
    case overloaded
}

/// A record of the hints family.
public struct HintScanRecord: Sendable, Equatable {
    public let key: [UInt8]
    public let value: [UInt8]

    public init(key: [UInt8], value: [UInt8]) {
        self.key = key
        self.value = value
    }
}

/// Where a `scanHints` ends: the record that reaches a limit still counts.
public struct HintScanLimit: Sendable, Equatable {
    public var records: Int
    /// Of keys and values.
    public var bytes: Int

    public init(records: Int, bytes: Int) {
        self.records = records
        self.bytes = bytes
    }
}

/// What a `scanHints` has found.
public enum HintScanResult: Sendable {
    /// - Parameter next: the key to go on from; nil at the end of the range.
    case chunk([HintScanRecord], next: [UInt8]?)
    case unreadable
    /// Too many reads wait for the disk.
    case overloaded
}

/// What an operator should know of hints.
public enum HintNotice: Sendable, Equatable {
    public enum Bound: Sendable { case bytes, age }

    /// A pass has handed this many over; so many have come since or were refused.
    case delivered(NodeNumber, records: Int, left: Int)
    /// Hints were given up; anti-entropy is to bring the node what it misses.
    case dropped(NodeNumber, PartitionID, records: Int, past: Bound)
}

/// What a shard keeps for one node.
public struct HintFigures: Sendable, Equatable {
    public let target: NodeNumber
    public var records: Int
    /// Of keys and values.
    public var bytes: Int
    /// When the oldest was kept, by this node's monotonic clock in ms, which may be before its
    /// beginning; nil without any.
    public var oldestMs: Int64?
    public var isDelivering: Bool
    /// Handed over in the last second.
    public var rate: Int
    /// Handed over since the start.
    public var delivered: UInt64
    /// Partitions in which the node misses what was dropped.
    public var dirty: [PartitionID]

    /// How long the oldest waits, in ms.
    public func ageMs(nowNs: UInt64) -> Int64? {
        oldestMs.map { max(0, Int64(nowNs / 1_000_000) - $0) }
    }
}
