internal import Essentials
internal import Platform
internal import Wire

/// The client sessions of one loop, by number. Confined to its loop.
struct SessionTable {
    private var sessions: [ClientSession?] = []
    private var free: [Int] = []
    /// Where the sequence numbers of the next session in a place begin: after those of the last, so
    /// that a late reply finds nobody.
    private var firstSequences: [UInt32] = []
    private let dirty = DirtySessions()
    private(set) var count = 0

    mutating func accept(_ socket: AcceptedSocket, shard: Shard) {
        let index = free.popLast() ?? sessions.count
        if index == sessions.count {
            sessions.append(nil)
            firstSequences.append(0)
        }
        guard
            let session = ClientSession(
                index: index, firstSequence: firstSequences[index], socket, shard: shard,
                dirty: dirty)
        else {
            free.append(index)
            return
        }
        sessions[index] = session
        count += 1
    }

    mutating func forget(_ session: ClientSession) {
        guard sessions[session.index] === session else { return }
        sessions[session.index] = nil
        firstSequences[session.index] = session.nextSequence &+ 1
        free.append(session.index)
        count -= 1
    }

    func complete(_ number: UInt64, _ reply: Reply) {
        let number = RequestNumber(rawValue: number)
        guard number.session < sessions.count, let session = sessions[number.session]
        else { return }
        session.complete(number.sequence, reply)
    }

    /// Writes what this pass has answered, one system call a session.
    func flush() { dirty.flush() }

    func secondPassed(shard: Shard) {
        for session in sessions { session?.secondPassed() }
    }

    /// All sessions of the loop, in the order of their places.
    var all: [ClientSession] { sessions.compactMap { $0 } }

    func closeAll() {
        flush()
        for session in sessions { session?.close() }
    }
}

/// The sessions that have output at the end of this pass, or stopped half way in their input.
final class DirtySessions {
    private var sessions: [ClientSession] = []
    private var isFlushing = false

    func add(_ session: ClientSession) { sessions.append(session) }

    func flush() {
        var next = 0
        while next < sessions.count {
            sessions[next].flush()
            next += 1
        }
        sessions.removeAll(keepingCapacity: true)
    }
}
