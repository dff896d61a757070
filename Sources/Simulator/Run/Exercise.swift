/// Counts by name, in the order in which the names came up.
public struct Tally: Sendable, Equatable {
    public private(set) var rows: [(name: String, count: Int)] = []
    /// Looked up and never iterated.
    private var places: [String: Int] = [:]

    public init() {}

    public subscript(name: String) -> Int { places[name].map { rows[$0].count } ?? 0 }

    public mutating func add(_ name: String, _ count: Int = 1) {
        if let place = places[name] {
            rows[place].count += count
        } else {
            places[name] = rows.count
            rows.append((name, count))
        }
    }

    public mutating func add(_ other: Tally) {
        for row in other.rows { add(row.name, row.count) }
    }

    public static func == (left: Tally, right: Tally) -> Bool {
        left.rows.map(\.name) == right.rows.map(\.name)
            && left.rows.map(\.count) == right.rows.map(\.count)
    }
}

/// What one run, or many together, have put to the test.
public struct Exercise: Sendable, Equatable {
    /// What went wrong, by kind.
    public var faults = Tally()
    /// What clients asked for, and how it ended.
    public var requests = Tally()
    /// What the engines have counted, under the names of their counters.
    public var engine = Tally()
    /// How often each checker saw its case.
    public var checks = Tally()
    /// Acknowledged operations, and those of them that some checker has held against its rule.
    public var acknowledged = 0
    public var acknowledgedAndJudged = 0
    /// By which rules they were judged; one may count under several.
    public var judged = Tally()
    /// How often each checker looked away, and why.
    public var excuses = Tally()
    /// How often it came to where implementations of Raft have gone wrong.
    public var agreement = Tally()

    /// How many kinds of faults there are.
    public static let faultKinds = Fault.allCases.count + StormFault.allCases.count

    public init() {}

    public mutating func add(_ other: Exercise) {
        faults.add(other.faults)
        requests.add(other.requests)
        engine.add(other.engine)
        checks.add(other.checks)
        acknowledged += other.acknowledged
        acknowledgedAndJudged += other.acknowledgedAndJudged
        judged.add(other.judged)
        excuses.add(other.excuses)
        agreement.add(other.agreement)
    }
}
