public import Essentials

/// One node's part in agreeing on a log: Raft, after Ongaro's thesis (2014), with pre-vote (9.6),
/// check-quorum (6.2), learners (4.2.1), single-member changes (4.1) with the correction of 2015,
/// compaction (5) and leadership transfer (3.10).
///
/// Deviations: reads are not served from the log, so there are no leases and read barriers. A write
/// of several entries is one step on disk. A snapshot is kept in memory besides, since its state is
/// small.
///
/// A pure machine, confined to its node's control plane. Ordering contract: effects are carried out
/// in order, and those after a `store` only once it is durable. So the machine goes on at once as
/// if it were, and yet nobody learns of a vote or an entry that a crash could still take back; and
/// a node whose disk does not write falls silent and is soon no leader any more.
///
/// Invariant: at most one leader a term; the term, the commit index and the entries up to it never
/// change but by growing.
public struct Raft: Sendable {
    public enum Event: Sendable {
        case received(RaftMessage, from: NodeNumber)
        case ticked
        /// A command for the log, and another electorate in the same step where it needs one. Only
        /// a leader takes it.
        case proposed([UInt8], Electorate? = nil)
        /// Another electorate. Only a leader takes it, and only one that differs by one voter.
        case electorateProposed(Electorate)
        /// The state machine as it is after everything that was given to it: the log is compacted.
        case compacted(state: [UInt8])
        /// This node's disk turns out to be an earlier state of it.
        case doubted
        /// This node is about to stop: somebody else should lead.
        case leaving
    }

    public enum Effect: Hashable, Sendable {
        /// Durably, before the effects that follow.
        case store(RaftWrite)
        case send(NodeNumber, RaftMessage)
        /// The entry is committed. Every index comes once in one life of the machine.
        case apply(RaftEntry)
        /// The state machine is to be replaced: its history up to here is no longer in the log.
        case restore(RaftSnapshot)
        /// This node leads, and everything that was committed earlier has been applied.
        case lead(term: UInt64)
        /// This node leads no more.
        case follow(term: UInt64)
        /// What was proposed is not in the log.
        case decline(Decline)
    }

    /// Why a proposal was not taken.
    public enum Decline: Hashable, Sendable {
        case notLeader
        /// So much waits to be committed that this has to come later.
        case tooMuchWaiting
        case tooLarge
        /// Another change of the electorate is under way, or this leader has not committed anything
        /// yet: then it could not know of one that is.
        case electorateChanging
        /// More than one voter would come or go.
        case electorateTooFar
        /// The node that would become a voter lacks entries.
        case learnerBehind
    }

    public enum Role: Hashable, Sendable { case follower, preCandidate, candidate, leader }

    public let node: NodeNumber
    let timing: RaftTiming
    let limits: RaftLimits
    /// A mistake to make, for the simulator to find.
    package var bug = DeliberateRaftBug.none
    var random: SeededRandom

    // Durable.
    var ballot: Ballot
    var log: RaftLog

    // Volatile.
    /// Nil when this node knows all that it has ever agreed to.
    var doubt: Doubt?
    public internal(set) var role = Role.follower
    /// Who leads this term, as far as known here.
    public internal(set) var leader: NodeNumber?
    public internal(set) var commitIndex: UInt64
    /// Elections that this node has started.
    public internal(set) var electionCount: UInt64 = 0
    /// When this node asks for votes; nil before it has been told the time.
    var electionNs: UInt64?
    /// When the leader was heard last.
    var leaderHeardNs: UInt64?
    /// Who granted a vote, or would.
    var grants: [NodeNumber] = []
    /// Those of them who are sure of their past.
    var sureGrants: [NodeNumber] = []
    /// When each node was heard last. Looked up, never iterated.
    var heardNs: [NodeNumber: UInt64] = [:]
    /// The leader's view of the other nodes, ascending.
    var followers: [Follower] = []
    /// The index of the leader's first entry: with it, its predecessors' entries are committed.
    var termStart: UInt64 = 0
    var isLeading = false
    var leadingSinceNs: UInt64 = 0
    /// The leader takes no proposals until then, since another node is taking over.
    var transferNs: UInt64?
    var incoming: IncomingSnapshot?

    // Within one event.
    var write = RaftWrite()
    var outgoing: [Effect] = []

    /// - Parameter stored: this node's durable state. What is committed beyond the snapshot is
    ///   learnt from the leader.
    /// - Parameter seed: decides when elections are started; nodes should have different ones.
    public init(
        node: NodeNumber, stored: RaftStored, seed: UInt64, timing: RaftTiming = RaftTiming(),
        limits: RaftLimits = RaftLimits()
    ) {
        self.node = node
        self.timing = timing
        self.limits = limits
        random = SeededRandom(seed: seed)
        ballot = stored.ballot
        log = RaftLog(stored.snapshot, stored.entries)
        commitIndex = stored.snapshot.position.index
        if !ballot.isCertain { doubt = Doubt(inquiry: random.next()) }
    }

    public var term: UInt64 { ballot.term }
    /// The newest electorate in the log: in force, whether committed or not.
    public var electorate: Electorate { electorateInForce }
    public var snapshot: RaftSnapshot { log.snapshot }
    public var last: LogPosition { log.last }
    /// What the log takes without its snapshot, in bytes.
    public var logSize: Int { log.size }
    public var isVoter: Bool { electorate.isVoter(node) }
    /// Whether everything that this node has is committed.
    public var isSettled: Bool { commitIndex == log.last.index }
    /// Whether enough can be dropped from the log that it is worth a snapshot.
    public var wantsCompaction: Bool {
        commitIndex > log.snapshot.position.index
            && (log.size > limits.logSizeMax || log.entries.count > limits.logEntriesMax)
    }

    /// Takes note of `event` and appends what to do, in the order in which to do it.
    public mutating func apply(_ event: Event, now: Now, into effects: inout [Effect]) {
        let nowNs = now.monotonicNs
        switch event {
        case .received(let message, let sender): receive(message, from: sender, nowNs)
        case .ticked: tick(nowNs)
        case .proposed(let command, let electorate): propose(command, electorate, nowNs)
        case .electorateProposed(let electorate): propose(nil, electorate, nowNs)
        case .compacted(let state): compact(to: state)
        case .doubted: beginDoubt(nowNs)
        case .leaving: transfer(nowNs)
        }
        if bug == .sendsBeforeStoring { takeMessages(into: &effects) }
        if !write.isEmpty { effects.append(.store(write)) }
        write = RaftWrite()
        effects.append(contentsOf: outgoing)
        outgoing.removeAll(keepingCapacity: true)
    }

    /// How many voters were heard lately, this node included: what an operator is told when no
    /// majority is to be had.
    public func votersHeard(now: Now) -> Int {
        let window = timing.electionNsMax
        return electorate.voters.count {
            $0 == node || isHeard($0, within: window, now.monotonicNs)
        }
    }

    /// Whether a learner has everything that is committed, and is there.
    public func isCaughtUp(_ learner: NodeNumber, now: Now) -> Bool {
        guard let index = followerIndex(learner) else { return false }
        return followers[index].match >= commitIndex
            && isHeard(learner, within: timing.electionNsMax, now.monotonicNs)
    }

    /// Whether this leader knows of entries that the node has: a voter's log is never empty.
    public func hasConfirmed(_ other: NodeNumber) -> Bool {
        if electorate.isVoter(other) { return true }
        return followerIndex(other).map { followers[$0].match > 0 } ?? false
    }

    // MARK: Events

    private mutating func tick(_ nowNs: UInt64) {
        guard role != .leader else { return tickLeader(nowNs) }
        tickDoubt(nowNs)
        guard let electionNs else {
            // A voter that is a majority by itself has nobody to wait for.
            return isMajorityAlone && isSure ? campaign(.regular, nowNs) : resetElection(nowNs)
        }
        guard nowNs >= electionNs else { return }
        resetElection(nowNs)
        if isEligible { campaign(.preliminary, nowNs) }
    }

    private mutating func receive(_ message: RaftMessage, from sender: NodeNumber, _ nowNs: UInt64)
    {
        guard sender != node else { return }
        if electorate.isVoter(sender) || followerIndex(sender) != nil { heardNs[sender] = nowNs }
        noteDoubt(of: sender, message)
        switch message.kind {
        case .voteRequest(let last, let election):
            return answerVoteRequest(message.term, last, election, from: sender, nowNs)
        case .vote(true, .preliminary):
            // It names a term that nobody has begun.
            return takePreliminaryVote(message.term, from: sender, message.isSure, nowNs)
        case .positionRequest(let inquiry):
            return send(sender, .position(log.last, inquiry: inquiry))
        case .position(let last, let inquiry):
            return takePosition(last, inquiry: inquiry, term: message.term, from: sender, nowNs)
        default: break
        }
        if message.term > term { become(.follower, term: message.term, leader: nil, nowNs) }
        guard message.term == term else {
            // A leader of the past is told by the term of the answer.
            if message.isLeaders { send(sender, .mismatched(previousIndex: 0, hint: 0)) }
            return
        }
        take(message, from: sender, nowNs)
        settleDoubt(nowNs)
    }

    /// Takes a message of this term.
    private mutating func take(_ message: RaftMessage, from sender: NodeNumber, _ nowNs: UInt64) {
        switch message.kind {
        case .voteRequest, .positionRequest, .position: break
        case .vote(let isGranted, let election):
            takeVote(isGranted, election, from: sender, message.isSure, nowNs)
        case .append(let previous, let leaderCommit, let entries):
            guard follow(sender, nowNs) else { return }
            append(entries, after: previous, leaderCommit: leaderCommit, from: sender, nowNs)
        case .chunk(let position, let size, let offset, let part):
            guard follow(sender, nowNs) else { return }
            take(part, at: offset, of: size, position, from: sender, nowNs)
        case .appended(let matchIndex): noteAppended(matchIndex, by: sender, nowNs)
        case .mismatched(let previousIndex, let hint):
            noteMismatch(previousIndex, hint: hint, by: sender, nowNs)
        case .chunkTaken(let index, let offset): noteChunk(index, offset, by: sender, nowNs)
        case .takeOver:
            if role == .follower, leader == sender, isEligible { campaign(.transfer, nowNs) }
        }
    }

    /// Takes a message of this term's leader as such; false when that cannot be.
    private mutating func follow(_ sender: NodeNumber, _ nowNs: UInt64) -> Bool {
        guard role != .leader, leader == nil || leader == sender else { return false }
        if role != .follower { become(.follower, term: term, leader: sender, nowNs) }
        leader = sender
        leaderHeardNs = nowNs
        resetElection(nowNs)
        return true
    }

    // MARK: State

    mutating func become(
        _ newRole: Role, term newTerm: UInt64, leader newLeader: NodeNumber?, _ nowNs: UInt64
    ) {
        if newTerm != term { set(Ballot(term: newTerm)) }
        if isLeading { outgoing.append(.follow(term: term)) }
        isLeading = false
        if role == .leader { resetElection(nowNs) }
        role = newRole
        leader = newLeader
        grants = []
        sureGrants = []
        followers = []
        transferNs = nil
        incoming = nil
    }

    mutating func set(_ newBallot: Ballot) {
        invariant(newBallot.term >= ballot.term, "the term would go back")
        ballot = newBallot
        ballot.isCertain = isSure
        write.ballot = ballot
    }

    mutating func resetElection(_ nowNs: UInt64) {
        electionNs =
            nowNs + UInt64.random(in: timing.electionNsMin..<timing.electionNsMax, using: &random)
    }

    mutating func send(_ receiver: NodeNumber, _ kind: RaftMessage.Kind) {
        outgoing.append(.send(receiver, RaftMessage(term: term, kind, isSure: isSure)))
    }

    func isHeard(_ node: NodeNumber, within durationNs: UInt64, _ nowNs: UInt64) -> Bool {
        guard let heard = heardNs[node] else { return false }
        return heard + durationNs > nowNs
    }

    /// Gives out what was committed, up to `index`.
    mutating func commit(to index: UInt64) {
        invariant(index <= log.last.index, "an entry would be committed that is not here")
        while commitIndex < index, let entry = log.entry(at: commitIndex + 1) {
            commitIndex += 1
            outgoing.append(.apply(entry))
        }
    }

    private mutating func compact(to state: [UInt8]) {
        guard commitIndex > log.snapshot.position.index, state.count <= RaftLimits.stateSizeMax,
            let term = log.term(at: commitIndex)
        else { return }
        let snapshot = RaftSnapshot(
            position: LogPosition(index: commitIndex, term: term),
            electorate: log.electorate(at: commitIndex), state: state)
        log.compact(to: snapshot)
        write.snapshot = snapshot
    }
}

extension RaftMessage {
    /// Whether only a leader sends it.
    fileprivate var isLeaders: Bool {
        switch kind {
        case .append, .chunk, .takeOver: true
        default: false
        }
    }
}
