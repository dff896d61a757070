internal import Causality
internal import Engine
internal import Membership
internal import Objects
internal import Wire

/// What was written before a flush is gone once the flush is confirmed, from answers, disks and
/// hints; what is acknowledged to clients who asked after the last one is there in the end.
final class FlushChecker: Checker {
    let name = "flushed stays gone"
    private(set) var cases = 0
    /// Those that were asked for and are not confirmed.
    private var wanted: [ProposalID: (stamp: UInt64, atNs: UInt64)] = [:]
    /// The latest flush that all members have confirmed, and when an admin was told.
    private(set) var confirmed: (stamp: Timestamp, atNs: UInt64)?
    /// When the latest of the confirmed ones was asked for.
    private var beganNs: UInt64 = 0
    /// The latest that any node follows.
    private var followed = Timestamp.zero

    func observe(_ observation: Observation, in scene: Scene) {
        switch observation {
        case .proposed(let id, .flush(let stamp), _):
            wanted[id] = (stamp, scene.cluster.timeNs)
        case .decided(let id, isMade: true):
            guard let (stamp, atNs) = wanted.removeValue(forKey: id) else { return }
            beganNs = max(beganNs, atNs)
            let latest = max(Timestamp(rawValue: stamp), confirmed?.stamp ?? .zero)
            confirmed = (latest, scene.cluster.timeNs)
            scene.confirmedFlush = latest.rawValue
        case .followed(_, let topology):
            followed = max(followed, Timestamp(rawValue: topology.flushStamp))
        case .answered(let number, let reply): checkRead(number, reply, scene)
        case .changed: checkEnd(scene)
        default: break
        }
    }

    private func checkRead(_ number: UInt64, _ reply: Reply, _ scene: Scene) {
        guard let confirmed, case .bulk(let value) = reply,
            let read = scene.history.operation(number), read.name == "GET",
            read.startedNs > confirmed.atNs
        else { return }
        cases += 1
        scene.shares.noteJudged(number, by: name)
        if isFlushed(value, read.key, scene) {
            scene.fail(self, "\(read.text) read \(Text.show(value)), which was flushed")
        }
    }

    private func isFlushed(_ value: [UInt8], _ key: ObjectKey, _ scene: Scene) -> Bool {
        guard let confirmed else { return false }
        let ledger = scene.cluster.ledger
        // Whatever its stamp, if it was acknowledged before the flush was asked for.
        if let writer = scene.history.writer(of: value), writer.isAcknowledged,
            let endedNs = writer.endedNs, endedNs < beganNs
        {
            return true
        }
        return ledger.dots(of: value, key).allSatisfy { dot in
            (ledger.fact(key, dot)?.stamp).map { $0 <= confirmed.stamp } ?? false
        }
    }

    private func checkEnd(_ scene: Scene) {
        guard let confirmed else { return }
        for node in scene.cluster.nodes where node.isRunning {
            for key in node.disk.keys {
                guard let object = scene.cluster.held(key, by: node.index) else { continue }
                cases += 1
                guard object.entries.contains(where: { $0.stamp <= confirmed.stamp }) else {
                    continue
                }
                let text = "\(node.name) holds \(scene.cluster.text(key, on: node.index))"
                scene.fail(self, "\(text) past a flush")
            }
        }
        // One that an admin has asked for before may be made late, and drop what came meanwhile.
        guard followed <= confirmed.stamp else {
            return scene.excuse(self, "a flush may yet be made")
        }
        for key in scene.history.keys { checkKept(key, after: confirmed.atNs, scene) }
    }

    private func checkKept(_ key: ObjectKey, after timeNs: UInt64, _ scene: Scene) {
        for write in scene.history.operations(on: key)
        where write.isAcknowledged && !write.isUndone && write.startedNs > timeNs {
            guard let value = write.value else { continue }
            let dots = scene.cluster.ledger.dots(of: value, key)
            cases += 1
            scene.shares.noteJudged(write.number, by: name)
            let object = scene.cluster.settled(key) ?? Object()
            if !dots.contains(where: { object.context.contains($0) }) {
                scene.fail(self, "\(write.text) came after a flush and is lost")
            }
        }
    }
}
