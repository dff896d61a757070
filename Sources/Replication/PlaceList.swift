/// Places of a preference list in the order in which they are to be asked: five bits each, in one
/// word, so that a list costs no allocation.
public struct PlaceList: Sendable, Equatable {
    /// As many places of five bits as fit. A read never asks so many.
    public static let countMax = 25
    private static let bitsPerPlace = 5

    private var places: UInt128 = 0
    public private(set) var count = 0

    public init() {}

    /// Appends a place; nothing when the list is full.
    ///
    /// - Precondition: `0 <= place && place < PlaceSet.placesMax`.
    public mutating func append(_ place: Int) {
        precondition(0 <= place)
        precondition(place < PlaceSet.placesMax)
        guard count < Self.countMax else { return }
        places |= UInt128(truncatingIfNeeded: place) << UInt128(count * Self.bitsPerPlace)
        count += 1
    }

    /// - Precondition: `0 <= index && index < count`.
    public subscript(index: Int) -> Int {
        precondition(0 <= index)
        precondition(index < count)
        return Int(truncatingIfNeeded: places >> UInt128(index * Self.bitsPerPlace)) & 31
    }

    /// How many of the places are below `bound`.
    public func count(below bound: Int) -> Int {
        var result = 0
        for index in 0..<count where self[index] < bound { result += 1 }
        return result
    }
}
