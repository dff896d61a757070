public import Consensus
public import Essentials
internal import Hashing
public import Membership

// The log of the members, and what it is about: the state machine is the topology, an entry the
// whole next one.

extension RaftStored {
    /// The log of nodes that all begin with this topology, as if it had been its steps so far.
    ///
    /// - Parameter voters: who decides about the next one. Nodes that begin with different
    ///   topologies of one history must name the one node that made it.
    public init(agreedOn topology: Topology, voters: [NodeNumber]) {
        self.init(
            ballot: Ballot(),
            snapshot: RaftSnapshot(
                position: LogPosition(index: topology.epoch, term: 0),
                electorate: Electorate(voters: voters), state: topology.encoded))
    }
}

extension Topology {
    var encoded: [UInt8] {
        var bytes: [UInt8] = []
        encode(into: &bytes)
        return bytes
    }

    /// Reads what a leader has written. One that cannot be read comes from a later release: going
    /// on without it would be going on with another history.
    static func agreed(_ bytes: [UInt8]) -> Topology? {
        guard !bytes.isEmpty else { return nil }
        var reader = ByteReader(bytes)
        do {
            return try Topology(from: &reader)
        } catch {
            fatalError("the cluster agreed on a topology that this release cannot read: \(error)")
        }
    }
}

/// The log as operators want to see it.
public struct ConsensusStatus: Sendable, Equatable {
    public var term: UInt64
    public var leader: NodeNumber?
    public var isLeader: Bool
    public var voters: [NodeNumber]
    public var learners: [NodeNumber]
    /// Voters that were heard lately, this node included.
    public var votersHeard: Int
    public var commitIndex: UInt64
    public var lastIndex: UInt64
    /// Where the snapshot ends and the log begins.
    public var snapshotIndex: UInt64
    /// What the log takes without its snapshot.
    public var logBytes: Int
    /// Elections that this node has started since its start.
    public var elections: UInt64
    /// Whether this node knows all that it has ever agreed to: not so, for a while, when its disk
    /// was put back.
    public var isSure: Bool
}

extension ControlPlane {
    /// How long a change waits for a leader: a few elections, and shorter than whoever waits.
    static let patienceNs: UInt64 = 5_000_000_000
    /// A change that the leader did not answer is sent again: the connection may have broken.
    static let askAgainNs: UInt64 = 2_000_000_000

    public func consensusStatus(now: Now) -> ConsensusStatus {
        ConsensusStatus(
            term: raft.term, leader: raft.leader, isLeader: authority != nil,
            voters: raft.electorate.voters, learners: raft.electorate.learners,
            votersHeard: raft.votersHeard(now: now), commitIndex: raft.commitIndex,
            lastIndex: raft.last.index, snapshotIndex: raft.snapshot.position.index,
            logBytes: raft.logSize, elections: raft.electionCount, isSure: raft.isSure)
    }

    // MARK: The log

    /// Gives an event to the log and carries its effects on.
    mutating func agree(_ event: Raft.Event, now: Now, into effects: inout [Effect]) {
        var produced: [Raft.Effect] = []
        raft.apply(event, now: now, into: &produced)
        for effect in produced {
            switch effect {
            case .store(let write): effects.append(.persist(write))
            case .send(let node, let message): effects.append(.send(node, .consensus(message)))
            case .apply(let entry): take(entry, now: now, into: &effects)
            case .restore(let snapshot):
                take(Topology.agreed(snapshot.state), now: now, into: &effects)
            case .lead(let term):
                effects.append(.observed(.led(term: term)))
                startDeciding(term, now: now, into: &effects)
            case .follow(let term):
                effects.append(.observed(.followed(term: term)))
                decide(.deposed(reason: obstacle(now: now)), now: now, into: &effects)
                authority = nil
            case .decline(let reason):
                if case .proposed = event {
                    decide(.declined(reason: reason.text), now: now, into: &effects)
                }
            }
        }
        guard raft.wantsCompaction, let agreed else { return }
        produced = []
        raft.apply(.compacted(state: agreed.encoded), now: now, into: &produced)
        for effect in produced {
            if case .store(let write) = effect { effects.append(.persist(write)) }
        }
    }

    /// Where a log begins that was read from a disk.
    static func agreed(in stored: RaftStored) -> Topology? {
        Topology.agreed(stored.snapshot.state)
    }

    /// A voter that is a member no more votes no more from the same entry on: else the others could
    /// need it when it is gone already. Only one voter can go with an entry, so where several are
    /// to, the others stop voting before it.
    mutating func append(_ topology: Topology, now: Now, into effects: inout [Effect]) {
        let leaving = voters(leavingBy: topology)
        guard leaving.count <= 1 else {
            pending = topology
            return appendPending(now: now, into: &effects)
        }
        pending = nil
        agree(
            .proposed(topology.encoded, leaving.isEmpty ? nil : electorate(without: leaving)),
            now: now, into: &effects)
    }

    private func voters(leavingBy topology: Topology) -> [NodeNumber] {
        raft.electorate.voters.filter { topology.standing(of: $0) != .member }
    }

    /// They go on learning until they have heard that they are gone.
    private func electorate(without leaving: [NodeNumber]) -> Electorate {
        let electorate = raft.electorate
        return Electorate(
            voters: electorate.voters.filter { !leaving.contains($0) },
            learners: electorate.learners + leaving)
    }

    mutating func appendPending(now: Now, into effects: inout [Effect]) {
        guard let topology = pending else { return }
        guard authority != nil else { return pending = nil }
        let leaving = voters(leavingBy: topology)
        guard leaving.count > 1 else { return append(topology, now: now, into: &effects) }
        // The change before it must be committed.
        guard raft.isSettled else { return }
        agree(
            .electorateProposed(electorate(without: [leaving[0]])), now: now, into: &effects)
    }

    private mutating func take(_ entry: RaftEntry, now: Now, into effects: inout [Effect]) {
        effects.append(
            .observed(
                .applied(
                    index: entry.index, term: entry.term, digest: xxh3(entry.encodeRecord()))))
        guard let bytes = entry.payload.command else { return }
        take(Topology.agreed(bytes), now: now, into: &effects)
    }

    private mutating func take(_ topology: Topology?, now: Now, into effects: inout [Effect]) {
        guard let topology else { return }
        agreed = topology
        tell(.received(topology), now: now, into: &effects)
        decide(.committed(topology), now: now, into: &effects)
    }

    private mutating func startDeciding(
        _ term: UInt64, now: Now, into effects: inout [Effect]
    ) {
        guard let agreed else { return }
        authority = TopologyAuthority(topology: agreed, node: raft.node, term: term)
        authority?.driftMsMax = driftMsMax
        route(now: now, into: &effects)
    }

    /// Brings the voters nearer to what the members and their zones ask for.
    mutating func adjustElectorate(now: Now, into effects: inout [Effect]) {
        guard raft.role == .leader, pending == nil, let agreed else { return }
        let candidates = agreed.activeMembers.map { Candidate(node: $0.number, zone: $0.zone) }
        let wanted = raft.electorate.choosing(from: candidates)
        let members = agreed.activeMembers.map(\.number)
        guard let next = raft.electorate(towards: wanted, members: members, now: now) else {
            return
        }
        agree(.electorateProposed(next), now: now, into: &effects)
    }

    /// For the simulator: somebody proposes other voters, with no regard to who should vote.
    package mutating func propose(
        _ electorate: Electorate, now: Now, into effects: inout [Effect]
    ) {
        agree(.electorateProposed(electorate), now: now, into: &effects)
    }

    // MARK: The way of a proposal to the leader

    /// Takes a change that somebody wants, and sees to it that it is decided or refused.
    mutating func propose(
        _ id: ProposalID, _ change: TopologyChange, for proposer: Proposer, now: Now,
        into effects: inout [Effect]
    ) {
        // Who hears no answer asks again.
        guard !proposals.contains(where: { $0.id == id }) else { return }
        guard proposals.count < TopologyAuthority.proposalsMax else {
            let refusal = ControlMessage.refused(
                id, reason: "too many changes of the topology are waiting: try again later",
                isFinal: false)
            return answer(proposer, refusal, into: &effects)
        }
        proposals.append(
            Proposal(id: id, change: change, proposer: proposer, sinceNs: now.monotonicNs))
        route(now: now, into: &effects)
    }

    /// Sends what waits to whoever leads; refuses what has waited too long for a leader.
    mutating func route(now: Now, into effects: inout [Effect]) {
        for proposal in proposals {
            guard let index = proposals.firstIndex(where: { $0.id == proposal.id }) else {
                continue
            }
            let waitedNs = now.monotonicNs - proposal.sinceNs
            if authority != nil {
                guard proposal.target != raft.node else { continue }
                if let node = livingMember(forgottenBy: proposal.change, now: now) {
                    // It may have ended a moment ago.
                    guard waitedNs >= Self.patienceNs else { continue }
                    let reason =
                        node == raft.node
                        ? "node \(node) leads the members: it is not lost"
                        : "node \(node) answers: stop it first, only who is lost is forgotten"
                    answer(proposal.id, .refused(proposal.id, reason: reason), into: &effects)
                    continue
                }
                proposals[index].target = raft.node
                decide(proposal, now: now, into: &effects)
            } else if let leader = raft.leader, leader != raft.node {
                guard proposal.target != leader || waitedNs >= Self.askAgainNs else { continue }
                proposals[index].target = leader
                proposals[index].sinceNs = now.monotonicNs
                effects.append(.send(leader, .propose(proposal.id, proposal.change)))
            } else if proposal.target != nil {
                proposals[index].target = nil
                proposals[index].sinceNs = now.monotonicNs
            } else if waitedNs >= Self.patienceNs {
                let reason = obstacle(now: now)
                answer(
                    proposal.id, .refused(proposal.id, reason: reason, isFinal: false),
                    into: &effects)
            }
        }
    }

    private mutating func decide(
        _ proposal: Proposal, now: Now, into effects: inout [Effect]
    ) {
        if let number = lostVoter(proposal.change) {
            let reason =
                "node \(number) has this node's id, and took part in decisions that are not in "
                + "this data-dir: start it with an empty one"
            return answer(proposal.id, .refused(proposal.id, reason: reason), into: &effects)
        }
        decide(.proposed(proposal.id, proposal.change), now: now, into: &effects)
    }

    /// Who is to be forgotten and is there.
    private func livingMember(forgottenBy change: TopologyChange, now: Now) -> NodeNumber? {
        guard case .forget(let ids) = change, let agreed else { return nil }
        return agreed.activeMembers.first {
            ids.contains($0.id) && raft.mayBeThere($0.number, now: now)
        }?.number
    }

    /// The member that somebody wants to join as, though it has confirmed entries of the log: its
    /// memory of them, and of its votes, is lost. One that never began is only asking again.
    private func lostVoter(_ change: TopologyChange) -> NodeNumber? {
        guard case .join(let description) = change, let agreed,
            let member = agreed.member(id: description.id), raft.hasConfirmed(member.number)
        else { return nil }
        return member.number
    }

    /// Why nothing can be decided.
    private func obstacle(now: Now) -> String {
        let heard = raft.votersHeard(now: now)
        let count = raft.electorate.voters.count
        guard heard < raft.electorate.majority else {
            return "the voters have no leader at the moment (\(heard) of \(count) can be "
                + "reached): try again"
        }
        return "no majority of the voters can be reached: \(heard) of \(count); "
            + "the topology cannot change now, data is served as before"
    }
}

extension Raft.Decline {
    fileprivate var text: String {
        switch self {
        case .notLeader: "the node that decides about the topology is another one now: try again"
        case .tooMuchWaiting: "too many changes of the topology are waiting: try again later"
        case .tooLarge: "the topology would be too large"
        case .electorateChanging, .electorateTooFar, .learnerBehind:
            "the voters are changing: try again"
        }
    }
}
