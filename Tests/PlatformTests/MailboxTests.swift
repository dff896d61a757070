import Essentials
import Platform
import Synchronization
import Testing

@Suite struct MailboxTests {
    @Test func `messages of four threads all come, in the order of each sender`() throws {
        let perSender = 50_000
        let senders = 4
        let test = try TestLoop()
        let done = Promise<Int>()
        let tally = Tally(senders: senders, expected: senders * perSender, done: done)
        let mailbox = Mailbox<(sender: Int, number: Int)>(loop: test.loop) { batch in
            tally.count(batch)
        }
        let pool = WorkerPool(name: "sender", threads: senders, queueMax: senders)
        for sender in 0..<senders {
            let isAccepted = pool.submit {
                for number in 0..<perSender { mailbox.send((sender, number)) }
            }
            #expect(isAccepted)
        }
        #expect(try done.wait() == 0)
        pool.shutdown()
        #expect(mailbox.count == 0)
    }

    @Test func `messages sent before the loop looks come as one batch`() throws {
        let test = try TestLoop()
        let done = Promise<[Int]>()
        let mailbox = Mailbox<Int>(loop: test.loop) { batch in done.keep(batch) }
        test.loop.post { for number in 0..<100 { mailbox.send(number) } }
        #expect(try done.wait() == Array(0..<100))
    }

    @Test func `past a bound nothing is left, and the bound is of those that wait`() throws {
        let test = try TestLoop()
        let done = Promise<[Int]>()
        let mailbox = Mailbox<Int>(loop: test.loop) { batch in done.keep(batch) }
        let taken = test.loop.perform {
            (0..<10).map { mailbox.send($0, unlessWaiting: 4) }
        }
        #expect(taken == (0..<10).map { $0 < 4 })
        #expect(try done.wait() == Array(0..<4))
        #expect(mailbox.send(10, unlessWaiting: 4))
    }

    @Test func `what a handler sends to its own loop comes in the next pass`() throws {
        let test = try TestLoop()
        let done = Promise<Void>()
        let own = Own()
        let mailbox = Mailbox<Int>(loop: test.loop) { batch in
            for number in batch {
                if number == 1_000 { done.keep() } else { own.send(number + 1) }
            }
        }
        own.set(mailbox)
        mailbox.send(0)
        try done.wait()
        own.set(nil)
    }

    private final class Own: Sendable {
        private let mailbox = Mutex<Mailbox<Int>?>(nil)

        func set(_ value: Mailbox<Int>?) { mailbox.withLock { $0 = value } }

        func send(_ number: Int) { mailbox.withLock { $0 }?.send(number) }
    }

    /// Counts messages, and those that came out of their sender's order.
    private final class Tally: Sendable {
        private struct State {
            var next: [Int]
            var received = 0
            var misordered = 0
        }

        private let state: Mutex<State>
        private let expected: Int
        private let done: Promise<Int>

        init(senders: Int, expected: Int, done: Promise<Int>) {
            state = Mutex(State(next: Array(repeating: 0, count: senders)))
            self.expected = expected
            self.done = done
        }

        func count(_ batch: [(sender: Int, number: Int)]) {
            state.withLock { state in
                for message in batch {
                    if state.next[message.sender] != message.number { state.misordered += 1 }
                    state.next[message.sender] = message.number + 1
                }
                state.received += batch.count
                if state.received == expected { done.keep(state.misordered) }
            }
        }
    }
}
