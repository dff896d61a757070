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
    /// Increments count into every sibling that is a number and that they are not older than.
    /// Without a register they are one value.
    public func siblings(nowMs: UInt64) -> [[UInt8]] {
        guard !isExpired(nowMs: nowMs) else { return [] }
        let registers = entries.filter { $0.isRegister }.sorted { $0.wins(over: $1) }
        if registers.isEmpty { return Increments(of: self).total.map { [$0] } ?? [] }
        return registers.compactMap { entry in
            entry.register.map { Increments(of: self, since: entry).added(to: $0) }
        }
    }

    private func winningBytes() -> [UInt8]? {
        guard let winner else { return Increments(of: self).total }
        guard let register = winner.register else { return nil }
        return Increments(of: self, since: winner).added(to: register)
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

    /// - Parameter register: what they count into; older ones do not.
    init(of object: Object, since register: Entry? = nil) {
        for entry in object.entries {
            guard case .share(let share) = entry.content, !share.isExpired,
                register?.counts(entry) ?? true
            else { continue }
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
