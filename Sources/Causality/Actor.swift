public import Essentials

/// Who numbers dots: a node, and the number of the run in which it first coordinated this key,
/// which is a time in ms.
///
/// The epoch is what keeps dots unique: a node that may have forgotten dots of a key goes on under
/// a new epoch instead of counting again from where it remembers (research: riak_kv issue 679).
///
/// On disk and on the wire: node in the upper 16 bits, epoch in the lower 48.
public struct Actor: RawRepresentable, Hashable, Comparable, Sendable {
    public let rawValue: UInt64

    /// 2^48 ms are 8,900 years.
    public static let epochMsMax: UInt64 = 1 << 48 - 1

    public init(rawValue: UInt64) { self.rawValue = rawValue }

    public init(node: NodeNumber, epochMs: UInt64) {
        invariant(epochMs <= Self.epochMsMax, "actor epoch out of range")
        rawValue = UInt64(node.rawValue) << 48 | epochMs
    }

    public var node: NodeNumber { NodeNumber(rawValue: UInt16(rawValue >> 48)) }
    public var epochMs: UInt64 { rawValue & Self.epochMsMax }

    public static func < (left: Actor, right: Actor) -> Bool { left.rawValue < right.rawValue }
}

/// One write event: the `counter`-th that `actor` made on this key. Counters start at 1.
public struct Dot: Hashable, Comparable, Sendable {
    public let actor: Actor
    public let counter: UInt64

    public init(actor: Actor, counter: UInt64) {
        self.actor = actor
        self.counter = counter
    }

    public static func < (left: Dot, right: Dot) -> Bool {
        (left.actor, left.counter) < (right.actor, right.counter)
    }
}

extension Actor: CustomStringConvertible {
    public var description: String { "\(node)@\(epochMs)" }
}

extension Dot: CustomStringConvertible {
    public var description: String { "\(actor):\(counter)" }
}
