internal import Essentials

// Asking for votes, and giving them (thesis, sections 3.4, 4.2.3 and 9.6).

extension Raft {
    var isMajorityAlone: Bool { electorate.isMajority([node]) }

    /// Whether this node may lead. Until its removal is committed it must, since it may be the only
    /// one whose log is new enough (thesis, section 4.2.2). After a restart it does not know what
    /// is committed, so every electorate counts that may be the last one that is.
    var isEligible: Bool {
        isSure && log.electorates(from: commitIndex).contains { $0.isVoter(node) }
    }

    mutating func campaign(_ election: RaftMessage.Election, _ nowNs: UInt64) {
        if election == .preliminary {
            become(.preCandidate, term: term, leader: nil, nowNs)
        } else {
            become(.candidate, term: term + 1, leader: nil, nowNs)
            vote(for: node)
            electionCount += 1
        }
        grants = [node]
        sureGrants = grants
        guard !isMajorityAlone else { return win(nowNs) }
        // A preliminary election asks about a term that it does not begin.
        let asked = election == .preliminary ? term + 1 : term
        for voter in electorate.voters where voter != node {
            let kind = RaftMessage.Kind.voteRequest(last: log.last, election)
            outgoing.append(.send(voter, RaftMessage(term: asked, kind)))
        }
    }

    private mutating func win(_ nowNs: UInt64) {
        if role == .preCandidate { campaign(.regular, nowNs) } else { lead(nowNs) }
    }

    /// Anybody who is asked answers, voter or not: the newest electorate may not have come here
    /// yet, and whoever counts the votes knows whose count.
    mutating func answerVoteRequest(
        _ asked: UInt64, _ last: LogPosition, _ election: RaftMessage.Election,
        from candidate: NodeNumber, _ nowNs: UInt64
    ) {
        // As long as there is a leader, nobody is helped to replace it: a node that was removed, or
        // cut off for a while, does not disturb.
        let isContent = election != .transfer && hasLeader(nowNs)
        if election == .preliminary {
            let isGranted = asked > term && !isContent && isNewEnough(last)
            let answered = isGranted ? asked : term
            let kind = RaftMessage.Kind.vote(isGranted: isGranted, election)
            let answer = RaftMessage(term: answered, kind, isSure: isSure)
            return outgoing.append(.send(candidate, answer))
        }
        guard !isContent else { return }
        if asked > term { become(.follower, term: asked, leader: nil, nowNs) }
        let isFree = ballot.vote == nil || ballot.vote == candidate
        let isGranted = asked == term && isFree && isNewEnough(last)
        if isGranted {
            if ballot.vote == nil { vote(for: candidate) }
            resetElection(nowNs)
        }
        send(candidate, .vote(isGranted: isGranted, election))
    }

    func hasLeader(_ nowNs: UInt64) -> Bool {
        if role == .leader { return true }
        guard leader != nil, let leaderHeardNs else { return false }
        return nowNs < leaderHeardNs + timing.electionNsMin
    }

    mutating func takePreliminaryVote(
        _ asked: UInt64, from voter: NodeNumber, _ isSure: Bool, _ nowNs: UInt64
    ) {
        guard role == .preCandidate, asked == term + 1 else { return }
        count(voter, isSure, nowNs)
    }

    mutating func takeVote(
        _ isGranted: Bool, _ election: RaftMessage.Election, from voter: NodeNumber,
        _ isSure: Bool, _ nowNs: UInt64
    ) {
        guard role == .candidate, isGranted, election != .preliminary else { return }
        count(voter, isSure, nowNs)
    }

    private mutating func count(_ voter: NodeNumber, _ isSure: Bool, _ nowNs: UInt64) {
        if !grants.contains(voter) { grants.append(voter) }
        if isSure, !sureGrants.contains(voter) { sureGrants.append(voter) }
        if electorate.isMajority(grants, sure: sureGrants) { win(nowNs) }
    }
}
