internal import Engine

/// What nodes have agreed on, held against what Raft promises: one leader a term, and one entry an
/// index, whoever applies it.
struct Agreement {
    private struct Entry: Equatable {
        var term: UInt64
        var digest: UInt64
    }

    /// By term. Looked up and never iterated.
    private var leaders: [UInt64: Int] = [:]
    /// By index. Looked up and never iterated.
    private var entries: [UInt64: Entry] = [:]
    /// Terms that had a leader, and entries that were applied: what this has seen.
    private(set) var leaderCount = 0
    private(set) var entryCount = 0

    /// Returns the rule that `observation` breaks, in words.
    mutating func note(_ observation: ControlPlane.Observation, by node: Int) -> String? {
        switch observation {
        case .led(let term):
            if let other = leaders[term], other != node {
                return "nodes \(other) and \(node) lead term \(term)"
            }
            if leaders[term] == nil { leaderCount += 1 }
            leaders[term] = node
        case .followed: break
        case .applied(let index, let term, let digest):
            let entry = Entry(term: term, digest: digest)
            if let other = entries[index], other != entry {
                return "node \(node) applies another entry \(index)"
            }
            if entries[index] == nil { entryCount += 1 }
            entries[index] = entry
        }
        return nil
    }
}
