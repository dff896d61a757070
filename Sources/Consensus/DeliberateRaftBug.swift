internal import Essentials

/// A mistake that Raft makes on purpose, to show that the simulator would find it.
///
/// Only the simulator can set one (`Raft.bug` is not public); in a server it is always `none`, and
/// costs one comparison of a byte at each place that it bends.
package enum DeliberateRaftBug: UInt8, CaseIterable, Sendable {
    case none
    /// A vote is not written down, only its term: after a restart the node votes again.
    case forgetsVote
    /// Messages leave before what they speak of is stored.
    case sendsBeforeStoring
    /// Whoever asks first gets the vote, whatever its log lacks.
    case ignoresLogAge
    /// What a learner has counts as what a voter has.
    case countsLearners
    /// Entries of earlier terms are committed by counting who has them (Raft paper, figure 8).
    case commitsEarlierTerms
    /// A message that comes late, or twice, takes away the entries after its own.
    case truncatesTooMuch
    /// A follower confirms its whole log, also what the leader has not seen of it.
    case confirmsTooMuch
    /// Other voters are in force when they are committed, not when they are written.
    case adoptsVotersLate
    /// A leader changes the voters before it has committed anything: what was corrected in 2015.
    case changesVotersEarly
    /// Several voters come and go in one step.
    case changesVotersAtOnce
    /// A node on a disk that was put back goes on with the votes and the log that it finds there.
    case trustsRestoredLog
    /// What a member that has left says in answer is answered, and so on.
    case answersAnswers
}

extension Raft {
    /// The electorate in force.
    var electorateInForce: Electorate {
        bug == .adoptsVotersLate ? log.electorate(at: commitIndex) : log.electorate.value
    }

    /// Whether a log that ends at `last` may lead this node's.
    func isNewEnough(_ last: LogPosition) -> Bool {
        last.isAsNew(as: log.last) || bug == .ignoresLogAge
    }

    mutating func vote(for candidate: NodeNumber) {
        set(Ballot(term: term, vote: candidate))
        if bug == .forgetsVote { write.ballot?.vote = nil }
    }

    /// Where the deliberate bug is set, there is never any doubt.
    package mutating func dismissDoubt() {
        guard bug == .trustsRestoredLog else { return }
        doubt = nil
    }

    mutating func takeMessages(into effects: inout [Effect]) {
        let isMessage = { (effect: Effect) in if case .send = effect { true } else { false } }
        effects.append(contentsOf: outgoing.filter(isMessage))
        outgoing.removeAll(where: isMessage)
    }

    /// The greatest index that enough nodes have.
    func agreedIndex(
        _ index: (NodeNumber) -> UInt64, isSure: (NodeNumber) -> Bool
    ) -> UInt64 {
        guard bug == .countsLearners else {
            return electorate.agreedIndex(index, isSure: isSure)
        }
        return electorate.nodes.map(index).sorted(by: >)[electorate.majority - 1]
    }

    /// The next step towards `wanted`, see `Electorate.step`.
    func nextElectorate(
        towards wanted: [NodeNumber], members: [NodeNumber], isReady: (NodeNumber) -> Bool
    ) -> Electorate? {
        guard bug == .changesVotersAtOnce else {
            return electorate.step(towards: wanted, members: members, isReady: isReady)
        }
        let voters = wanted.filter { electorate.isVoter($0) || isReady($0) }
        let next = Electorate(voters: voters, learners: members)
        return next == electorate ? nil : next
    }

    /// Whether a leader may replace the electorate by `next`.
    func mayFollow(_ next: Electorate) -> Bool {
        electorate.overlaps(next) || bug == .changesVotersAtOnce
    }
}
