internal import Consensus
internal import Essentials

/// How often runs came to where implementations of Raft have gone wrong: a promise that was never
/// in danger has not been kept.
struct AgreementOccasions {
    enum Kind: Int, CaseIterable {
        case voteLost, entryLost, secondCandidate, secondCandidateAfterRestart
        case openEntriesAtElection, entriesReplaced, votersReplaced, lateEntries
        case learnersAtCommit, votersChanged, votersChangedFirst, handover, snapshot

        /// In the summary.
        var name: String {
            switch self {
            case .voteLost: "vote lost in a crash"
            case .entryLost: "entry lost in a crash"
            case .secondCandidate: "second candidate of a term asks a voter"
            case .secondCandidateAfterRestart: "the same, after the voter's restart"
            case .openEntriesAtElection: "new leader with open entries of earlier terms"
            case .entriesReplaced: "entries replaced by a later leader's"
            case .votersReplaced: "change of voters replaced by a later leader's"
            case .lateEntries: "entries that come late, or twice"
            case .learnersAtCommit: "commit beside learners"
            case .votersChanged: "change of voters"
            case .votersChangedFirst: "change of voters as a leader's first act"
            case .handover: "leader hands over"
            case .snapshot: "snapshot taken from a leader"
            }
        }
    }

    private var counts = [Int](repeating: 0, count: Kind.allCases.count)
    /// What nodes started with, in their present lives. Looked up and never iterated.
    private var ballotsAtStart: [Int: Ballot] = [:]

    /// All of them, also those that never came up.
    var tally: Tally {
        var tally = Tally()
        for kind in Kind.allCases { tally.add(kind.name, counts[kind.rawValue]) }
        return tally
    }

    mutating func add(_ kind: Kind) { counts[kind.rawValue] += 1 }

    // MARK: Disks

    mutating func note(_ write: RaftWrite, before: RaftStored) {
        if write.snapshot != nil, write.removedFrom == 0 { add(.snapshot) }
        guard let index = write.removedFrom, write.snapshot == nil else { return }
        add(.entriesReplaced)
        if before.entries.contains(where: { $0.index >= index && $0.payload.electorate != nil }) {
            add(.votersReplaced)
        }
    }

    /// A leader has made this entry.
    mutating func note(new entry: RaftEntry, in stored: RaftStored) {
        guard entry.payload.electorate != nil else { return }
        add(.votersChanged)
        let before = stored.entries.first { $0.index == entry.index - 1 }
        if before?.payload == .nothing, before?.term == entry.term { add(.votersChangedFirst) }
    }

    mutating func noteLoss(of write: RaftWrite) {
        if write.ballot?.vote != nil { add(.voteLost) }
        if !write.appended.isEmpty { add(.entryLost) }
    }

    // MARK: Nodes

    mutating func noteStart(of node: Int, _ stored: RaftStored) {
        ballotsAtStart[node] = stored.ballot
    }

    mutating func noteArrival(
        of message: RaftMessage, from sender: Int, at node: Int, _ stored: RaftStored
    ) {
        switch message.kind {
        case .voteRequest(_, let election):
            guard election != .preliminary, message.term == stored.ballot.term,
                let vote = stored.ballot.vote, Int(vote.rawValue) != sender
            else { return }
            add(.secondCandidate)
            if ballotsAtStart[node] == stored.ballot { add(.secondCandidateAfterRestart) }
        case .append(let previous, _, let entries):
            guard !entries.isEmpty, let last = stored.entries.last,
                previous.index + UInt64(entries.count) < last.index
            else { return }
            add(.lateEntries)
        default: break
        }
    }
}
