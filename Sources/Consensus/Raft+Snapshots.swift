internal import Essentials

/// A snapshot that arrives in parts.
struct IncomingSnapshot: Sendable {
    let position: LogPosition
    let size: Int
    var bytes: [UInt8] = []
}

// Sending and taking snapshots, a chunk at a time (thesis, section 5).

extension Raft {
    mutating func startRestoring(_ index: Int) {
        let newest = log.snapshot.position.index
        if case .restoring(newest, _, _) = followers[index].mode { return }
        followers[index].mode = .restoring(snapshot: newest, offset: 0, sentNs: 0)
        followers[index].inFlight = []
    }

    mutating func sendChunk(to index: Int, _ nowNs: UInt64) {
        guard case .restoring(let snapshot, let offset, _) = followers[index].mode else { return }
        let bytes = log.snapshot.encode()
        let end = min(bytes.count, offset + limits.chunkSize)
        send(
            followers[index].node,
            .chunk(
                log.snapshot.position, size: bytes.count, offset: offset,
                Array(bytes[min(offset, end)..<end])))
        followers[index].mode = .restoring(snapshot: snapshot, offset: offset, sentNs: nowNs)
    }

    mutating func noteChunk(
        _ snapshot: UInt64, _ offset: Int, by node: NodeNumber, _ nowNs: UInt64
    ) {
        guard role == .leader, let index = followerIndex(node),
            // A snapshot that was replaced meanwhile is started anew by the next message.
            case .restoring(snapshot, let before, _) = followers[index].mode, offset != before
        else { return }
        followers[index].mode = .restoring(snapshot: snapshot, offset: offset, sentNs: 0)
        send(to: index, nowNs)
    }

    mutating func take(
        _ part: [UInt8], at offset: Int, of size: Int, _ position: LogPosition,
        from sender: NodeNumber, _ nowNs: UInt64
    ) {
        if log.term(at: position.index) == position.term {
            // Up to there the logs agree: what it stands for is here.
            commit(to: max(commitIndex, position.index))
        }
        guard position.index > commitIndex else {
            incoming = nil
            return send(sender, .appended(matchIndex: commitIndex))
        }
        // What was replaced by a later one at the leader arrives late.
        if let incoming, incoming.position.index > position.index { return }
        if incoming?.position != position || incoming?.size != size {
            incoming = IncomingSnapshot(position: position, size: size)
        }
        let received = incoming?.bytes.count ?? 0
        if offset == received { incoming?.bytes.append(contentsOf: part) }
        guard let whole = incoming, whole.bytes.count == size else {
            let next = incoming?.bytes.count ?? 0
            return send(sender, .chunkTaken(index: position.index, offset: next))
        }
        incoming = nil
        install(whole)
        send(sender, .appended(matchIndex: commitIndex))
    }

    private mutating func install(_ whole: IncomingSnapshot) {
        var reader = ByteReader(whole.bytes)
        // One that cannot be read, by a leader of a later version, is as if it had not come: the
        // leader sends it again, and the node stays behind.
        guard let snapshot = try? RaftSnapshot(from: &reader), snapshot.position == whole.position
        else { return }
        log = RaftLog(snapshot, [])
        write.removedFrom = 0
        write.snapshot = snapshot
        write.appended = []
        commitIndex = snapshot.position.index
        outgoing.append(.restore(snapshot))
    }
}
