/// How much of what was acknowledged some checker has held against its rule, and how often each
/// checker has looked away, and why.
struct Shares {
    /// The numbers of the requests that were judged. Looked up and never iterated.
    private var judged: Set<UInt64> = []
    /// By what they were judged; a request may count under several.
    private(set) var judgements = Tally()
    private(set) var excuses = Tally()

    mutating func noteJudged(_ number: UInt64, by rule: String) {
        judged.insert(number)
        judgements.add(rule)
    }

    mutating func noteExcuse(_ reason: String, of checker: any Checker) {
        excuses.add("\(checker.name): \(reason)")
    }

    func isJudged(_ number: UInt64) -> Bool { judged.contains(number) }
}
