/// A mistake that the log makes on purpose, to show that the simulator would find it: see
/// `DeliberateBug`.
package enum RaftBug: UInt8, Sendable {
    case none
    /// A node that starts has forgotten for whom it voted in this term.
    case forgetsVote
    /// Learners count when it is decided whether a majority has an entry.
    case countsLearners
}

extension Raft {
    /// Only the simulator asks for it, right after the start.
    package mutating func make(_ bug: RaftBug) {
        self.bug = bug
        if bug == .forgetsVote { ballot.vote = nil }
    }

    /// Whoever counts when entries are committed.
    var committers: Electorate {
        bug == .countsLearners ? Electorate(voters: electorate.nodes) : electorate
    }
}
