internal import Essentials

// A node whose disk may be an earlier state of itself: a directory that was restored, or copied.
// Its votes and entries since then are forgotten, so that it could vote twice in a term, or help a
// leader that lacks what was committed.
//
// Such a node starts no election, and its votes and confirmations, marked as unsure, count only
// where they are not needed for quorums to meet: with as many sure ones that every majority which
// this node ever made has one of them. It asks the voters where their logs end, after its start.
// With so many answers that one of them knows what it has forgotten, it waits until its log is as
// new as the newest of them; then all that it can have confirmed is in it again. It takes over the
// greatest term that it was told, and votes for nobody else in it.

extension Raft {
    /// What a node in doubt has found out.
    struct Doubt: Sendable {
        struct Answer: Sendable {
            let node: NodeNumber
            var last: LogPosition
        }

        /// Tells answers of this life from those of earlier ones.
        let inquiry: UInt64
        /// Since when it runs; nil before it has been told the time.
        var sinceNs: UInt64?
        var askNs: UInt64 = 0
        var answers: [Answer] = []
    }

    /// Whether this node's votes and confirmations count in full.
    public var isSure: Bool { doubt == nil }

    mutating func beginDoubt(_ nowNs: UInt64) {
        doubt = Doubt(inquiry: random.next())
        if role != .follower { become(.follower, term: term, leader: nil, nowNs) }
        set(ballot)
    }

    /// Whom it asks: the voters, and where it is the only one, those that follow it.
    private var known: [NodeNumber] {
        electorate.voters.contains { $0 != node }
            ? electorate.voters : electorate.voters + electorate.learners
    }

    /// Asks again from time to time: voters come and go.
    mutating func tickDoubt(_ nowNs: UInt64) {
        guard doubt != nil else { return }
        if doubt?.sinceNs == nil { doubt?.sinceNs = nowNs }
        if let doubt, nowNs >= doubt.askNs {
            self.doubt?.askNs = nowNs + timing.electionNsMin / 4
            for other in known where other != node {
                send(other, .positionRequest(inquiry: doubt.inquiry))
            }
        }
        settleDoubt(nowNs)
    }

    mutating func takePosition(
        _ last: LogPosition, inquiry: UInt64, term asked: UInt64, from sender: NodeNumber,
        _ nowNs: UInt64
    ) {
        guard doubt?.inquiry == inquiry else { return }
        if asked > term { become(.follower, term: asked, leader: nil, nowNs) }
        if let index = doubt?.answers.firstIndex(where: { $0.node == sender }) {
            doubt?.answers[index].last = last
        } else {
            doubt?.answers.append(Doubt.Answer(node: sender, last: last))
        }
        settleDoubt(nowNs)
    }

    mutating func settleDoubt(_ nowNs: UInt64) {
        guard let doubt, let sinceNs = doubt.sinceNs, !electorate.voters.isEmpty else { return }
        let others = electorate.voters.filter { $0 != node }
        if others.isEmpty {
            // Nobody else, as far as it remembers. Those whom it has forgotten are heard by then,
            // and those that follow it. What one of these has and it has not is lost with whatever
            // this disk was: then somebody has to say who goes on (`martletctl recover`).
            guard nowNs >= sinceNs + timing.electionNsMax,
                doubt.answers.allSatisfy({ log.last.isAsNew(as: $0.last) })
            else { return }
        } else {
            let answers = doubt.answers.filter { others.contains($0.node) }
            guard answers.count >= electorate.meeting,
                answers.allSatisfy({ log.last.isAsNew(as: $0.last) })
            else { return }
        }
        self.doubt = nil
        set(Ballot(term: term, vote: ballot.vote ?? node))
    }

    /// A leader's view of a follower in doubt: what it had once confirmed it may lack now.
    mutating func noteDoubt(of sender: NodeNumber, _ message: RaftMessage) {
        guard role == .leader, let index = followerIndex(sender) else { return }
        followers[index].isSure = message.isSure
        guard !message.isSure, message.term == term,
            case .mismatched(let previousIndex, let hint) = message.kind, previousIndex > 0,
            previousIndex <= followers[index].match
        else { return }
        followers[index].match = min(hint, previousIndex - 1)
        followers[index].next = previousIndex + 1
        followers[index].mode = .probing(isWaiting: true)
        followers[index].inFlight = []
    }
}

extension Electorate {
    /// So many voters that every majority has one of them, whoever of the others is left out.
    ///
    /// Open: with an even number of voters, a majority of those that are left after one more change
    /// may have none of them.
    var meeting: Int { voters.count - majority + 1 }

    /// The same as `isMajority`, where only some are sure of their past.
    func isMajority(_ agreeing: [NodeNumber], sure: [NodeNumber]) -> Bool {
        isMajority(agreeing) && voters.count { sure.contains($0) } >= meeting
    }

    /// The same as `agreedIndex`, where only some are sure of their past.
    func agreedIndex(
        _ index: (NodeNumber) -> UInt64, isSure: (NodeNumber) -> Bool
    ) -> UInt64 {
        guard !voters.isEmpty else { return 0 }
        let sure = voters.map { isSure($0) ? index($0) : 0 }.sorted(by: >)
        return min(agreedIndex(index), sure[meeting - 1])
    }
}
