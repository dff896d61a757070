internal import Engine
internal import Histories
internal import Objects
internal import Wire

/// What clients see of plain commands is what the guarantees promise: see `PlainJudge`, which knows
/// nothing of the engine.
final class PlainChecker: Checker {
    let name = "plain commands"
    private(set) var cases = 0
    /// Keys of the first part.
    private var keysJudged = 0

    func observe(_ observation: Observation, in scene: Scene) {
        switch observation {
        case .healed:
            for key in scene.history.keys { judge(key, rules(scene), scene) }
            keysJudged = scene.history.keys.count
        case .changed:
            // Flushes and moves may take away what was acknowledged.
            var rules = rules(scene)
            rules.coversAcknowledged = false
            for key in scene.history.keys.dropFirst(keysJudged) { judge(key, rules, scene) }
        default: break
        }
    }

    /// A command goes by the time at which its pass began, and a pass may stand still.
    private static let passMs: Int64 = 100

    private func judge(_ key: ObjectKey, _ rules: JudgeRules, _ scene: Scene) {
        let records = scene.history.operations(on: key).map { record(of: $0, scene) }
        let judge = PlainJudge(
            rules,
            damagedNs: scene.damage.firstNs(
                key, replicas: scene.replicas(of: key).count,
                durableOnly: scene.cluster.options.acknowledgesDurable
            ).map { Int64($0) })
        let judgement = judge.judge(records)
        for defect in judgement.defects { scene.fail(self, "\(defect)") }
        for (number, measure) in judgement.measures {
            switch measure {
            case .ordered, .current, .explained:
                cases += 1
                scene.shares.noteJudged(number, by: "\(name), \(measure.name)")
            case .excused(.contexts): break
            case .excused(let excuse): scene.shares.noteExcuse(excuse.rawValue, of: self)
            }
        }
        if judgement.isTooWide { scene.shares.noteExcuse("no order was found in time", of: self) }
    }

    private func rules(_ scene: Scene) -> JudgeRules {
        var rules = JudgeRules(
            toleranceMs: scene.cluster.clockErrors.spreadMs + Self.passMs,
            wallStartMs: Int64(Cluster.wallStartMs))
        let isWhole = !scene.mayPrune
        rules.coversAcknowledged = isWhole
        rules.followsWinner = isWhole
        return rules
    }

    private func record(
        of operation: History.Operation, _ scene: Scene
    ) -> CommandRecord {
        let replicas = scene.replicas(of: operation.key).count
        let numbers = operation.consistency.bounded(by: replicas)
        let request = scene.cluster.clients[operation.number]
        let outcome: CommandRecord.Outcome =
            request.reply.map { CommandRecord.Outcome(CommandRecord.Answer($0)) } ?? .unknown
        return CommandRecord(
            number: operation.number, connection: request.connection, words: operation.words,
            key: operation.key.bytes,
            numbers: CommandRecord.Numbers(
                n: replicas, r: numbers.r, w: numbers.w, pr: numbers.pr, pw: numbers.pw),
            calledNs: Int64(operation.startedNs), answeredNs: operation.endedNs.map { Int64($0) },
            outcome: outcome,
            mayUseFallbacks: scene.fallbacks.contains(
                operation.key, from: operation.startedNs, to: operation.endedNs ?? .max))
    }
}

extension PlainJudge.Measure {
    /// For the summary.
    fileprivate var name: String {
        switch self {
        case .ordered: "in one order"
        case .current: "not replaced"
        case .explained: "written by somebody"
        case .excused(let excuse): excuse.rawValue
        }
    }
}

extension CommandRecord.Answer {
    init(_ reply: Reply) {
        switch reply {
        case .simple(let text): self = .line(text)
        case .error(let text): self = .error(text)
        case .integer(let value): self = .integer(value)
        case .bulk(let bytes): self = .bytes(bytes)
        case .null, .nullArray: self = .nothing
        case .array(let parts): self = .list(parts.map { CommandRecord.Answer($0) })
        default: self = .line("\(reply)")
        }
    }
}
