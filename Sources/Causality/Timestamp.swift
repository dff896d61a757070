/// A stamp of the hybrid logical clock (Kulkarni et al., "Logical Physical Clocks", 2014): wall
/// milliseconds in the upper 48 bits, a count of events within one in the lower 16.
///
/// Time decides only between concurrent values; what happened before is the context's to say.
public struct Timestamp: RawRepresentable, Hashable, Comparable, Sendable {
    public let rawValue: UInt64

    public init(rawValue: UInt64) { self.rawValue = rawValue }

    public init(wallMs: UInt64) { rawValue = wallMs << 16 }

    public static let zero = Timestamp(rawValue: 0)

    public var wallMs: UInt64 { rawValue >> 16 }

    public static func < (left: Timestamp, right: Timestamp) -> Bool {
        left.rawValue < right.rawValue
    }
}

/// A hybrid logical clock: never behind the wall clock, never behind a stamp it has seen.
///
/// Deviation: when the wall clock turns out to have been wrong, it follows it back. Others refuse
/// stamps that are too far ahead, so a clock that insisted on its own could write no more until
/// time has caught up.
///
/// Confined to its shard.
public struct HybridClock: Sendable {
    /// How far ahead of our wall clock a stamp from elsewhere may be. Past it the sender's clock is
    /// wrong, and its writes would win over everybody's for as long.
    public var driftMsMax: UInt64

    private var last: Timestamp = .zero
    /// No stamp is at or before this, wherever the wall clock stands.
    private var floor: Timestamp = .zero

    public init(driftMsMax: UInt64) { self.driftMsMax = driftMsMax }

    /// Returns a stamp greater than every one returned or seen before, unless these are further
    /// ahead of the wall clock than others would accept.
    public mutating func tick(wallMs: UInt64) -> Timestamp {
        if last.wallMs > max(wallMs + driftMsMax, floor.wallMs) { last = floor }
        last = max(Timestamp(wallMs: wallMs), Timestamp(rawValue: last.rawValue + 1))
        return last
    }

    /// Takes note of a stamp from elsewhere; false, and nothing noted, when it is too far ahead.
    public mutating func observe(_ stamp: Timestamp, wallMs: UInt64) -> Bool {
        guard stamp.wallMs <= wallMs + driftMsMax else { return false }
        last = max(last, stamp)
        return true
    }

    /// Makes every stamp to come greater than this one.
    public mutating func pass(_ stamp: Timestamp) {
        floor = max(floor, stamp)
        last = max(last, stamp)
    }
}
