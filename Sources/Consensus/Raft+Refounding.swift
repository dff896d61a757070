public import Essentials

// What no majority has agreed to: the log of a cluster that has lost one begins anew. An admin
// answers for it that those who are left out stay out.

extension LogPosition {
    /// Terms and epochs of a cluster that was recovered are past all that anybody can have reached
    /// before: a generation has room for an election a second for a century.
    public static let generationBits: UInt64 = 32

    /// Where the generation after that of `number` begins.
    public static func nextGeneration(after number: UInt64) -> UInt64 {
        (number >> generationBits + 1) << generationBits
    }
}

extension Raft {
    /// Whether there is somebody who leads, as far as this node was told lately.
    public func hasLeader(now: Now) -> Bool { hasLeader(now.monotonicNs) }

    /// Whether the node may be there: it was heard a moment ago, or would not have been heard yet.
    public func mayBeThere(_ other: NodeNumber, now: Now) -> Bool {
        let windowNs = max(timing.electionNsMax, 2 * timing.learnerHeartbeatNs)
        if other == node || isHeard(other, within: windowNs, now.monotonicNs) { return true }
        return role == .leader && now.monotonicNs < leadingSinceNs + windowNs
    }

    /// The state after the last entry of the log, whether that is committed or not.
    public var newestState: [UInt8] {
        log.entries.reversed().lazy.compactMap(\.payload.command).first ?? log.snapshot.state
    }

    /// Begins a log with this node as the only voter, who makes voters of the others one after the
    /// other; in a later term than the snapshot's. Returns what must be durable before anybody
    /// hears of it.
    public mutating func refound(on snapshot: RaftSnapshot) -> RaftWrite {
        ballot = Ballot(term: snapshot.position.term)
        log = RaftLog(snapshot, [])
        commitIndex = snapshot.position.index
        role = .follower
        leader = nil
        electionNs = nil
        leaderHeardNs = nil
        grants = []
        followers = []
        isLeading = false
        transferNs = nil
        incoming = nil
        var write = RaftWrite()
        write.ballot = ballot
        write.removedFrom = 0
        write.snapshot = snapshot
        return write
    }
}
