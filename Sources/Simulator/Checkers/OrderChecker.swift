internal import Commands
internal import Engine
internal import Essentials
internal import Objects
internal import Wire

/// What one client does to a key that nobody else writes to takes effect once and in the client's
/// order: each reply is the one that follows from all before it, whatever nodes the client has gone
/// through, and in the end the key holds what is left of it.
///
/// A key whose client was not told what became of a command is judged no more.
final class OrderChecker: Checker {
    let name = "in their order"
    private(set) var cases = 0

    private struct State {
        var current: StringView?
        /// Requests under way, in the client's order.
        var open: [UInt64] = []
    }

    /// Looked up and never iterated.
    private var states: [ObjectKey: State] = [:]

    func observe(_ observation: Observation, in scene: Scene) {
        switch observation {
        case .submitted(let number):
            guard let operation = scene.history.operation(number), isJudged(operation, scene),
                !scene.isSettled
            else { return }
            states[operation.key, default: State()].open.append(number)
        case .answered(let number, let reply):
            guard let operation = scene.history.operation(number), isJudged(operation, scene)
            else { return }
            if states[operation.key]?.open.first == number {
                settle(operation, reply, scene)
            } else {
                checkRead(operation, reply, scene)
            }
        case .lost(let number):
            if let operation = scene.history.operation(number), isJudged(operation, scene) {
                spoil(operation.key, scene)
            }
        case .damaged(_, let key, _): spoil(key, scene)
        default: break
        }
    }

    private func isJudged(_ operation: History.Operation, _ scene: Scene) -> Bool {
        operation.key.bytes.first == PipelineWords.ownLetter && !scene.isSpoilt(operation.key.bytes)
    }

    private func spoil(_ key: ObjectKey, _ scene: Scene) {
        guard key.bytes.first == PipelineWords.ownLetter else { return }
        scene.spoil(key.bytes)
        states[key] = nil
    }

    private func settle(_ operation: History.Operation, _ reply: Reply, _ scene: Scene) {
        guard var state = states[operation.key] else { return }
        state.open.removeFirst()
        guard operation.isAcknowledged || operation.isRefused, isStrict(operation, scene) else {
            return spoil(operation.key, scene)
        }
        if operation.isRefused, case .error(let text) = reply, !text.hasPrefix("ERR") {
            states[operation.key] = state
            return
        }
        guard let (expected, next) = predict(operation, state.current, scene) else { return }
        cases += 1
        guard reply == expected else {
            let text = "\(operation.text) was answered \(Self.text(reply))"
            return scene.fail(self, "\(text), not \(Self.text(expected))")
        }
        state.current = next
        states[operation.key] = state
    }

    /// Somebody else reads: what is there while its client is silent is what that has left.
    private func checkRead(_ operation: History.Operation, _ reply: Reply, _ scene: Scene) {
        guard let state = states[operation.key], state.open.isEmpty, operation.name == "GET",
            operation.isAcknowledged, scene.isSettled, isStrict(operation, scene)
        else { return }
        cases += 1
        let expected = state.current.map { Reply.bulk($0.bytes) } ?? .null
        guard reply != expected else { return }
        let text = "\(operation.text) was answered \(Self.text(reply))"
        scene.fail(self, "\(text), its client has left \(Self.text(expected))")
    }

    /// Whether reads must show what was acknowledged, whoever was away.
    private func isStrict(_ operation: History.Operation, _ scene: Scene) -> Bool {
        let replicas = scene.replicas(of: operation.key)
        let bounded = operation.consistency.bounded(by: replicas.count)
        return 2 * min(bounded.pr, bounded.pw) > replicas.count || scene.isSettled
    }

    /// The answer that follows, and what the command leaves.
    private func predict(
        _ operation: History.Operation, _ current: StringView?, _ scene: Scene
    ) -> (Reply, StringView?)? {
        guard case .key(let request) = Invocation.interpret(arguments: operation.words) else {
            return nil
        }
        let nowMs = scene.cluster.now(operation.node).wallMs
        let outcome = request.operation.evaluate(
            current: current, nowMs: nowMs, valueSizeMax: scene.cluster.options.valueSizeMax)
        guard let mutation = outcome.mutation else { return (outcome.reply, current) }
        return (outcome.reply, Self.apply(mutation, to: current))
    }

    private static func apply(_ mutation: Mutation, to current: StringView?) -> StringView? {
        switch mutation {
        case .assign(let bytes, let change):
            StringView(bytes: bytes, deadlineMs: deadline(change, current?.deadlineMs))
        case .setDeadline(let change):
            current.map {
                StringView(bytes: $0.bytes, deadlineMs: deadline(change, $0.deadlineMs))
            }
        case .delete: nil
        // Not among the commands of such a key.
        case .increment, .incrementDecimal: current
        }
    }

    private static func deadline(_ change: DeadlineChange, _ current: UInt64?) -> UInt64? {
        switch change {
        case .keep: current
        case .remove: nil
        case .set(let deadlineMs): deadlineMs
        }
    }

    private static func text(_ reply: Reply) -> String {
        switch reply {
        case .bulk(let bytes): Text.show(bytes)
        case .null: "nothing"
        default: "\(reply)"
        }
    }
}
