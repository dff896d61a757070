internal import Commands
internal import Engine
internal import Essentials
internal import Wire

/// A client's connection to one loop of a node, as a session of the server has it: commands begin
/// in the order in which they came, run side by side, and are answered in that order. Some run
/// alone.
///
/// It ends with its process.
final class ClientConnection {
    /// A command as the client has sent it.
    struct Command {
        var words: [[UInt8]]
        var sentNs: UInt64
        /// The client's name for it.
        var tag: Int
    }

    /// A command on several keys: the requests of its present stage.
    final class PlanProgress {
        var plan: MultiKeyPlan
        var replies: [Reply] = []
        var missing = 0
        var firstSequence: UInt32 = 0

        init(_ plan: MultiKeyPlan) { self.plan = plan }
    }

    enum Progress {
        case waiting
        case ready(Reply)
        case plan(PlanProgress)
    }

    /// A command that has begun.
    struct Pending {
        var sequence: UInt32
        var command: Command
        /// Its request, if it is one on one key.
        var request: UInt64?
        var progress: Progress
    }

    /// What sequence numbers of connections have in their origins' top bit, and no request on its
    /// own has.
    private static let mark: UInt64 = 1 << 63

    /// Its place among all connections of the run.
    let place: Int
    let node: Int
    let loop: Int
    /// What it asks for.
    let wanted: ConsistencyOverride
    /// Commands under way at once; more wait in the input.
    let pendingMax: Int
    var input = Queue<Command>()
    var pending: [Pending] = []
    var nextSequence: UInt32 = 1
    /// The requests behind parts of plans, by sequence number. Looked up and never iterated.
    var parts: [UInt32: UInt64] = [:]
    /// Whether no command is taken until all before it are answered.
    var isAlone = false
    /// Whether its loop knows that it has commands.
    var isAwaited = false
    /// Replies that leave at the end of the pass.
    var output: [(pending: Pending, reply: Reply)] = []
    /// What the client has been answered, by its own names, and has not taken yet.
    var answered: [(tag: Int, words: [[UInt8]], reply: Reply)] = []
    /// Its process has ended.
    var isBroken = false

    init(place: Int, node: Int, loop: Int, _ wanted: ConsistencyOverride, pendingMax: Int) {
        self.place = place
        self.node = node
        self.loop = loop
        self.wanted = wanted
        self.pendingMax = pendingMax
    }

    /// Commands that the client has sent and not been answered.
    var openCount: Int { input.count + pending.count + output.count }

    var canTakeCommand: Bool { pending.count < pendingMax && (!isAlone || pending.isEmpty) }

    func origin(of sequence: UInt32) -> UInt64 {
        Self.mark | UInt64(place) << 32 | UInt64(sequence)
    }

    /// Nil for the origin of a request on its own.
    static func place(of origin: UInt64) -> (connection: Int, sequence: UInt32)? {
        guard origin & mark != 0 else { return nil }
        return (Int(origin & ~mark) >> 32, UInt32(truncatingIfNeeded: origin))
    }

    func takeSequences(_ count: Int) -> UInt32 {
        defer { nextSequence += UInt32(count) }
        return nextSequence
    }

    /// The place of the command that waits for this number, be it for a part of it.
    func pendingIndex(of sequence: UInt32) -> Int? {
        pending.firstIndex { command in
            if command.sequence == sequence { return true }
            guard case .plan(let progress) = command.progress else { return false }
            return sequence >= progress.firstSequence
                && Int(sequence - progress.firstSequence) < progress.replies.count
        }
    }
}
