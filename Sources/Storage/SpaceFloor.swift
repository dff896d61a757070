/// What may be written with the space that is left.
public enum SpaceState: UInt8, Comparable, Sendable {
    /// Everything.
    case ample = 0
    /// Clients' new values are refused (-DISKFULL); reads, deletes, and what other replicas send to
    /// heal this one go on.
    case low = 1
    /// Nothing: the rest is for flushes and compactions that run already.
    case exhausted = 2

    public static func < (left: SpaceState, right: SpaceState) -> Bool {
        left.rawValue < right.rawValue
    }
}

/// Decides how much free space is too little.
///
/// RocksDB, as Debian builds it, does not survive an append to the WAL that finds no space: an
/// assertion ends the process when it tries to go on. And a flush or compaction that finds none
/// holds up all writes. So the last of the space is kept for what it may still write by itself:
///
///     reserve = memtables (their flush) + WAL (its bound, and the next file it allocates)
///             + min(table files, largest compaction)  (output is written before input is deleted)
///     low       below max(freeBytesMin, reserve / 4) + reserve
///     exhausted below reserve
///
/// A pure value. With hysteresis: a state is left only with an eighth more than its threshold, so
/// that it does not flap while compactions come and go.
public struct SpaceFloor: Sendable {
    public private(set) var state = SpaceState.ample

    /// Free space that is kept besides the reserve.
    public var freeBytesMin: UInt64
    private let writeBuffersBytes: UInt64
    private let compactionBytesMax: UInt64

    public init(freeBytesMin: UInt64, writeBuffersBytes: UInt64, compactionBytesMax: UInt64) {
        self.freeBytesMin = freeBytesMin
        self.writeBuffersBytes = writeBuffersBytes
        self.compactionBytesMax = compactionBytesMax
    }

    /// Free bytes below which nothing is written.
    public func reserveBytes(tableFilesBytes: UInt64) -> UInt64 {
        writeBuffersBytes + min(tableFilesBytes, compactionBytesMax)
    }

    /// Free bytes below which clients' values are refused.
    public func floorBytes(tableFilesBytes: UInt64) -> UInt64 {
        let reserve = reserveBytes(tableFilesBytes: tableFilesBytes)
        return reserve + max(freeBytesMin, reserve / 4)
    }

    /// Takes note of a measurement and returns the state that follows.
    public mutating func update(freeBytes: UInt64, tableFilesBytes: UInt64) -> SpaceState {
        let reserve = reserveBytes(tableFilesBytes: tableFilesBytes)
        let floor = floorBytes(tableFilesBytes: tableFilesBytes)
        let isExhausted = freeBytes < (state == .exhausted ? reserve + reserve / 8 : reserve)
        let isLow = freeBytes < (state == .ample ? floor : floor + floor / 8)
        state = isExhausted ? .exhausted : isLow ? .low : .ample
        return state
    }
}
