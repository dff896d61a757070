/// What holds at any quorum: what is shown was written by somebody, before, by a command that was
/// not refused; it is not shown for longer than it was to live; no increment and no suffix is in it
/// twice.
struct Provenance {
    enum Finding: Equatable {
        case explained
        /// Too much may have been made of it.
        case unknown
        case unexplained(Defect.Kind, String)
    }

    private enum Use {
        /// Every value is one that some command brings along.
        case literals
        /// And numbers are added to.
        case counters
        /// And suffixes are appended.
        case suffixes
        case mixture
    }

    /// How many increments are looked at one by one.
    private static let amountsMax = 14
    /// How many ways of taking a value apart are tried.
    private static let partsMax = 10_000

    private let rules: JudgeRules
    private let writes: [Act]
    private let use: Use
    private let touchesDeadlines: Bool

    init(_ rules: JudgeRules, _ acts: [Act]) {
        self.rules = rules
        writes = acts.filter { act in
            !act.isRead && (act.mayHaveWritten || act.record.isRefused && !rules.trustsRefusals)
        }
        touchesDeadlines = writes.contains(where: \.touchesDeadline)
        var uses: [Use] = []
        for act in writes where act.command.derivesValue {
            switch act.command {
            case .add, .addDecimal: uses.append(.counters)
            case .append: uses.append(.suffixes)
            default: uses.append(.mixture)
            }
        }
        let first = uses.first ?? .literals
        use = uses.allSatisfy { $0 == first } ? first : .mixture
    }

    mutating func check(_ act: Act) -> Finding {
        for value in act.siblings {
            let finding = check(value, shownBy: act, isWinner: false)
            guard finding == .explained else { return finding }
        }
        if let shown = act.shown {
            return shown.map { check($0, shownBy: act, isWinner: true) } ?? .explained
        }
        switch (act.command, act.record.answer) {
        case (.add, .integer(let sum)?):
            return check(Array("\(sum)".utf8), shownBy: act, isWinner: true)
        case (.addDecimal, .bytes(let sum)?): return check(sum, shownBy: act, isWinner: true)
        case (.timeLeft(_, let isAbsolute), .integer(let left)?) where left >= 0 && !isAbsolute:
            return checkTimeLeft(act, left)
        default: return .explained
        }
    }

    private func writers(before act: Act) -> [Act] {
        writes.filter { $0.record.calledNs <= act.record.endNs }
    }

    private func check(_ value: [UInt8], shownBy act: Act, isWinner: Bool) -> Finding {
        switch use {
        case .literals: return checkLiteral(value, act, isWinner: isWinner)
        case .counters: return checkCount(value, act)
        case .suffixes: return checkSuffixes(value, act)
        case .mixture: return .unknown
        }
    }

    private func checkLiteral(_ value: [UInt8], _ act: Act, isWinner: Bool) -> Finding {
        let sources = writers(before: act).filter { $0.command.literal == value }
        guard !sources.isEmpty else {
            return .unexplained(.invented, "nobody had written that, or it was refused")
        }
        guard isWinner, rules.followsWinner, !touchesDeadlines else { return .explained }
        let isAlive = sources.contains { source in
            guard let deadline = source.deadline(rules) else { return true }
            return deadline.latestNs >= act.record.calledNs - rules.toleranceNs
        }
        return isAlive ? .explained : .unexplained(.returned, "it had expired")
    }

    private func checkTimeLeft(_ act: Act, _ left: Int64) -> Finding {
        guard case .timeLeft(let inSeconds, _) = act.command else { return .explained }
        let leastMs = inSeconds ? left * 1000 - 500 : left
        let mostMs = inSeconds ? left * 1000 + 500 : left
        let earliestNs = rules.moments(
            afterMs: leastMs, from: act.record.calledNs, to: act.record.calledNs
        ).earliestNs
        let latestNs = rules.moments(
            afterMs: mostMs, from: act.record.endNs, to: act.record.endNs
        ).latestNs
        let isSomebodys = writers(before: act).contains { source in
            source.deadline(rules)?.narrowed(from: left == 0 ? .min : earliestNs, to: latestNs)
                != nil
        }
        return isSomebodys
            ? .explained : .unexplained(.invented, "nobody had set that deadline")
    }

    // MARK: Counters

    private func checkCount(_ value: [UInt8], _ act: Act) -> Finding {
        let earlier = writers(before: act)
        let literals = earlier.compactMap(\.command.literal)
        guard let count = Decimal(value) else {
            return literals.contains(value)
                ? .explained : .unexplained(.invented, "nobody had written that")
        }
        let amounts = earlier.compactMap(\.command.amount)
        let bases = [Decimal.zero] + literals.compactMap { Decimal($0) }
        let low = amounts.filter(\.isNegative).reduce(.zero, +)
        let high = amounts.filter { !$0.isNegative }.reduce(.zero, +)
        let fits = bases.contains { base in
            guard !(count < base + low), !(base + high < count) else { return false }
            return amounts.count > Self.amountsMax || Self.isSum(count, base, amounts[...])
        }
        return fits
            ? .explained
            : .unexplained(.invented, "no increments, each once, make that of what was set")
    }

    private static func isSum(
        _ wanted: Decimal, _ sum: Decimal, _ amounts: ArraySlice<Decimal>
    ) -> Bool {
        if sum == wanted { return true }
        guard let first = amounts.first else { return false }
        let rest = amounts.dropFirst()
        return isSum(wanted, sum + first, rest) || isSum(wanted, sum, rest)
    }

    // MARK: Suffixes

    private func checkSuffixes(_ value: [UInt8], _ act: Act) -> Finding {
        let earlier = writers(before: act)
        let suffixes = earlier.compactMap(\.command.suffix).filter { !$0.isEmpty }
        let literals = [[]] + earlier.compactMap(\.command.literal)
        var tries = Self.partsMax
        for literal in literals where value.starts(with: literal) {
            var used = [Bool](repeating: false, count: suffixes.count)
            if Self.isMade(value[literal.count...], of: suffixes, &used, &tries) {
                return .explained
            }
        }
        return tries > 0
            ? .unexplained(.invented, "no suffixes, each once, make that of what was set")
            : .unknown
    }

    private static func isMade(
        _ rest: ArraySlice<UInt8>, of suffixes: [[UInt8]], _ used: inout [Bool], _ tries: inout Int
    ) -> Bool {
        if rest.isEmpty { return true }
        for (index, suffix) in suffixes.enumerated()
        where !used[index] && rest.starts(with: suffix) {
            guard tries > 0 else { return false }
            tries -= 1
            used[index] = true
            if isMade(rest.dropFirst(suffix.count), of: suffixes, &used, &tries) { return true }
            used[index] = false
        }
        return false
    }
}

extension PlainCommand {
    fileprivate var amount: Decimal? {
        switch self {
        case .add(let amount): Decimal(amount)
        case .addDecimal(let amount): amount
        default: nil
        }
    }

    fileprivate var suffix: [UInt8]? {
        if case .append(let suffix) = self { suffix } else { nil }
    }
}
