internal import Engine
internal import Essentials
internal import Membership
internal import Wire

/// The members' common clock: what nodes tell each other of theirs, and what follows from it.
extension Cluster {
    func tickClock(_ index: Int) {
        guard let process = self[index].process, let topology = process.control.topology
        else { return }
        clock(.membersChanged(topology.members.map(\.number)), at: index)
        clock(.ticked, at: index)
    }

    /// - Parameter connection: the one on which the event came, for answers.
    func clock(_ event: CommonClock.Event, at index: Int, on connection: Connection? = nil) {
        guard self[index].isRunning else { return }
        var effects: [CommonClock.Effect] = []
        let now = machineNow(index)
        self[index].process?.clock.apply(event, now: now, into: &effects)
        for effect in effects {
            switch effect {
            case .send(let node, let message):
                let target = Int(node.rawValue)
                guard reaches(index, target) else { continue }
                let generation = network.generation(index, target)
                let connection = Connection(opener: index, shard: 0, generation: generation)
                tell(message, from: index, to: target, connection, isAnswer: false)
            case .answer(let message):
                guard let connection else { continue }
                tell(message, from: index, to: connection.opener, connection, isAnswer: true)
            case .judged(let judgement):
                trace.note(.control, self[index].name, judgement.defect ?? "the clock is sound")
                guard options.bug != .trustsOwnClock else { continue }
                for shard in 0..<shardCount(index) {
                    post(.clockJudged(judgement), to: index, shard: shard)
                }
            case .moved(let ms):
                trace.note(.control, self[index].name, "the common clock has moved by \(ms) ms")
            }
        }
    }

    /// On a connection of their own, as detectors have it.
    private func tell(
        _ message: ClockMessage, from index: Int, to target: Int, _ connection: Connection,
        isAnswer: Bool
    ) {
        let packed = PeerMessage.control(ControlMessage.clock(message).encoded())
        var writer = PeerFrameWriter()
        writer.append(packed)
        // That they tell of topologies, too, once a second, hides what else has to.
        let header = header(index, epoch: 0, fence: 0)
        dispatch(
            Network.Envelope(
                from: index, to: target, connection: connection, isAnswer: isAnswer,
                messages: [packed], frame: writer.take(header: header)))
    }

    /// Whether all that run go by one time, and coordinate.
    var areClocksSound: Bool {
        nodes.allSatisfy { node in
            node.process?.shards.allSatisfy { $0.plane.clockJudgement == .sound } ?? true
        }
    }

    /// An admin asks a node for a flush; one whose clock is wrong refuses it.
    func flush(at index: Int) {
        guard let plane = self[index].process?.shards[0].plane, plane.clockJudgement == .sound
        else { return }
        let last = self[index].process?.shards[0].topology.flushStamp ?? 0
        let nowMs = now(index).wallMs
        let stamp =
            options.bug == .flushesAtOwnTime
            ? machineNow(index).wallMs << 16 | 0xFFFF
            : FlushStamp.next(nowMs: nowMs, boundMs: options.driftMsMax, after: last)
        propose(.flush(stamp: stamp), at: index)
    }
}
