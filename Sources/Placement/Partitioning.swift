internal import Essentials

/// The number of a partition: one of Q equal arcs of the ring, counted from position 0.
///
/// It means something only together with Q: see `Partitioning`.
public struct PartitionID: RawRepresentable, Hashable, Comparable, Sendable,
    CustomStringConvertible
{
    public let rawValue: UInt16

    public init(rawValue: UInt16) { self.rawValue = rawValue }

    /// The partition's place in an array with one element a partition.
    public var index: Int { Int(rawValue) }

    public static func < (left: PartitionID, right: PartitionID) -> Bool {
        left.rawValue < right.rawValue
    }

    public var description: String { "\(rawValue)" }
}

/// How the ring is cut: into `count` equal partitions (Q), a power of two.
///
/// Partition i holds the slots `[i * 16384 / Q, (i + 1) * 16384 / Q)`. Ranges are closed, because
/// the last position of the ring, `UInt64.max`, has no successor.
public struct Partitioning: Hashable, Sendable {
    /// Fewer than 64 would leave clusters of a dozen nodes unbalanced; there are 16384 slots.
    public static let countMin = 64
    public static let countMax = slotCount
    public static let countDefault = 256

    private let bits: Int

    /// - Precondition: `isValid(count:)`.
    public init(count: Int) {
        invariant(Self.isValid(count: count), "partition count \(count)")
        bits = count.trailingZeroBitCount
    }

    public static func isValid(count: Int) -> Bool {
        (countMin...countMax).contains(count) && count.nonzeroBitCount == 1
    }

    public var count: Int { 1 << bits }

    /// Every partition, in the order of the ring.
    public var all: some RandomAccessCollection<PartitionID> {
        (0..<count).lazy.map { PartitionID(rawValue: UInt16($0)) }
    }

    public func partition(of position: Position) -> PartitionID {
        PartitionID(rawValue: UInt16(truncatingIfNeeded: position.rawValue >> (64 - bits)))
    }

    /// - Precondition: `slot < slotCount`.
    public func partition(ofSlot slot: UInt16) -> PartitionID {
        invariant(Int(slot) < slotCount, "slot \(slot)")
        return PartitionID(rawValue: slot >> (slotCount.trailingZeroBitCount - bits))
    }

    public func contains(_ partition: PartitionID) -> Bool { partition.index < count }

    public func slots(of partition: PartitionID) -> ClosedRange<UInt16> {
        invariant(contains(partition), "partition \(partition) of \(count)")
        let width = slotCount / count
        let first = partition.index * width
        return UInt16(first)...UInt16(first + width - 1)
    }

    public func positions(of partition: PartitionID) -> ClosedRange<Position> {
        invariant(contains(partition), "partition \(partition) of \(count)")
        let first = UInt64(partition.rawValue) << (64 - bits)
        let last = first | UInt64.max >> bits
        return Position(rawValue: first)...Position(rawValue: last)
    }

    /// The next partition clockwise; the last one is followed by the first.
    public func partition(after partition: PartitionID) -> PartitionID {
        PartitionID(rawValue: UInt16((partition.index + 1) & (count - 1)))
    }
}
