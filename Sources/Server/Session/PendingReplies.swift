internal import Commands
internal import Essentials
internal import Wire

/// The commands of one session whose replies have not been written, in the order of their arrival.
///
/// Commands run side by side, and may be answered in any order; their replies leave in this one.
/// Every request towards a data plane has a sequence number; a command owns one of them, or, when
/// it touches several keys, a run of them for each of its stages.
struct PendingReplies {
    /// What is known of one command's reply.
    enum Progress {
        case waiting
        case ready(Reply)
        /// Answered, but the client has asked not to hear.
        case silent
        case plan(PlanProgress)
    }

    /// A command on several keys: the requests of its present stage.
    final class PlanProgress {
        var plan: MultiKeyPlan
        var replies: [Reply] = []
        var missing = 0
        var firstSequence: UInt32 = 0

        init(_ plan: MultiKeyPlan) { self.plan = plan }
    }

    private struct Command {
        var sequence: UInt32
        var progress: Progress
        /// For the slow log.
        var request: KeyRequest?
        var startedNs: UInt64
    }

    private var commands: [Command] = []
    private var head = 0
    private(set) var nextSequence: UInt32

    init(firstSequence: UInt32) { nextSequence = firstSequence }

    var count: Int { commands.count - head }
    var isEmpty: Bool { head == commands.count }

    /// Takes a sequence number for one more request of the command that was appended last, or for
    /// a later stage of any command.
    mutating func takeSequences(_ count: Int) -> UInt32 {
        defer { nextSequence &+= UInt32(truncatingIfNeeded: count) }
        return nextSequence
    }

    /// Appends a command; its sequence number names it.
    mutating func append(
        _ progress: Progress, _ request: KeyRequest? = nil, startedNs: UInt64
    ) -> UInt32 {
        let sequence = takeSequences(1)
        commands.append(
            Command(
                sequence: sequence, progress: progress, request: request, startedNs: startedNs))
        return sequence
    }

    /// Sets the reply of a command; false when it is not waited for.
    mutating func complete(_ sequence: UInt32, _ reply: Reply) -> Bool {
        guard let index = index(of: sequence) else { return false }
        if case .silent = commands[index].progress { return false }
        commands[index].progress = .ready(reply)
        return true
    }

    /// The plan whose present stage has the request `sequence`.
    func plan(with sequence: UInt32) -> (command: UInt32, progress: PlanProgress)? {
        for index in head..<commands.count {
            guard case .plan(let progress) = commands[index].progress else { continue }
            let offset = Int(sequence &- progress.firstSequence)
            if offset < progress.replies.count { return (commands[index].sequence, progress) }
        }
        return nil
    }

    /// Removes the first command if its reply is known, and returns the reply.
    mutating func popReady() -> (reply: Reply, request: KeyRequest?, startedNs: UInt64)? {
        guard head < commands.count, case .ready(let reply) = commands[head].progress else {
            return nil
        }
        let request = commands[head].request
        let startedNs = commands[head].startedNs
        commands[head].progress = .silent
        commands[head].request = nil
        head += 1
        if head == commands.count {
            commands.removeAll(keepingCapacity: commands.count <= 4096)
            head = 0
        } else if head >= 1024 {
            commands.removeSubrange(0..<head)
            head = 0
        }
        return (reply, request, startedNs)
    }

    /// Commands are sorted by sequence, numbers wrap around.
    private func index(of sequence: UInt32) -> Int? {
        guard head < commands.count else { return nil }
        let base = commands[head].sequence
        let wanted = sequence &- base
        var low = head
        var high = commands.count
        while low < high {
            let middle = (low + high) / 2
            if commands[middle].sequence &- base < wanted {
                low = middle + 1
            } else {
                high = middle
            }
        }
        return low < commands.count && commands[low].sequence == sequence ? low : nil
    }
}
