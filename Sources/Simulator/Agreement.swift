internal import Consensus
internal import Engine
internal import Hashing

/// What nodes have agreed on, held against what Raft promises (Ongaro's thesis, figure 3.2).
///
/// It looks past all messages: at who says that it leads, what is given to state machines, and what
/// logs there are on disks.
struct Agreement {
    /// The rules. Of the fifth one, that leaders only append, log matching is what would break.
    enum Promise: Int, CaseIterable {
        case electionSafety, logMatching, leaderCompleteness, stateMachineSafety

        /// In the summary, and beside what is found.
        var name: String {
            switch self {
            case .electionSafety: "election safety"
            case .logMatching: "log matching"
            case .leaderCompleteness: "leader completeness"
            case .stateMachineSafety: "state machine safety"
            }
        }
    }

    private struct Entry: Equatable {
        var term: UInt64
        var digest: UInt64
    }

    /// An entry in a log: what it says, and the term of the one before it.
    private struct Link: Equatable {
        var digest: UInt64
        var previousTerm: UInt64
    }

    private struct Commitment {
        var position: LogPosition
        /// No leader of a later term than this one may lack it.
        var term: UInt64
    }

    /// By term. Looked up and never iterated.
    private var leaders: [UInt64: Int] = [:]
    /// What was given to state machines, by index. Looked up and never iterated.
    private var entries: [UInt64: Entry] = [:]
    private var commitments: [Commitment] = []
    /// What was written to any log. Looked up and never iterated.
    private var links: [LogPosition: Link] = [:]
    /// How often each promise could have been broken, in their order.
    private var cases = [Int](repeating: 0, count: Promise.allCases.count)
    private(set) var violations: [(promise: Promise, text: String)] = []

    func cases(of promise: Promise) -> Int { cases[promise.rawValue] }

    mutating func takeViolations() -> [(promise: Promise, text: String)] {
        defer { violations = [] }
        return violations
    }

    /// - Parameter term: the node's present one.
    /// - Parameter stored: what is on its disk.
    mutating func note(
        _ observation: ControlPlane.Observation, by node: Int, term: UInt64, stored: RaftStored
    ) {
        switch observation {
        case .led(let term): noteLeader(node, term, stored)
        case .followed: break
        case .applied(let index, let entryTerm, let digest):
            let entry = Entry(term: entryTerm, digest: digest)
            if let other = entries[index] {
                cases[Promise.stateMachineSafety.rawValue] += 1
                if other != entry {
                    violations.append(
                        (.stateMachineSafety, "node \(node) applies another entry \(index)"))
                }
            } else {
                entries[index] = entry
                // It was committed in this term at the latest.
                let position = LogPosition(index: index, term: entryTerm)
                commitments.append(Commitment(position: position, term: term))
            }
        }
    }

    private mutating func noteLeader(_ node: Int, _ term: UInt64, _ stored: RaftStored) {
        cases[Promise.electionSafety.rawValue] += 1
        if let other = leaders[term], other != node {
            violations.append((.electionSafety, "nodes \(other) and \(node) lead term \(term)"))
        }
        leaders[term] = node
        for commitment in commitments where commitment.term < term {
            cases[Promise.leaderCompleteness.rawValue] += 1
            guard !stored.has(commitment.position) else { continue }
            let index = commitment.position.index
            violations.append(
                (.leaderCompleteness, "node \(node) leads term \(term) without entry \(index)"))
        }
    }

    /// A node's disk holds the log as it is after this write.
    mutating func note(_ write: RaftWrite, by node: Int, stored: RaftStored) {
        for entry in write.appended {
            guard let previousTerm = stored.term(at: entry.index - 1) else { continue }
            let link = Link(digest: xxh3(entry.encodeRecord()), previousTerm: previousTerm)
            guard let known = links[entry.position] else {
                links[entry.position] = link
                continue
            }
            cases[Promise.logMatching.rawValue] += 1
            guard known != link else { continue }
            let text = "node \(node) has another entry \(entry.index) of term \(entry.term)"
            violations.append((.logMatching, text))
        }
    }
}

extension RaftStored {
    fileprivate func term(at index: UInt64) -> UInt64? {
        if index == snapshot.position.index { return snapshot.position.term }
        return entries.first { $0.index == index }?.term
    }

    /// Whether the entry is in the log, or in what its snapshot stands for.
    fileprivate func has(_ position: LogPosition) -> Bool {
        position.index <= snapshot.position.index || term(at: position.index) == position.term
    }
}
