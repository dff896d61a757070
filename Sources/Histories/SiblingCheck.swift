/// A key whose writers say what they have seen: each value stays until a write replaces it that had
/// seen it, and never comes back after that, whatever was cut off from whom meanwhile.
struct SiblingCheck {
    private struct Put {
        let event: Event
        let value: Int?
        let seen: Set<Int>
    }

    private let key: String
    private let events: [Event]
    private let puts: [Put]

    init(_ key: String, _ events: [Event]) {
        self.key = key
        self.events = events
        puts = events.compactMap { event in
            guard case .put(let value, let seen) = event.action else { return nil }
            return Put(event: event, value: value, seen: Set(seen))
        }
    }

    func replies(_ promise: Checker.Promise) -> [Defect] {
        events.flatMap { event -> [Defect] in
            guard case .look(let shown) = event.action else { return [] }
            let possible = puts.filter { $0.event.mayBeSeen(by: event) }
            let defects = invented(shown, possible, "a read")
            guard promise != .eventual, defects.isEmpty else { return defects }
            let certain = possible.filter { $0.event.precedes(event) }
            return missing(shown, certain, possible, "a read", .stale)
                + returned(shown, certain, "a read")
        }
    }

    func end(_ numbers: [Int], at replica: String) -> [Defect] {
        let certain = puts.filter(\.event.isAcknowledged)
        return invented(numbers, puts, replica) + missing(numbers, certain, puts, replica, .lost)
            + returned(numbers, certain, replica)
    }

    private func invented(_ shown: [Int], _ possible: [Put], _ who: String) -> [Defect] {
        let written = Set(possible.compactMap(\.value))
        let strange = shown.filter { !written.contains($0) }
        if strange.isEmpty { return [] }
        return [Defect(.invented, key, "\(who) shows \(strange), which nobody wrote")]
    }

    /// Values that must be there: put for certain, and replaced by nothing that may have happened.
    private func missing(
        _ shown: [Int], _ certain: [Put], _ possible: [Put], _ who: String, _ kind: Defect.Kind
    ) -> [Defect] {
        let replaced = possible.reduce(into: Set<Int>()) { $0.formUnion($1.seen) }
        let expected = certain.compactMap(\.value).filter { !replaced.contains($0) }
        let missing = expected.filter { !shown.contains($0) }
        if missing.isEmpty { return [] }
        return [Defect(kind, key, "\(who) shows \(shown), not \(missing)")]
    }

    /// Values that must not be there: replaced for certain.
    private func returned(_ shown: [Int], _ certain: [Put], _ who: String) -> [Defect] {
        let replaced = certain.reduce(into: Set<Int>()) { $0.formUnion($1.seen) }
        let back = shown.filter(replaced.contains)
        if back.isEmpty { return [] }
        return [Defect(.returned, key, "\(who) shows \(back), which was replaced")]
    }
}
