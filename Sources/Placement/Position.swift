internal import Hashing

/// A key's place on the ring: its slot in the upper 14 bits, below them the upper 50 bits of its
/// XXH3 hash.
///
/// On disk: record keys begin with the position, big-endian. So a slot, a partition at any
/// partition count and a segment of a tree are each one contiguous range. Never change it.
///
///     63          50 49                                             0
///     +-------------+-----------------------------------------------+
///     | slot (14)   | XXH3_64(key) >> 14 (50)                       |
///     +-------------+-----------------------------------------------+
public struct Position: RawRepresentable, Hashable, Comparable, Sendable {
    static let hashBits = 50

    public let rawValue: UInt64

    public init(rawValue: UInt64) { self.rawValue = rawValue }

    public init(of key: [UInt8]) { self.init(of: key.span) }

    public init(of span: Span<UInt8>) {
        let slot = Placement.slot(of: span)
        rawValue = UInt64(slot) << Self.hashBits | xxh3(span) >> (64 - Self.hashBits)
    }

    public var slot: UInt16 { UInt16(truncatingIfNeeded: rawValue >> Self.hashBits) }

    public static func < (left: Position, right: Position) -> Bool {
        left.rawValue < right.rawValue
    }
}
