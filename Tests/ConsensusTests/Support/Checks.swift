import Essentials

@testable import Consensus

/// Raft's safety properties (thesis, figure 3.2), held against everything that happens.
struct Checks {
    /// Broken rules, in words.
    var violations: [String] = []
    private var leaders: [UInt64: NodeNumber] = [:]
    private(set) var applied: [UInt64: RaftEntry] = [:]
    private var hashes: [UInt64: UInt64] = [:]
    private(set) var restores = 0
    private var terms: [NodeNumber: UInt64] = [:]

    var appliedCount: Int { applied.count }
    var leaderCount: Int { leaders.count }

    /// Election safety: at most one leader a term. A node leads when others can see it: what it
    /// believes before its vote for itself is durable, a crash takes back.
    mutating func noteLeading(_ term: UInt64, _ node: NodeNumber) {
        if let other = leaders[term], other != node {
            violations.append("\(other) and \(node) lead term \(term)")
        }
        leaders[term] = node
    }

    /// Leader completeness: a leader has every entry that was committed before its term.
    mutating func noteLed(_ raft: Raft, _ term: UInt64) {
        noteLeading(term, raft.node)
        for index in applied.keys.sorted() where index > raft.snapshot.position.index {
            guard let entry = applied[index], entry.term < term else { continue }
            if raft.log.term(at: index) != entry.term {
                violations.append("leader \(raft.node) of term \(term) lacks entry \(index)")
            }
        }
    }

    /// State-machine safety: an index is the same entry everywhere, and so is the state after it.
    mutating func noteApplied(_ entry: RaftEntry, by node: Int, _ hash: UInt64) {
        if let other = applied[entry.index], other != entry {
            violations.append("node \(node) applies another entry \(entry.index)")
        }
        applied[entry.index] = entry
        note(hash, at: entry.index)
    }

    mutating func noteRestored(_ snapshot: RaftSnapshot, _ hash: UInt64) {
        restores += 1
        note(hash, at: snapshot.position.index)
    }

    private mutating func note(_ hash: UInt64, at index: UInt64) {
        if let other = hashes[index], other != hash {
            violations.append("two states after entry \(index)")
        }
        hashes[index] = hash
    }

    /// Log matching: the same index and term mean the same entries up to there.
    mutating func checkLogs(_ nodes: [Raft]) {
        for (place, one) in nodes.enumerated() {
            for other in nodes[..<place] {
                var mustAgree = false
                let last = min(one.last.index, other.last.index)
                let first = max(one.snapshot.position.index, other.snapshot.position.index)
                guard last > first else { continue }
                for index in (first + 1...last).reversed() {
                    let same = one.log.entry(at: index) == other.log.entry(at: index)
                    if one.log.term(at: index) == other.log.term(at: index) { mustAgree = true }
                    if mustAgree, !same {
                        violations.append(
                            "logs of \(one.node) and \(other.node) differ at \(index)")
                    }
                }
            }
        }
    }
}
