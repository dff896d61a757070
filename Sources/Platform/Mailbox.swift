internal import Synchronization

/// Messages from many threads to one loop: how shards talk.
///
/// A message costs a lock and an append; the loop is woken once a batch, swaps the array for an
/// empty one and handles the batch without the lock. Messages of one sender keep their order.
/// What is sent without a bound answers something that was bounded where it entered; new work comes
/// with a bound.
public final class Mailbox<Message: Sendable>: Drainable, Sendable {
    /// A burst's array is not kept for ever: beyond this, growing anew is cheap for what it brings.
    private let spareCountMax = 16_384

    private struct State {
        var messages: [Message] = []
        /// The array of the batch before, emptied, so that steady traffic allocates nothing.
        var spare: [Message] = []
    }

    private let loop: EventLoop
    private let state = Mutex(State())
    private let handler: @Sendable (_ batch: [Message]) -> Void

    /// - Parameter handler: runs on the loop with every message since it last ran.
    public init(loop: EventLoop, handler: @escaping @Sendable (_ batch: [Message]) -> Void) {
        self.loop = loop
        self.handler = handler
    }

    /// Leaves a message, from any thread. After the loop has stopped, nobody takes it.
    public func send(_ message: Message) {
        let isFirst = state.withLock { state in
            state.messages.append(message)
            return state.messages.count == 1
        }
        if isFirst { loop.submit(.drain(self)) }
    }

    /// Leaves a message unless `countMax` wait already; returns whether it did.
    public func send(_ message: Message, unlessWaiting countMax: Int) -> Bool {
        let count = state.withLock { state in
            guard state.messages.count < countMax else { return 0 }
            state.messages.append(message)
            return state.messages.count
        }
        if count == 1 { loop.submit(.drain(self)) }
        return count > 0
    }

    /// Messages that wait: for metrics.
    public var count: Int { state.withLock { $0.messages.count } }

    func drain() {
        var batch = state.withLock { state in
            let batch = state.messages
            state.messages = state.spare
            state.spare = []
            return batch
        }
        handler(batch)
        guard batch.count <= spareCountMax else { return }
        batch.removeAll(keepingCapacity: true)
        state.withLock { [batch] state in state.spare = batch }
    }
}

/// A mailbox whose kind of message the loop need not know.
protocol Drainable: Sendable {
    func drain()
}
