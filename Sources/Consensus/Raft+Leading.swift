public import Essentials

// What a leader does: take proposals, send entries, count who has them (thesis, 3.5 and 3.6).

extension Raft {
    mutating func lead(_ nowNs: UInt64) {
        become(.leader, term: term, leader: node, nowNs)
        leadingSinceNs = nowNs
        termStart = log.last.index + 1
        updateFollowers(nowNs)
        add(.nothing)
        advanceCommit(nowNs)
        broadcast(nowNs)
    }

    mutating func tickLeader(_ nowNs: UInt64) {
        guard hasMajority(nowNs) else {
            // Nobody can agree with it any more; others may have elected somebody else.
            return become(.follower, term: term, leader: nil, nowNs)
        }
        if let transferNs, nowNs >= transferNs { self.transferNs = nil }
        for index in followers.indices where followers[index].heartbeatNs <= nowNs {
            send(to: index, nowNs, isHeartbeat: true)
        }
    }

    private func hasMajority(_ nowNs: UInt64) -> Bool {
        let window = timing.electionNsMax
        // Whom it could not have heard yet, it is not blamed for.
        guard nowNs >= leadingSinceNs + window else { return true }
        return electorate.isMajority(
            electorate.voters.filter { $0 == node || isHeard($0, within: window, nowNs) })
    }

    // MARK: Proposals

    mutating func propose(_ command: [UInt8]?, _ next: Electorate?, _ nowNs: UInt64) {
        guard role == .leader, transferNs == nil else { return decline(.notLeader) }
        if let reason = command.flatMap({ obstacle(to: $0) }) { return decline(reason) }
        if let reason = next.flatMap({ obstacle(to: $0, nowNs) }) { return decline(reason) }
        switch (command, next) {
        case (nil, nil): return
        case (let command?, nil): add(.command(command))
        case (nil, let next?): add(.electorate(next))
        case (let command?, let next?): add(.commandWithElectorate(command, next))
        }
        if next != nil { updateFollowers(nowNs) }
        advanceCommit(nowNs)
        broadcast(nowNs)
    }

    private func obstacle(to command: [UInt8]) -> Decline? {
        guard command.count <= RaftLimits.commandSizeMax else { return .tooLarge }
        let waiting = log.size(after: commitIndex)
        return waiting == 0 || waiting + command.count <= limits.uncommittedSizeMax
            ? nil : .tooMuchWaiting
    }

    /// The correction of 2015 to section 4.1: a leader that has committed nothing in its term could
    /// have an electorate that a majority has meanwhile replaced, and two changes at once need not
    /// have overlapping majorities.
    private func obstacle(to next: Electorate, _ nowNs: UInt64) -> Decline? {
        guard commitIndex >= termStart || bug == .changesVotersEarly,
            log.electorate.index <= commitIndex
        else { return .electorateChanging }
        guard mayFollow(next), next.voters.count <= Electorate.votersMax else {
            return .electorateTooFar
        }
        let coming = next.voters.filter { !electorate.isVoter($0) }
        let now = Now(monotonicNs: nowNs, wallMs: 0)
        return coming.allSatisfy { isCaughtUp($0, now: now) || bug == .changesVotersEarly }
            ? nil : .learnerBehind
    }

    /// What this node would have to propose next so that `wanted` become the voters, and all other
    /// `members` learners. Nil if there is nothing to do, or not now, or not here.
    public func electorate(
        towards wanted: [NodeNumber], members: [NodeNumber], now: Now
    ) -> Electorate? {
        guard bug == .changesVotersEarly ? role == .leader : isLeading && isSettled else {
            return nil
        }
        return nextElectorate(towards: wanted, members: members) { isCaughtUp($0, now: now) }
    }

    private mutating func decline(_ reason: Decline) { outgoing.append(.decline(reason)) }

    private mutating func add(_ payload: RaftEntry.Payload) {
        let position = LogPosition(index: log.last.index + 1, term: term)
        let entry = RaftEntry(position: position, payload: payload)
        log.append(entry)
        write.appended.append(entry)
    }

    private mutating func updateFollowers(_ nowNs: UInt64) {
        let before = followers
        followers = electorate.nodes.filter { $0 != node }.map { node in
            before.first { $0.node == node } ?? Follower(node: node, next: log.last.index + 1)
        }
    }

    func followerIndex(_ node: NodeNumber) -> Int? {
        followers.firstIndex { $0.node == node }
    }

    /// Lets the voter with the newest log take over, if there is one that is as new as this one's.
    mutating func transfer(_ nowNs: UInt64) {
        guard role == .leader, transferNs == nil,
            let heir = followers.first(where: {
                electorate.isVoter($0.node) && $0.match == log.last.index && $0.isSure
                    && isHeard($0.node, within: timing.electionNsMax, nowNs)
            })
        else { return }
        transferNs = nowNs + timing.electionNsMin
        send(heir.node, .takeOver)
    }

    // MARK: Sending

    mutating func broadcast(_ nowNs: UInt64, isHeartbeat: Bool = false) {
        for index in followers.indices { send(to: index, nowNs, isHeartbeat: isHeartbeat) }
    }

    /// Sends what the follower lacks, as far as its mode allows; a heartbeat sends something at
    /// any rate.
    mutating func send(to index: Int, _ nowNs: UInt64, isHeartbeat: Bool = false) {
        var hasSent = false
        if log.term(at: followers[index].next - 1) == nil { startRestoring(index) }
        switch followers[index].mode {
        case .probing(let isWaiting):
            guard !isWaiting || isHeartbeat else { return }
            sendEmpty(to: index, after: followers[index].next - 1)
            followers[index].mode = .probing(isWaiting: true)
            hasSent = true
        case .streaming:
            while followers[index].next <= log.last.index,
                followers[index].inFlight.count < limits.inFlightMax
            {
                let count = sendEntries(to: index)
                followers[index].next += UInt64(count)
                followers[index].inFlight.append(followers[index].next - 1)
                hasSent = true
            }
            if isHeartbeat, !hasSent { sendEmpty(to: index, after: followers[index].next - 1) }
        case .restoring(_, _, let sentNs):
            if nowNs >= sentNs + timing.chunkNs || sentNs == 0 {
                sendChunk(to: index, nowNs)
            } else if isHeartbeat {
                // The start of the log is in every log.
                sendEmpty(to: index, after: 0)
            }
        }
        guard isHeartbeat || hasSent else { return }
        let isVoter = electorate.isVoter(followers[index].node)
        followers[index].heartbeatNs =
            nowNs + (isVoter ? timing.heartbeatNs : timing.learnerHeartbeatNs)
    }

    /// Returns how many.
    private mutating func sendEntries(to index: Int) -> Int {
        let next = followers[index].next
        let previous = LogPosition(index: next - 1, term: log.term(at: next - 1) ?? 0)
        let entries = log.slice(from: next, sizeMax: limits.messageSizeMax)
        send(
            followers[index].node,
            .append(previous: previous, commitIndex: commitIndex, entries))
        return entries.count
    }

    private mutating func sendEmpty(to index: Int, after previousIndex: UInt64) {
        let previous = LogPosition(index: previousIndex, term: log.term(at: previousIndex) ?? 0)
        send(followers[index].node, .append(previous: previous, commitIndex: commitIndex, []))
    }

    // MARK: Answers

    mutating func noteAppended(_ matchIndex: UInt64, by node: NodeNumber, _ nowNs: UInt64) {
        guard role == .leader, let index = followerIndex(node), matchIndex <= log.last.index
        else { return }
        if matchIndex > followers[index].match { followers[index].match = matchIndex }
        let match = followers[index].match
        followers[index].inFlight.removeAll { $0 <= match }
        switch followers[index].mode {
        case .probing:
            followers[index].next = match + 1
            followers[index].mode = .streaming
        case .streaming: followers[index].next = max(followers[index].next, match + 1)
        case .restoring:
            // A heartbeat was answered: it knows no more than before the snapshot.
            guard match >= log.snapshot.position.index else { break }
            followers[index].next = match + 1
            followers[index].mode = .streaming
        }
        if advanceCommit(nowNs) { broadcast(nowNs, isHeartbeat: true) }
        // It may have stepped down: it is no voter any more.
        if role == .leader, let index = followerIndex(node) { send(to: index, nowNs) }
    }

    mutating func noteMismatch(
        _ previousIndex: UInt64, hint: UInt64, by node: NodeNumber, _ nowNs: UInt64
    ) {
        guard role == .leader, let index = followerIndex(node),
            previousIndex > followers[index].match, previousIndex < followers[index].next
        else { return }
        switch followers[index].mode {
        case .restoring: return
        case .probing:
            // An answer to an earlier probe says nothing about this one.
            guard previousIndex == followers[index].next - 1 else { return }
        case .streaming: break
        }
        let match = followers[index].match
        followers[index].next = max(match, min(hint, previousIndex - 1)) + 1
        followers[index].mode = .probing(isWaiting: false)
        followers[index].inFlight = []
        send(to: index, nowNs)
    }

    /// Commits what a majority of the voters has. Entries of earlier terms are committed only along
    /// with one of this term (thesis, figure 3.7).
    @discardableResult
    mutating func advanceCommit(_ nowNs: UInt64) -> Bool {
        let agreed = agreedIndex(
            { voter in
                if voter == node { return log.last.index }
                return followers.first { $0.node == voter }?.match ?? 0
            },
            isSure: { voter in followers.first { $0.node == voter }?.isSure ?? true })
        guard agreed > commitIndex else { return false }
        guard log.term(at: agreed) == term else {
            if bug == .commitsEarlierTerms { commit(to: agreed) }
            return false
        }
        commit(to: agreed)
        if bug == .adoptsVotersLate { updateFollowers(nowNs) }
        if !isLeading {
            isLeading = true
            outgoing.append(.lead(term: term))
        }
        // A leader that was voted out leads until that is committed (thesis, section 4.2.2).
        if !isVoter, log.electorate.index <= commitIndex {
            broadcast(nowNs, isHeartbeat: true)
            become(.follower, term: term, leader: nil, nowNs)
            return false
        }
        return true
    }
}
