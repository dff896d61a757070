internal import Consensus
internal import Engine
internal import Hashing

/// What nodes have agreed on, held against what Raft promises (Ongaro's thesis, figure 3.2).
///
/// It looks past all messages: at who speaks as a leader, what is given to state machines, and what
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
    private(set) var occasions = AgreementOccasions()

    func cases(of promise: Promise) -> Int { cases[promise.rawValue] }

    var isBroken: Bool { !violations.isEmpty }

    mutating func takeViolations() -> [(promise: Promise, text: String)] {
        defer { violations = [] }
        return violations
    }

    // MARK: Leaders

    /// - Parameter stored: what is on the sender's disk.
    mutating func note(_ message: RaftMessage, from node: Int, stored: RaftStored) {
        switch message.kind {
        case .append, .chunk: noteLeader(node, message.term, stored)
        case .takeOver: occasions.add(.handover)
        default: break
        }
    }

    /// A node leads when others can see it, or when it is its own majority.
    private mutating func noteLeader(_ node: Int, _ term: UInt64, _ stored: RaftStored) {
        let known = leaders[term]
        guard known != node else { return }
        cases[Promise.electionSafety.rawValue] += 1
        leaders[term] = node
        if let known {
            violations.append((.electionSafety, "nodes \(known) and \(node) lead term \(term)"))
        }
        for commitment in commitments where commitment.term < term {
            cases[Promise.leaderCompleteness.rawValue] += 1
            guard !stored.has(commitment.position) else { continue }
            let index = commitment.position.index
            violations.append(
                (.leaderCompleteness, "node \(node) leads term \(term) without entry \(index)"))
        }
        let isOpen = { (entry: RaftEntry) in entry.term < term && entries[entry.index] == nil }
        if stored.entries.contains(where: isOpen) { occasions.add(.openEntriesAtElection) }
    }

    // MARK: State machines

    /// - Parameter stored: what is on the node's disk.
    mutating func note(
        _ observation: ControlPlane.Observation, by node: Int, _ status: ConsensusStatus,
        stored: RaftStored
    ) {
        switch observation {
        case .led(let term): noteLeader(node, term, stored)
        case .followed: break
        case .applied(let index, let term, let digest):
            let entry = Entry(term: term, digest: digest)
            if let other = entries[index] {
                cases[Promise.stateMachineSafety.rawValue] += 1
                if other != entry {
                    violations.append(
                        (.stateMachineSafety, "node \(node) applies another entry \(index)"))
                }
            } else {
                entries[index] = entry
                if !status.learners.isEmpty { occasions.add(.learnersAtCommit) }
                // It was committed in this term at the latest.
                let position = LogPosition(index: index, term: term)
                commitments.append(Commitment(position: position, term: status.term))
            }
        }
    }

    // MARK: Disks

    /// A node's disk holds the log as it is after this write.
    mutating func note(_ write: RaftWrite, by node: Int, before: RaftStored, after: RaftStored) {
        occasions.note(write, before: before)
        for entry in write.appended {
            guard let previousTerm = after.term(at: entry.index - 1) else { continue }
            let link = Link(digest: xxh3(entry.encodeRecord()), previousTerm: previousTerm)
            guard let known = links[entry.position] else {
                links[entry.position] = link
                occasions.note(new: entry, in: after)
                continue
            }
            cases[Promise.logMatching.rawValue] += 1
            guard known != link else { continue }
            let text = "node \(node) has another entry \(entry.index) of term \(entry.term)"
            violations.append((.logMatching, text))
        }
    }

    mutating func noteLoss(of write: RaftWrite) { occasions.noteLoss(of: write) }

    mutating func noteStart(of node: Int, _ stored: RaftStored) {
        occasions.noteStart(of: node, stored)
    }

    mutating func noteArrival(
        of message: RaftMessage, from sender: Int, at node: Int, _ stored: RaftStored
    ) {
        occasions.noteArrival(of: message, from: sender, at: node, stored)
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
