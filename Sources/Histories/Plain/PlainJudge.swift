/// Judges what clients saw of one string under plain commands: everything but `DPUT` and `DDEL`.
///
/// It knows what the store promises and nothing of how it works. Where reads and writes meet in a
/// majority that is strict: one order explains every answer (`Explanation`), or, where a history is
/// too wide to look for it, no read shows what was replaced before it (`Superseding`). Everything
/// else has to be what somebody wrote, once, before, and not for longer than it was to live
/// (`Provenance`).
public struct PlainJudge {
    /// How much of what was promised a command was held against.
    public enum Measure: Sendable, Equatable {
        /// An order of all commands explains it.
        case ordered
        /// It shows nothing that was replaced before it began.
        case current
        /// It shows what somebody wrote.
        case explained
        case excused(Excuse)
    }

    /// Why an acknowledged command was not judged at all.
    public enum Excuse: String, Sendable, CaseIterable {
        case unknownCommand = "a command that the judge does not know"
        case contexts = "commands with contexts on the same key"
        case mixture = "ranges and bits below strict quorums"
    }

    public struct Judgement: Sendable {
        public var defects: [Defect] = []
        /// Of each acknowledged command, in the order of their calls.
        public var measures: [(number: UInt64, measure: Measure)] = []
        /// Whether no search was wide enough.
        public var isTooWide = false
    }

    let rules: JudgeRules
    /// When a disk first lost something of the key that was acknowledged; what comes later is held
    /// only against what always holds.
    let damagedNs: Int64

    public init(_ rules: JudgeRules, damagedNs: Int64? = nil) {
        self.rules = rules
        self.damagedNs = damagedNs ?? .max
    }

    /// - Parameter records: all commands on one key.
    public func judge(_ records: [CommandRecord]) -> Judgement {
        var judgement = Judgement()
        var acts: [Act] = []
        var hasContexts = false
        for record in records.sorted(by: { ($0.calledNs, $0.number) < ($1.calledNs, $1.number) }) {
            if let command = PlainCommand(record.words) {
                acts.append(Act(record: record, command: command))
            } else if ["DPUT", "DDEL"].contains(record.words.first.map(PlainCommand.name)) {
                hasContexts = true
            } else if record.isAcknowledged {
                judgement.measures.append((record.number, .excused(.unknownCommand)))
            }
        }
        guard !hasContexts else {
            judgement.measures += records.filter(\.isAcknowledged).map {
                ($0.number, .excused(.contexts))
            }
            return judgement
        }
        judgeLoosely(acts, &judgement)
        if rules.coversAcknowledged { judgeStrictly(acts, &judgement) }
        return judgement
    }

    // MARK: What always holds

    private func judgeLoosely(_ acts: [Act], _ judgement: inout Judgement) {
        var provenance = Provenance(rules, acts)
        for act in acts where act.record.isAcknowledged {
            switch provenance.check(act) {
            case .explained: judgement.measures.append((act.record.number, .explained))
            case .unknown: judgement.measures.append((act.record.number, .excused(.mixture)))
            case .unexplained(let kind, let text):
                judgement.measures.append((act.record.number, .explained))
                judgement.defects.append(defect(kind, act, text))
            }
        }
    }

    private func defect(_ kind: Defect.Kind, _ act: Act, _ text: String) -> Defect {
        let answer = act.record.answer.map { " was answered \($0.text)" } ?? ""
        return Defect(
            kind, String(decoding: act.record.key, as: UTF8.self),
            "\(act.record.text)\(answer): \(text)")
    }

    // MARK: What majorities promise

    private func judgeStrictly(_ acts: [Act], _ judgement: inout Judgement) {
        let superseding = Superseding(rules, acts, damagedNs: damagedNs)
        var places: [UInt64: Int] = [:]
        for (place, measure) in judgement.measures.enumerated() { places[measure.number] = place }
        func raise(_ act: Act, to measure: Measure) {
            guard let place = places[act.record.number] else { return }
            judgement.measures[place].measure = measure
        }
        for act in acts where superseding.judges(act) {
            raise(act, to: .current)
            guard let text = superseding.fault(in: act) else { continue }
            judgement.defects.append(defect(.stale, act, text))
        }
        if judgement.defects.isEmpty, superseding.isLiteral,
            let (act, text) = Zones(acts, damagedNs: damagedNs).fault
        {
            judgement.defects.append(defect(.stale, act, text))
        }
        // One fault is enough, and says more.
        guard judgement.defects.isEmpty else { return }
        var (steps, options) = (roles(acts, .required), roles(acts, .possible))
        if rules.keepsOrder { order(&steps) }
        options.sort { $0.call.calledNs < $1.call.calledNs }
        var search = Explanation(PlainModel(rules: rules), steps: steps, options: options)
        switch search.run() {
        case .tooWide: judgement.isTooWide = true
        case .found:
            for act in acts where role(of: act) == .required { raise(act, to: .ordered) }
        case .none(let step, let state):
            for act in acts where role(of: act) == .required { raise(act, to: .ordered) }
            guard let act = acts.first(where: { $0.record.number == steps[step].number }) else {
                return
            }
            let shown = state.value.map {
                CommandRecord.Answer.bytes(search.model.values[$0]).text
            }
            judgement.defects.append(
                defect(.stale, act, "no order explains it, \(shown ?? "nothing") was there last"))
        }
    }

    private enum Role { case required, possible, none }

    private func roles(_ acts: [Act], _ wanted: Role) -> [Explanation.Step] {
        acts.filter { role(of: $0) == wanted }.map { act in
            Explanation.Step(
                call: PlainModel.Call(
                    command: act.command, calledNs: act.record.calledNs,
                    endNs: wanted == .required ? act.record.endNs : .max,
                    answer: wanted == .required ? act.record.answer : nil),
                number: act.record.number, connection: act.record.connection)
        }
    }

    private func role(of act: Act) -> Role {
        let record = act.record
        if record.isRefused {
            return rules.trustsRefusals || act.isRead || record.calledNs >= damagedNs
                ? .none : .possible
        }
        guard record.calledNs < damagedNs else { return .none }
        let isKnown = record.isAcknowledged && record.endNs < damagedNs
        if isKnown, act.isStrict { return .required }
        return act.mayHaveWritten ? .possible : .none
    }

    /// Each waits for the one before it on its connection.
    private func order(_ steps: inout [Explanation.Step]) {
        // By connection. Looked up and never iterated.
        var latest: [Int: Int] = [:]
        for index in steps.indices {
            guard let connection = steps[index].connection else { continue }
            steps[index].predecessor = latest[connection]
            latest[connection] = index
        }
    }
}
