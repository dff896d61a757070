internal import Causality
internal import Engine
internal import Objects
internal import Wire

/// Every value that a client reads was written to that key by somebody, before; a DGET's values
/// are exactly those that its context knows of and that nothing in the context replaces.
final class ReadChecker: Checker {
    let name = "reads explained"
    private(set) var cases = 0
    /// How far back replaced values are looked for.
    private static let writesMax = 32

    func observe(_ observation: Observation, in scene: Scene) {
        guard case .answered(let number, let reply) = observation,
            let operation = scene.history.operation(number), operation.isAcknowledged
        else { return }
        switch (operation.name, reply) {
        case ("GET", .bulk(let value))
        where Workload.Kind(of: operation.key)?.holdsWrittenValues ?? false:
            cases += 1
            scene.shares.noteJudged(number, by: name)
            checkWritten(value, operation, scene)
        case ("DGET", .array(let parts)) where Workload.Kind(of: operation.key) == .siblings:
            cases += 1
            scene.shares.noteJudged(number, by: name)
            checkSiblings(parts, operation, scene)
        default: break
        }
    }

    private func checkWritten(
        _ value: [UInt8], _ read: History.Operation, _ scene: Scene
    ) {
        guard let writer = scene.history.writer(of: value), writer.key == read.key else {
            return scene.fail(self, "\(read.text) read \(Text.show(value)), which nobody wrote")
        }
        if writer.isRefused {
            scene.fail(self, "\(read.text) read \(Text.show(value)), whose write was refused")
        }
    }

    private func checkSiblings(_ parts: [Reply], _ read: History.Operation, _ scene: Scene) {
        guard parts.count == 2, case .bulk(let token) = parts[0], case .array(let items) = parts[1],
            let context = (try? ContextToken.decode(token, of: read.key.bytes))?.context
        else { return scene.fail(self, "\(read.text) was answered in another form") }
        let ledger = scene.cluster.ledger
        var shown: [Dot] = []
        for case .bulk(let value) in items {
            checkWritten(value, read, scene)
            let dots = ledger.dots(of: value, read.key)
            shown += dots.filter { context.contains($0) }
            if !dots.contains(where: { context.contains($0) }) {
                scene.fail(self, "\(read.text) shows \(Text.show(value)), not in its context")
            }
        }
        guard !scene.mayPrune else { return scene.excuse(self, "contexts are cut") }
        let recent = (ledger.made[read.key] ?? []).suffix(Self.writesMax)
        for dot in recent where context.contains(dot) {
            // Of a value that was written twice one may be replaced and the other shown.
            guard let value = ledger.fact(read.key, dot)?.value,
                ledger.dots(of: value, read.key).count == 1
            else {
                scene.excuse(self, "no value, or one written twice")
                continue
            }
            let others = recent.filter { $0 != dot && context.contains($0) }
            if shown.contains(dot) {
                let coverer = others.last { scene.hasSeen($0, dot, of: read.key) == true }
                guard let coverer else { continue }
                // Who writes under a token that was cut knows a write and not what it replaced.
                guard scene.cluster.options.bounds.tokenExceptions == nil else {
                    scene.excuse(self, "tokens are cut")
                    continue
                }
                scene.fail(self, "\(read.text) shows \(Text.show(value)), replaced by \(coverer)")
            } else if recent.count < Self.writesMax,
                others.allSatisfy({ scene.hasSeen($0, dot, of: read.key) == false })
            {
                scene.fail(self, "\(read.text) hides \(Text.show(value)), which nobody replaced")
            }
        }
    }
}

extension Scene {
    /// Contexts may be cut in this run: then what was replaced may come back.
    var mayPrune: Bool { cluster.options.contextActorsMax < 50 }

    /// Whether some replica's context of the key is as full as it may be, and so may have been cut.
    func isCut(_ key: ObjectKey) -> Bool { !fullContexts(of: key).isEmpty }

    /// Whether some replica may have seen the dot and forgotten it.
    func isCut(_ dot: Dot, of key: ObjectKey) -> Bool {
        fullContexts(of: key).contains { $0.highestCounter(of: dot.actor) == 0 }
    }

    private func fullContexts(of key: ObjectKey) -> [CausalContext] {
        guard mayPrune else { return [] }
        return replicas(of: key).compactMap { cluster.held(key, by: $0)?.context }
            .filter { $0.actorCount >= cluster.options.contextActorsMax }
    }

    /// Whether the write event `later` had seen `earlier`, and so replaces it. Nil when that cannot
    /// be told: a DDEL has no value to know it by.
    func hasSeen(_ later: Dot, _ earlier: Dot, of key: ObjectKey) -> Bool? {
        guard let fact = cluster.ledger.fact(key, later) else { return false }
        guard fact.context.contains(earlier) else { return false }
        if let value = fact.value, let seen = history.writer(of: value)?.seen {
            return seen.contains(earlier)
        }
        return fact.value == nil && Workload.Kind(of: key) == .siblings ? nil : true
    }
}
