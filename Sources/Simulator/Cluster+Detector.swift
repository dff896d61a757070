internal import Engine
internal import Essentials
internal import Membership
internal import Wire

/// Failure detectors: their messages, and what they tell the shards.
extension Cluster {
    func tickDetector(_ index: Int) {
        guard options.hasDetectors, let process = self[index].process,
            let topology = process.control.topology
        else { return }
        if process.detectorEpoch != topology.epoch {
            self[index].process?.detectorEpoch = topology.epoch
            detect(.membersChanged(topology.members.map(\.number)), at: index)
        }
        detect(.ticked, at: index)
    }

    /// - Parameter connection: the one on which the event came, for answers.
    func detect(
        _ event: FailureDetector.Event, at index: Int, on connection: Connection? = nil
    ) {
        guard options.hasDetectors, self[index].isRunning else { return }
        var effects: [FailureDetector.Effect] = []
        let now = now(index)
        self[index].process?.detector.apply(event, now: now, into: &effects)
        for effect in effects {
            switch effect {
            case .send(let node, let message):
                let target = Int(node.rawValue)
                guard reaches(index, target) else { continue }
                let generation = network.generation(index, target)
                let connection = Connection(opener: index, shard: 0, generation: generation)
                dispatch(message, from: index, to: target, connection, isAnswer: false)
            case .answer(let message):
                guard let connection else { continue }
                dispatch(message, from: index, to: connection.opener, connection, isAnswer: true)
            case .judge(let node, let liveness):
                trace.note(.detector, self[index].name, "node \(node) is \(liveness)")
                for shard in 0..<shardCount(index) {
                    post(.peerJudged(node, liveness), to: index, shard: shard)
                }
            case .viewed: break
            }
        }
    }

    /// Detectors have a connection of their own, and a frame a message.
    private func dispatch(
        _ message: DetectorMessage, from index: Int, to target: Int, _ connection: Connection,
        isAnswer: Bool
    ) {
        guard let plane = self[index].process?.shards[0].plane else { return }
        let packed = PeerMessage.control(ControlMessage.detector(message).encoded())
        var writer = PeerFrameWriter()
        writer.append(packed)
        let header = header(index, epoch: plane.epoch, fence: plane.fence)
        dispatch(
            Network.Envelope(
                from: index, to: target, connection: connection, isAnswer: isAnswer,
                messages: [packed], frame: writer.take(header: header)))
    }
}
