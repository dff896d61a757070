/// A register that one client writes, one version after the other.
///
/// A version is explained unless a later one was acknowledged: one whose outcome is unknown may
/// take effect at any time, even after later ones.
struct RegisterCheck {
    private struct Version {
        let event: Event
        let number: Int
        let isRemoval: Bool
    }

    private let key: String
    private let events: [Event]
    private let versions: [Version]

    init(_ key: String, _ events: [Event]) {
        self.key = key
        self.events = events
        versions = events.compactMap { event in
            switch event.action {
            case .write(let number): Version(event: event, number: number, isRemoval: false)
            case .remove(let number): Version(event: event, number: number, isRemoval: true)
            default: nil
            }
        }
    }

    // MARK: Replies

    func replies(_ promise: Checker.Promise) -> [Defect] {
        var defects: [Defect] = []
        for event in events {
            guard case .read(let shown) = event.action else { continue }
            if let defect = read(event, shown, promise) { defects.append(defect) }
        }
        if promise == .monotonic { defects += backwards }
        return defects
    }

    private func read(_ read: Event, _ shown: Int?, _ promise: Checker.Promise) -> Defect? {
        let possible = versions.filter { $0.event.mayBeSeen(by: read) }
        if let shown, !possible.contains(where: { $0.number == shown && !$0.isRemoval }) {
            return Defect(.invented, key, "a read shows version \(shown), which nobody wrote")
        }
        if promise == .eventual { return nil }
        let last = possible.last { $0.event.precedes(read) }
        if isExplained(shown, possible, after: last) { return nil }
        let expected = last.map { $0.isRemoval ? "a removal" : "version \($0.number)" }
        return Defect(
            .stale, key,
            "a read shows \(Self.name(shown)) after \(expected ?? "nothing") was acknowledged")
    }

    /// Reads of versions, in the order of their ends, against the highest that had been shown
    /// before each began.
    private var backwards: [Defect] {
        let reads = events.compactMap { event -> (event: Event, version: Int)? in
            guard case .read(let shown?) = event.action else { return nil }
            return (event, shown)
        }
        let ended = reads.sorted { $0.event.end ?? .max < $1.event.end ?? .max }
        var defects: [Defect] = []
        var highest = 0
        var next = 0
        for (event, version) in reads {
            while next < ended.count, ended[next].event.precedes(event) {
                highest = max(highest, ended[next].version)
                next += 1
            }
            if version < highest {
                defects.append(
                    Defect(.backwards, key, "a read shows \(version) after one of \(highest)"))
            }
        }
        return defects
    }

    // MARK: The end

    func end(_ numbers: [Int], at replica: String) -> [Defect] {
        for number in numbers
        where !versions.contains(where: { $0.number == number && !$0.isRemoval }) {
            return [
                Defect(.invented, key, "\(replica) has version \(number), which nobody wrote")
            ]
        }
        // A plain write covers what its coordinator knew. Where that was not all, an older version
        // stays beside it until the next write, and the highest is the one that is shown.
        let shown = numbers.max()
        let last = versions.last { $0.event.isAcknowledged }
        if isExplained(shown, versions, after: last) { return [] }
        let kind: Defect.Kind = last?.isRemoval == true ? .returned : .lost
        return [
            Defect(
                kind, key,
                "\(replica) has \(Self.name(shown)), not version \(last?.number ?? 0)")
        ]
    }

    /// Whether `shown` is `last`, the last one that counts, or another whose outcome is open.
    private func isExplained(_ shown: Int?, _ possible: [Version], after last: Version?) -> Bool {
        let candidates = possible.filter { version in
            last.map { !version.event.precedes($0.event) || version.number == $0.number } ?? true
        }
        guard let shown else {
            return last == nil || candidates.contains { $0.isRemoval }
        }
        return candidates.contains { $0.number == shown && !$0.isRemoval }
    }

    private static func name(_ version: Int?) -> String {
        version.map { "version \($0)" } ?? "nothing"
    }
}
