public import Consensus
internal import Essentials
public import Membership

// After the loss of a majority of the voters nobody can agree on anything any more. An admin may
// then go on without those that are lost, and answers for it that they stay away: what they alone
// have agreed on is lost, and each of them is refused wherever it meets a survivor.
//
// One survivor asks all others what they know, which they must all answer. It takes the newest of
// their logs for what was agreed on, and begins a log of its own there, as the only voter, in a
// generation of terms and epochs past all that anybody can have reached. The others follow it as
// they follow any leader, and become voters again. Nothing moves: the lost go on being listed as
// replicas of their partitions, and are marked.

/// What a survivor knows of the log of the members.
public struct LogSurvey: Sendable, Equatable {
    /// Why it does not take part, in words; empty if it does.
    public var obstacle: String
    public var term: UInt64
    public var last: LogPosition
    public var topology: Topology

    public init(obstacle: String, term: UInt64, last: LogPosition, topology: Topology) {
        self.obstacle = obstacle
        self.term = term
        self.last = last
        self.topology = topology
    }
}

extension ControlPlane {
    /// What this node has asked the other survivors.
    struct Recovery {
        let id: ProposalID
        let lost: [NodeNumber]
        var waiting: [NodeNumber]
        /// The newest that anybody knows.
        var newest: LogSurvey
        var termMax: UInt64
        let deadlineNs: UInt64
        var resendNs: UInt64
    }

    /// All survivors answer within a few round trips.
    private static let surveyNs: UInt64 = 3_000_000_000
    private static let surveyAgainNs: UInt64 = 500_000_000

    mutating func recover(
        _ id: ProposalID, without lost: [NodeNumber], now: Now, into effects: inout [Effect]
    ) {
        guard recovery == nil else {
            return effects.append(.refused(id, reason: "another recovery is under way here"))
        }
        if let reason = obstacleToRecovery(without: lost, now: now) {
            return effects.append(.refused(id, reason: reason))
        }
        guard let own = survey(without: lost, now: now) else { return }
        let others = own.topology.activeMembers.map(\.number).filter {
            $0 != raft.node && !lost.contains($0)
        }
        recovery = Recovery(
            id: id, lost: lost, waiting: others, newest: own, termMax: own.term,
            deadlineNs: now.monotonicNs + Self.surveyNs,
            resendNs: now.monotonicNs + Self.surveyAgainNs)
        for other in others { effects.append(.send(other, .survey(id, lost: lost))) }
        refoundIfAnswered(now: now, into: &effects)
    }

    /// What only whoever begins has to look at.
    private func obstacleToRecovery(without lost: [NodeNumber], now: Now) -> String? {
        guard let topology = member.topology else { return "this node is no member" }
        guard !lost.contains(raft.node) else { return "this node is not lost: it is asked" }
        for node in lost where topology.member(node) == nil { return "node \(node) is no member" }
        let voters = raft.electorate.voters.filter { !lost.contains($0) }
        guard voters.count < raft.electorate.majority else {
            return "a majority of the voters is left without them (\(voters.count) of "
                + "\(raft.electorate.voters.count)): start those, and forget the lost"
        }
        return obstacleAnywhere(without: lost, now: now)
    }

    private func obstacleAnywhere(without lost: [NodeNumber], now: Now) -> String? {
        if raft.hasLeader(now: now) {
            return "node \(raft.node) knows of a leader: a majority of the voters is there"
        }
        for node in lost where raft.mayBeThere(node, now: now) {
            return "node \(raft.node) has heard node \(node) a moment ago: it is not lost"
        }
        return nil
    }

    private func survey(without lost: [NodeNumber], now: Now) -> LogSurvey? {
        guard let served = member.topology else { return nil }
        let logged = Topology.agreed(raft.newestState)
        let newest = logged.map { $0.epoch > served.epoch ? $0 : served } ?? served
        return LogSurvey(
            obstacle: obstacleAnywhere(without: lost, now: now) ?? "", term: raft.term,
            last: raft.last, topology: newest)
    }

    /// Answers the survivor that has begun.
    mutating func answer(
        survey id: ProposalID, without lost: [NodeNumber], to node: NodeNumber, now: Now,
        into effects: inout [Effect]
    ) {
        guard let survey = survey(without: lost, now: now) else { return }
        effects.append(.send(node, .surveyed(id, survey)))
    }

    mutating func take(
        _ survey: LogSurvey, _ id: ProposalID, from node: NodeNumber, now: Now,
        into effects: inout [Effect]
    ) {
        guard var recovery, recovery.id == id,
            let index = recovery.waiting.firstIndex(of: node)
        else { return }
        guard survey.obstacle.isEmpty else {
            return endRecovery(refusing: survey.obstacle, into: &effects)
        }
        recovery.waiting.remove(at: index)
        recovery.termMax = max(recovery.termMax, survey.term)
        let known = recovery.newest
        recovery.newest.topology =
            survey.topology.epoch > known.topology.epoch ? survey.topology : known.topology
        if survey.last.index > known.last.index { recovery.newest.last = survey.last }
        self.recovery = recovery
        refoundIfAnswered(now: now, into: &effects)
    }

    mutating func expireRecovery(now: Now, into effects: inout [Effect]) {
        guard let recovery else { return }
        guard now.monotonicNs < recovery.deadlineNs else {
            let nodes = recovery.waiting.map(\.description).joined(separator: ", ")
            return endRecovery(
                refusing: "no answer from node \(nodes): whoever survives must be there, and "
                    + "whoever does not must be named", into: &effects)
        }
        guard now.monotonicNs >= recovery.resendNs else { return }
        self.recovery?.resendNs = now.monotonicNs + Self.surveyAgainNs
        for node in recovery.waiting {
            effects.append(.send(node, .survey(recovery.id, lost: recovery.lost)))
        }
    }

    private mutating func endRecovery(refusing reason: String, into effects: inout [Effect]) {
        guard let recovery else { return }
        self.recovery = nil
        effects.append(.refused(recovery.id, reason: reason))
    }

    private mutating func refoundIfAnswered(now: Now, into effects: inout [Effect]) {
        guard let recovery, recovery.waiting.isEmpty else { return }
        if let reason = obstacleAnywhere(without: recovery.lost, now: now) {
            return endRecovery(refusing: reason, into: &effects)
        }
        self.recovery = nil
        let topology = recovery.newest.topology.recovered(
            without: recovery.lost,
            epoch: LogPosition.nextGeneration(after: recovery.newest.topology.epoch))
        let position = LogPosition(
            index: recovery.newest.last.index + 1,
            term: LogPosition.nextGeneration(after: recovery.termMax))
        let learners = topology.activeMembers.map(\.number).filter { $0 != raft.node }
        let write = raft.refound(
            on: RaftSnapshot(
                position: position,
                electorate: Electorate(voters: [raft.node], learners: learners),
                state: topology.encoded))
        agreed = topology
        authority = nil
        effects.append(.persist(write))
        tell(.received(topology), now: now, into: &effects)
        effects.append(.accepted(recovery.id))
        agree(.ticked, now: now, into: &effects)
    }

    /// Whether somebody who has no part in the cluster any more has said this: nobody listens to it
    /// but to what it should know.
    mutating func refuses(
        _ message: ControlMessage, from node: NodeNumber, into effects: inout [Effect]
    ) -> Bool {
        guard let topology = member.topology else { return false }
        switch topology.standing(of: node) {
        case .member, .unknown: return false
        case .removed, .lost: break
        }
        switch message {
        // It may know that in truth this node is the one.
        case .topology: return false
        // What answers is not answered: two nodes would go on for ever.
        case .adopted, .prepared, .accepted, .refused, .surveyed:
            guard raft.bug == .answersAnswers else { break }
            effects.append(.send(node, .topology(topology)))
        default: effects.append(.send(node, .topology(topology)))
        }
        return true
    }
}
