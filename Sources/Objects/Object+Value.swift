internal import Essentials

extension Object {
    /// What a plain command sees at `nowMs`, or nil when the key is absent, deleted or expired.
    public func visible(nowMs: UInt64) -> StringView? {
        if entries.count == 1, case .register(let bytes) = entries[0].content {
            switch entries[0].deadline {
            case .none, .never: return StringView(bytes: bytes)
            case .at(let deadline):
                return deadline > nowMs ? StringView(bytes: bytes, deadlineMs: deadline) : nil
            }
        }
        let deadlineMs = deadlineMs
        if let deadlineMs, deadlineMs <= nowMs { return nil }
        guard let bytes = winningBytes() else { return nil }
        return StringView(bytes: bytes, deadlineMs: deadlineMs)
    }

    /// All concurrent values at `nowMs`, the winner first: what `DGET` answers.
    ///
    /// Increments count into every sibling that is a number. Without a register they are one value.
    public func siblings(nowMs: UInt64) -> [[UInt8]] {
        guard !isExpired(nowMs: nowMs) else { return [] }
        let increments = Increments(of: self)
        let registers = entries.filter { $0.register != nil }
            .sorted { Self.wins($0, over: $1) }
        if registers.isEmpty { return increments.total.map { [$0] } ?? [] }
        return registers.compactMap { entry in entry.register.map { increments.added(to: $0) } }
    }

    private func winningBytes() -> [UInt8]? {
        var winner: Entry?
        for entry in entries where entry.register != nil {
            if winner.map({ Self.wins(entry, over: $0) }) ?? true { winner = entry }
        }
        let increments = Increments(of: self)
        guard let register = winner?.register else { return increments.total }
        return increments.added(to: register)
    }

    /// The order in which siblings are shown, total and the same on every node: the later stamp
    /// first, ties broken by dot.
    private static func wins(_ left: Entry, over right: Entry) -> Bool {
        (left.stamp, left.dot) > (right.stamp, right.dot)
    }
}

extension Entry {
    var register: [UInt8]? {
        if case .register(let bytes) = content { return bytes }
        return nil
    }
}

/// The increments of all actors, added up.
///
/// Sums are exact decimals, so the order of addition cannot show. One that leaves the range of
/// `FixedDecimal` by merging is held at the end of the range.
private struct Increments {
    private var sum = FixedDecimal.zero
    private var isEmpty = true

    init(of object: Object) {
        for entry in object.entries {
            guard case .share(let share) = entry.content, !share.isExpired else { continue }
            sum = sum.saturatingSum(object.uncovered(share, of: entry.dot))
            isEmpty = false
        }
    }

    /// The value of a counter that has no register beneath it; nil without increments.
    var total: [UInt8]? { isEmpty ? nil : sum.text }

    /// `register` as a number plus the increments; as it is when it is no number (a concurrent
    /// `SET` to text wins over increments, deterministically).
    func added(to register: [UInt8]) -> [UInt8] {
        guard !isEmpty, let base = try? FixedDecimal(parsing: register) else { return register }
        return base.saturatingSum(sum).text
    }
}
