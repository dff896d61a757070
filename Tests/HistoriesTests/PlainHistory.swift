import Histories

/// Builds histories of plain commands, in words: `SET k 1`, its answer, and when.
struct PlainHistory {
    private(set) var records: [CommandRecord] = []
    var numbers = CommandRecord.Numbers(n: 3, r: 2, w: 2)

    /// - Parameter ms: when it was called and answered.
    mutating func add(
        _ text: String, _ answer: CommandRecord.Answer?, _ ms: ClosedRange<Int64>,
        on connection: Int? = nil
    ) {
        let words = text.split(separator: " ").map { Array($0.utf8) }
        records.append(
            CommandRecord(
                number: UInt64(records.count + 1), connection: connection, words: words,
                key: words[1], numbers: numbers, calledNs: ms.lowerBound * 1_000_000,
                answeredNs: answer == nil ? nil : ms.upperBound * 1_000_000,
                outcome: answer.map { CommandRecord.Outcome($0) } ?? .unknown))
    }

    /// One after the other, ten milliseconds apart.
    init(_ commands: (text: String, answer: CommandRecord.Answer?)...) {
        for (index, command) in commands.enumerated() {
            let startMs = Int64(index) * 10
            add(command.text, command.answer, startMs...startMs + 5)
        }
    }

    init(_ records: [CommandRecord]) { self.records = records }

    func kinds(_ rules: JudgeRules = JudgeRules(), damagedNs: Int64? = nil) -> [Defect.Kind] {
        judgement(rules, damagedNs: damagedNs).defects.map(\.kind)
    }

    func judgement(
        _ rules: JudgeRules = JudgeRules(), damagedNs: Int64? = nil
    ) -> PlainJudge.Judgement {
        PlainJudge(rules, damagedNs: damagedNs).judge(records)
    }
}

extension CommandRecord.Answer {
    static let ok = CommandRecord.Answer.line("OK")

    static func text(_ text: String) -> CommandRecord.Answer { .bytes(Array(text.utf8)) }
}
