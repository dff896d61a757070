internal import Commands
internal import Essentials

/// Whether this shard may be behind the cluster without knowing it: its node has just started, or
/// has stood still while others went on.
///
/// Confined to its shard.
struct Standing: Sendable {
    /// A command that waits until it is known how far the others are.
    struct Waiting: Sendable {
        let request: Request
        let deadlineNs: UInt64
    }

    /// A loop that has not ticked for so long may have stood still. A flush waits for ten times as
    /// long for members that are silent before it says that they are away.
    static let standstillNs: UInt64 = 500_000_000
    /// How long others are waited for. They answer within a round trip; without a majority of them
    /// the node goes on with what it knows.
    static let patienceNs: UInt64 = 1_000_000_000

    /// Until when it is known, unless the loop ticks; 0 while it is not, .max where nobody asks.
    private(set) var sureUntilNs: UInt64
    /// The number of the present question; those of earlier ones do not count.
    private(set) var question: UInt64 = 0
    private var isAsking = false
    private var deadlineNs: UInt64 = 0
    private var told: [NodeNumber] = []
    private var newest: UInt64 = 0
    private(set) var waiting: [Waiting] = []
    /// Bytes of the values that wait.
    private(set) var bytes = 0

    /// - Parameter isNeeded: false for a shard that never asks.
    init(isNeeded: Bool) { sureUntilNs = isNeeded ? 0 : .max }

    var isNeeded: Bool { sureUntilNs < .max }
    var isSure: Bool { sureUntilNs > 0 }

    /// Whether others are to be asked: for the first time, or anew after a standstill.
    func mustAsk(nowNs: UInt64) -> Bool {
        isNeeded && (isSure ? nowNs >= sureUntilNs : !isAsking)
    }

    mutating func ask(nowNs: UInt64) {
        question += 1
        isAsking = true
        sureUntilNs = 0
        told = []
        newest = 0
        deadlineNs = nowNs + Self.patienceNs
    }

    mutating func hold(_ request: Request, deadlineNs: UInt64) {
        waiting.append(Waiting(request: request, deadlineNs: deadlineNs))
        bytes += request.operation.payloadSize
    }

    mutating func note(_ question: UInt64, _ epoch: UInt64, by node: NodeNumber) {
        guard isAsking, question == self.question, !told.contains(node) else { return }
        told.append(node)
        newest = max(newest, epoch)
    }

    /// Whether enough others have said how far they are, and this shard is as far; or whether they
    /// were waited for long enough.
    func isSettled(epoch: UInt64, members: Int, nowNs: UInt64) -> Bool {
        guard isAsking else { return false }
        let isMajority = 2 * (told.count + 1) > members
        return isMajority && epoch >= newest || nowNs >= deadlineNs
    }

    /// Takes those that wait for too long.
    mutating func takeDue(nowNs: UInt64) -> [Waiting] {
        guard waiting.contains(where: { $0.deadlineNs <= nowNs }) else { return [] }
        let due = waiting.filter { $0.deadlineNs <= nowNs }
        waiting.removeAll { $0.deadlineNs <= nowNs }
        for one in due { bytes -= one.request.operation.payloadSize }
        return due
    }

    /// The loop runs.
    mutating func tick(nowNs: UInt64) {
        if isNeeded, isSure { sureUntilNs = nowNs + Self.standstillNs }
    }

    /// Goes on; returns what has waited, in its order.
    mutating func settle(nowNs: UInt64) -> [Waiting] {
        isAsking = false
        sureUntilNs = nowNs + Self.standstillNs
        defer { (waiting, bytes) = ([], 0) }
        return waiting
    }
}
