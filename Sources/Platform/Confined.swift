internal import Essentials

/// Carries a value that is not Sendable through places that ask for it, and traps where it is
/// used off its loop.
///
/// For what a `@Sendable` closure of a loop must capture: a shard's state, a session, a stream.
/// `@unchecked` because the check is made when it is used instead of when it is compiled. The
/// last reference must be dropped on the loop.
public struct Confined<Value>: @unchecked Sendable {
    private let loop: EventLoop
    private let stored: Value

    public init(_ value: Value, to loop: EventLoop) {
        self.loop = loop
        stored = value
    }

    public var value: Value {
        invariant(loop.isCurrent, "a value of the loop \(loop.name) was used on another thread")
        return stored
    }
}
