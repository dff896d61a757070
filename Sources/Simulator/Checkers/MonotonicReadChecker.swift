internal import Causality
internal import Engine
internal import Objects
internal import Wire

/// A read from enough primaries sees every write that enough of them had acknowledged before it
/// began (pr + pw > n), and everything that an earlier quorum read has shown, since that repairs
/// before it answers.
final class MonotonicReadChecker: Checker {
    let name = "monotonic reads"
    private(set) var cases = 0

    /// What must be seen of one key, by how many primaries are known to hold it.
    private struct Floor {
        var contexts: [CausalContext]
        /// Counts damages: what was known to be held may not be any more.
        var generation = 0
    }

    private struct Expectation {
        var context: CausalContext
        var generation: Int
    }

    /// Both looked up and never iterated.
    private var floors: [ObjectKey: Floor] = [:]
    private var expected: [UInt64: Expectation] = [:]

    func observe(_ observation: Observation, in scene: Scene) {
        switch observation {
        case .submitted(let number):
            guard let read = scene.history.operation(number), read.name == "DGET" else { return }
            begin(read, scene)
        case .answered(let number, let reply):
            guard let operation = scene.history.operation(number) else { return }
            defer { expected[number] = nil }
            guard operation.isAcknowledged else { return }
            guard !isDamaged(operation, scene) else {
                return scene.excuse(self, "a disk lost some meanwhile")
            }
            if operation.name == "DGET" {
                check(operation, reply, scene)
            } else {
                noteWrite(operation, scene)
            }
        case .damaged(_, let key, let cause):
            if cause == .powerLoss, scene.cluster.options.acknowledgesDurable { return }
            floors[key]?.contexts = []
            floors[key]?.generation += 1
        default: break
        }
    }

    /// Whether what it rests on may be gone from a disk since. An answer that waited for the disk
    /// does not rest on what was never synced.
    private func isDamaged(_ operation: History.Operation, _ scene: Scene) -> Bool {
        scene.damage.nodeCount(
            operation.key, sinceNs: operation.startedNs,
            durableOnly: scene.cluster.options.acknowledgesDurable) > 0
    }

    private func begin(_ read: History.Operation, _ scene: Scene) {
        let primaries = scene.replicas(of: read.key).count
        let asked = read.consistency.bounded(by: primaries).pr
        guard asked > 0 else { return scene.excuse(self, "no primaries asked for") }
        guard let floor = floors[read.key] else { return }
        var context = CausalContext()
        for held in (primaries - asked + 1)...primaries where held < floor.contexts.count {
            context.merge(floor.contexts[held])
        }
        guard !context.isEmpty else { return }
        expected[read.number] = Expectation(context: context, generation: floor.generation)
    }

    private func check(_ read: History.Operation, _ reply: Reply, _ scene: Scene) {
        guard case .array(let parts) = reply, case .bulk(let token)? = parts.first,
            let context = (try? ContextToken.decode(token, of: read.key.bytes))?.context
        else { return }
        if let expectation = expected[read.number],
            expectation.generation == floors[read.key]?.generation, !scene.mayPrune
        {
            cases += 1
            scene.shares.noteJudged(read.number, by: name)
            if !context.includes(expectation.context) {
                let seen = scene.cluster.trace.names.text(context, key: read.key.bytes)
                let due = scene.cluster.trace.names.text(
                    expectation.context, key: read.key.bytes)
                scene.fail(self, "\(read.text) saw \(seen), though \(due) was there before")
            }
        }
        let primaries = scene.replicas(of: read.key).count
        let asked = read.consistency.bounded(by: primaries)
        // In other reads the repair comes after the answer.
        if asked.r > primaries / 2 { raise(read.key, context, heldBy: asked.pr, primaries) }
    }

    private func noteWrite(_ write: History.Operation, _ scene: Scene) {
        guard let value = write.value, !write.isUndone else { return }
        let dots = scene.cluster.ledger.dots(of: value, write.key)
        // Of a write that was made twice nobody knows which one was acknowledged.
        guard dots.count == 1, let dot = dots.first else {
            return scene.excuse(self, "a value written twice")
        }
        var context = CausalContext()
        context.insert(dot)
        let primaries = scene.replicas(of: write.key).count
        let held = write.consistency.bounded(by: primaries).pw
        raise(write.key, context, heldBy: held, primaries)
    }

    private func raise(
        _ key: ObjectKey, _ context: CausalContext, heldBy count: Int, _ primaries: Int
    ) {
        guard count > 0 else { return }
        var floor = floors[key] ?? Floor(contexts: [])
        while floor.contexts.count <= primaries { floor.contexts.append(CausalContext()) }
        floor.contexts[count].merge(context)
        floors[key] = floor
    }
}
