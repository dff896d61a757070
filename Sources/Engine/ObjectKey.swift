public import Placement

/// A key and its place on the ring, hashed once for its whole way through the node.
public struct ObjectKey: Hashable, Sendable {
    public let position: Position
    public let bytes: [UInt8]

    public init(_ bytes: [UInt8]) {
        self.position = Position(of: bytes)
        self.bytes = bytes
    }

    /// - Precondition: `position` is the position of `bytes`.
    public init(position: Position, bytes: [UInt8]) {
        self.position = position
        self.bytes = bytes
    }

    public static func == (left: ObjectKey, right: ObjectKey) -> Bool {
        left.position == right.position && left.bytes == right.bytes
    }

    /// The position is a hash already.
    public func hash(into hasher: inout Hasher) { hasher.combine(position.rawValue) }
}
