import Essentials
import Foundation
import Histories
import Synchronization
import Wire

/// Clients that read and write until they are told to stop, and write down all that they asked and
/// heard.
///
/// Registers have one writer each. After a write of unknown outcome its writer leaves that key for
/// good and takes a new one: so at most the last version of a register is in doubt. Counters and
/// siblings are everybody's. Any thread.
final class Load: Sendable {
    struct Plan: Sendable {
        var clients = 6
        var seed: UInt64
        /// Between two requests of a client. The clients share two cores with the nodes.
        var pauseUs: UInt32 = 1_000
        /// How long a client waits for a reply.
        var patience = Duration.seconds(3)
        /// Deletes registers now and then. A plain delete takes away what its coordinator knows:
        /// only where reads and writes overlap is that all there is.
        var removes = false
    }

    /// A request that was not answered as it should have been.
    struct Trouble: Sendable, CustomStringConvertible {
        let beginNs: Int64
        let endNs: Int64
        let text: String

        var description: String { "\(text) after \((endNs - beginNs) / 1_000_000) ms" }
    }

    /// What the clients know at the end.
    struct Record: Sendable {
        var history = History()
        var troubles: [Trouble] = []

        /// What this load has exercised.
        var summary: String {
            "\(history.acknowledged) requests answered, \(history.unknown) of unknown outcome,"
                + " \(troubles.count) failed, \(history.keys.count) keys"
        }
    }

    let plan: Plan
    let board: LoadBoard
    private let isStopped = Atomic(false)
    private let answered = Atomic(0)
    private let threads = Mutex<[Background<Record>]>([])

    /// Starts clients, spread over `nodes`: they go to no others.
    init(on nodes: [Server], _ plan: Plan) {
        self.plan = plan
        board = LoadBoard(plan)
        let endpoints = nodes.map(\.place.client)
        let threads = (0..<plan.clients).map { index in
            Background { [self] in
                var worker = LoadWorker(
                    index, plan, board,
                    LoadClient(endpoints, first: index, patience: plan.patience))
                while !isStopped.load(ordering: .relaxed) {
                    answered.add(worker.step(), ordering: .relaxed)
                    if plan.pauseUs > 0 { usleep(plan.pauseUs) }
                }
                return worker.record
            }
        }
        self.threads.withLock { $0 = threads }
    }

    /// How many requests were answered so far.
    var count: Int { answered.load(ordering: .relaxed) }

    /// Waits for so many more answers.
    func waitFor(more count: Int, within limit: Duration = .seconds(60)) throws {
        let goal = self.count + count
        try wait(for: "\(count) more answers", within: limit) { self.count >= goal }
    }

    /// Ends the clients, once, and returns all that they know.
    func stop() -> Record {
        isStopped.store(true, ordering: .relaxed)
        var all = Record()
        for thread in threads.withLock({ $0 }) {
            let record = thread.join()
            all.history.append(contentsOf: record.history)
            all.troubles += record.troubles
        }
        return all
    }
}

/// What the clients of a load share: the names of their keys. Any thread.
final class LoadBoard: Sendable {
    static let registersPerClient = 12
    private static let counters = 4
    private static let siblings = 8

    private let prefix: String
    private let registers: Mutex<[String]>
    private let lastValue = Atomic(0)

    init(_ plan: Load.Plan) {
        prefix = String(plan.seed)
        let count = plan.clients * Self.registersPerClient
        registers = Mutex((0..<count).map { "register:\(plan.seed):\($0):0" })
    }

    /// The key of a register now.
    func register(_ index: Int) -> String { registers.withLock { $0[index] } }

    func anyRegister(_ random: inout SeededRandom) -> String {
        registers.withLock { $0.randomElement(using: &random) ?? "" }
    }

    /// Leaves a register's key for a new one.
    func renew(_ index: Int, generation: Int) -> String {
        let key = "register:\(prefix):\(index):\(generation)"
        registers.withLock { $0[index] = key }
        return key
    }

    func anyCounter(_ random: inout SeededRandom) -> String {
        "counter:\(prefix):\(Int.random(in: 0..<Self.counters, using: &random))"
    }

    func anySiblings(_ random: inout SeededRandom) -> String {
        "siblings:\(prefix):\(Int.random(in: 0..<Self.siblings, using: &random))"
    }

    /// A number that no other value of this load has.
    func newValue() -> Int { lastValue.add(1, ordering: .relaxed).newValue }
}
