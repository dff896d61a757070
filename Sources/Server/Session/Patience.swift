internal import Synchronization
internal import Wire

/// Answers once: with what comes first, the answer or the end of the time for it. Any thread.
final class Patience: Sendable {
    private let isOver = Atomic(false)
    private let answer: @Sendable (Reply) -> Void

    init(_ answer: @escaping @Sendable (Reply) -> Void) { self.answer = answer }

    func end(_ reply: Reply) {
        guard !isOver.exchange(true, ordering: .acquiringAndReleasing) else { return }
        answer(reply)
    }
}
