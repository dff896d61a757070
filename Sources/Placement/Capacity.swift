public import Essentials

/// What the solver has to know of a member: how much it can take, and with whom it fails.
public struct Capacity: Hashable, Sendable {
    public let node: NodeNumber
    /// Its share relative to the others' weights. With 0 it gets no vnodes.
    public let weight: Int
    /// Its failure domain; members with equal names fail together.
    public let zone: String

    /// Far above any ratio of real machines, and small enough that shares keep exact in doubles.
    public static let weightMax = 10_000

    /// - Precondition: `0 <= weight && weight <= weightMax`.
    public init(node: NodeNumber, weight: Int, zone: String) {
        invariant((0...Self.weightMax).contains(weight), "weight \(weight)")
        self.node = node
        self.weight = weight
        self.zone = zone
    }
}
