internal import Glibc
internal import Synchronization

/// A connection that was accepted and has no loop yet: Sendable, so that the accepting loop can
/// hand it to the loop that will serve it. Dropped without becoming a stream, it is closed.
public final class AcceptedSocket: Sendable {
    private static let none: Int32 = -1
    private let descriptor: Atomic<Int32>

    init(descriptor: Int32) { self.descriptor = Atomic(descriptor) }

    deinit {
        let descriptor = take()
        if descriptor != Self.none { close(descriptor) }
    }

    /// Gives the descriptor up to the caller; -1 if somebody has taken it before.
    func take() -> Int32 { descriptor.exchange(Self.none, ordering: .acquiringAndReleasing) }
}
