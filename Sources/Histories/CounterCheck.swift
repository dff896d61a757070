/// A counter to which clients add: what is acknowledged counts once, what is unknown once or never.
struct CounterCheck {
    private let key: String
    private let events: [Event]

    init(_ key: String, _ events: [Event]) {
        self.key = key
        self.events = events
    }

    func replies(_ promise: Checker.Promise) -> [Defect] {
        events.compactMap { event in
            guard case .count(let shown) = event.action else { return nil }
            let least = sum { $0.precedes(event) }
            let most = sum { $0.mayBeSeen(by: event) }
            if shown > most { return excess(shown, "a read shows", most) }
            guard promise != .eventual, shown < least else { return nil }
            return Defect(.stale, key, "a read shows \(shown), \(least) were acknowledged")
        }
    }

    /// - Parameter values: what a replica holds, as text.
    func end(_ values: [String]) -> [Defect] {
        guard values.count <= 1, let shown = Int(values.first ?? "0") else {
            return [Defect(.invented, key, "not a count: \(values)")]
        }
        let (least, most) = (sum { $0.isAcknowledged }, sum { _ in true })
        if shown > most { return [excess(shown, "there are", most)] }
        if shown < least { return [Defect(.lost, key, "\(shown) of \(least) acknowledged")] }
        return []
    }

    private func excess(_ shown: Int, _ what: String, _ most: Int) -> Defect {
        Defect(.invented, key, "\(what) \(shown), at most \(most) were added")
    }

    private func sum(where counts: (Event) -> Bool) -> Int {
        events.reduce(0) { total, event in
            guard case .add(let amount) = event.action, counts(event) else { return total }
            return total + amount
        }
    }
}
