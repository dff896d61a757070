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

/// A hybrid logical clock: never behind the clock it is given, never behind a stamp it has seen.
///
/// Stamps may be so far ahead of that clock, and no further (`limit`): whoever meets one that is
/// refuses it. Deviation: when the clock has gone back further than that, be it that the members
/// had agreed on a wrong time, it is followed back. Others refuse stamps that are too far ahead, so
/// one that insisted on its own could write no more until time has caught up.
///
/// Confined to its shard.
public struct HybridClock: Sendable {
    /// How far ahead of the clock a stamp may be. Past it some clock was wrong, and what it has
    /// stamped would win over everybody's for as long.
    public var driftMsMax: UInt64

    private var last: Timestamp = .zero
    /// No stamp is at or before this, wherever the clock stands.
    private var floor: Timestamp = .zero

    public init(driftMsMax: UInt64) { self.driftMsMax = driftMsMax }

    /// The last stamp that may be given or taken at `wallMs`. What everybody has to pass may be
    /// ahead of all clocks, and moves the limit with it.
    public func limit(wallMs: UInt64) -> Timestamp {
        let ms = max(wallMs, floor.wallMs) + driftMsMax
        return Timestamp(rawValue: Timestamp(wallMs: ms).rawValue | 0xFFFF)
    }

    /// The least stamp that is later than what everybody has to pass.
    public var least: Timestamp { Timestamp(rawValue: floor.rawValue + 1) }

    /// Returns a stamp greater than `seen`, and than every one returned or observed before, unless
    /// these are further ahead than others would accept.
    ///
    /// - Precondition: `seen` is within the limit.
    public mutating func tick(wallMs: UInt64, after seen: Timestamp = .zero) -> Timestamp {
        if last > limit(wallMs: wallMs) { last = floor }
        let passed = max(last, seen)
        last = max(Timestamp(wallMs: wallMs), Timestamp(rawValue: passed.rawValue + 1))
        return last
    }

    /// Takes note of a stamp from elsewhere; false, and nothing noted, when it is too far ahead.
    public mutating func observe(_ stamp: Timestamp, wallMs: UInt64) -> Bool {
        guard stamp <= limit(wallMs: wallMs) else { return false }
        last = max(last, stamp)
        return true
    }

    /// Makes every stamp to come greater than this one.
    public mutating func pass(_ stamp: Timestamp) {
        floor = max(floor, stamp)
        last = max(last, stamp)
    }
}
