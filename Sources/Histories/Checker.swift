/// Says what is wrong with a history and its end; empty when nothing is.
///
/// It knows what the store promises and nothing of how it works.
public struct Checker: Sendable {
    /// What reads promise while the history goes on. At its end all promise the same.
    public enum Promise: Sendable {
        /// Reads show what somebody wrote: fallbacks may keep the rest from them for a while.
        case eventual
        /// Reads and writes overlap in a replica (r + w > n, and no fallbacks): a read shows all
        /// that was acknowledged before it began. A regular register (Lamport, 1986).
        case regular
        /// And no read shows less than one that ended before it began.
        case monotonic
    }

    let values: ValueMaker
    let promise: Promise

    public init(_ promise: Promise, seed: UInt64) {
        self.promise = promise
        values = ValueMaker(seed: seed)
    }

    /// What is wrong with the replies that clients got.
    public func defects(in history: History) -> [Defect] {
        history.byKey.flatMap { key, events in
            strays(key, events) + replies(key, events)
        }
    }

    /// What is wrong with the replies, and with what the replicas hold after the last of them.
    public func defects(in history: History, ending: Ending) -> [Defect] {
        var defects = defects(in: history) + ending.disagreements
        for (key, events) in history.byKey {
            guard let copies = ending.copies[key], !copies.isEmpty else {
                defects.append(Defect(.unread, key, "no replica's copy is known"))
                continue
            }
            for copy in copies { defects += ends(key, events, copy) }
        }
        return defects
    }

    private func strays(_ key: String, _ events: [Event]) -> [Defect] {
        events.compactMap { event in
            guard case .stray(let text) = event.action else { return nil }
            return Defect(.invented, key, "a reply shows '\(text.prefix(60))'")
        }
    }

    private func replies(_ key: String, _ events: [Event]) -> [Defect] {
        switch KeyUse(events) {
        case .register: RegisterCheck(key, events).replies(promise)
        case .counter: CounterCheck(key, events).replies(promise)
        case .siblings: SiblingCheck(key, events).replies(promise)
        case nil: []
        }
    }

    private func ends(_ key: String, _ events: [Event], _ copy: Ending.Copy) -> [Defect] {
        let use = KeyUse(events)
        if use == .counter { return CounterCheck(key, events).end(copy.values) }
        var numbers: [Int] = []
        for text in copy.values {
            guard let number = values.number(of: text, key: key) else {
                return [Defect(.invented, key, "\(copy.replica) has '\(text.prefix(60))'")]
            }
            numbers.append(number)
        }
        return switch use {
        case .register: RegisterCheck(key, events).end(numbers, at: copy.replica)
        case .siblings: SiblingCheck(key, events).end(numbers, at: copy.replica)
        case .counter, nil: []
        }
    }
}
