internal import Essentials

// What a follower does with its leader's entries (thesis, section 3.5).

extension Raft {
    mutating func append(
        _ entries: [RaftEntry], after previous: LogPosition, leaderCommit: UInt64,
        from sender: NodeNumber, _ nowNs: UInt64
    ) {
        // Everything that is committed here is in the leader's log, too.
        if previous.index > commitIndex, log.term(at: previous.index) != previous.term {
            return send(
                sender, .mismatched(previousIndex: previous.index, hint: hint(before: previous)))
        }
        if bug == .truncatesTooMuch { truncate(from: previous.index + 1) }
        for entry in entries where entry.index > commitIndex {
            if let known = log.term(at: entry.index) {
                if known == entry.term { continue }
                truncate(from: entry.index)
            }
            log.append(entry)
            write.appended.append(entry)
        }
        var match = max(previous.index + UInt64(entries.count), commitIndex)
        if bug == .confirmsTooMuch { match = log.last.index }
        if leaderCommit > commitIndex { commit(to: min(leaderCommit, match)) }
        send(sender, .appended(matchIndex: match))
    }

    /// Drops the entry at `index` and those after it, but nothing that is committed.
    private mutating func truncate(from index: UInt64) {
        let index = max(index, commitIndex + 1)
        guard index <= log.last.index else { return }
        log.truncate(from: index)
        write.removedFrom = min(write.removedFrom ?? .max, index)
    }

    /// Where the logs may agree: before everything of the term that is another one there. Not
    /// before what is committed.
    private func hint(before previous: LogPosition) -> UInt64 {
        guard let term = log.term(at: previous.index) else {
            return min(log.last.index, previous.index - 1)
        }
        var index = previous.index - 1
        while index > commitIndex, log.term(at: index) == term { index -= 1 }
        return index
    }
}
