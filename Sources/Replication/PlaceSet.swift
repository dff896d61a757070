/// A set of places in a preference list. Replicas are named by place, so a set fits one word, needs
/// no hashing and iterates in one order.
public struct PlaceSet: Sendable, Equatable {
    /// The most primaries a partition may have, and as many fallbacks beside them.
    public static let placesMax = 32

    private var bits: UInt32 = 0

    public init() {}

    /// The places 0..<count.
    public init(first count: Int) { bits = count >= Self.placesMax ? .max : 1 << UInt32(count) - 1 }

    public var count: Int { bits.nonzeroBitCount }
    public var isEmpty: Bool { bits == 0 }

    public func contains(_ place: Int) -> Bool { bits & 1 << UInt32(place) != 0 }

    public mutating func insert(_ place: Int) { bits |= 1 << UInt32(place) }

    /// Returns whether `place` was in the set.
    public mutating func remove(_ place: Int) -> Bool {
        let bit: UInt32 = 1 << UInt32(place)
        defer { bits &= ~bit }
        return bits & bit != 0
    }

    public mutating func removeAll() { bits = 0 }

    public func union(_ other: PlaceSet) -> PlaceSet {
        var result = self
        result.bits |= other.bits
        return result
    }
}
