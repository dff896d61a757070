public import Causality

// Counters that can be overwritten.
//
// Every increment is a write event with a dot of its own, and a SET or DEL overwrites those that
// its coordinator has seen, and no others. Keeping a dotted value for each increment would say just
// that, and would grow without bound. But one actor numbers its increments and nobody else does, so
// whoever has seen one has seen all before it: what a write covers of an actor's increments is
// always the first so many of them. Two sums say the same as all the dots, for each actor:
//
//     share   the sum up to the actor's latest increment that is known here
//     mark    the sum up to its latest increment that some write has covered
//
// and their difference is what the counter shows. Both are functions of one dot, so joining two
// replicas takes the later of each. (Counters as in riak_dt_emcntr keep the share alone; there an
// increment that is concurrent with a reset brings back all that its actor had added before. See
// Baquero, Almeida and Lerche, "The problem with embedded CRDT counters and a solution", 2016.)
//
// A run is a row of increments that are summed up together. An actor that finds all its increments
// covered begins a new run, whose start is after the mark: the mark then means nothing any more and
// goes.

/// What was added to a counter: whole as long as it can be, since that takes less room.
public enum Amount: Sendable, Equatable {
    case integer(Int64)
    case decimal(FixedDecimal)

    var decimal: FixedDecimal {
        switch self {
        case .integer(let amount): FixedDecimal(amount)
        case .decimal(let amount): amount
        }
    }

    /// The exact sum; nil if it cannot be held.
    func adding(_ other: Amount) -> Amount? {
        if case .integer(let left) = self, case .integer(let right) = other {
            let (sum, isOverflow) = left.addingReportingOverflow(right)
            if !isOverflow { return .integer(sum) }
        }
        return decimal.adding(other.decimal).map { .decimal($0) }
    }
}

/// The content of an entry that one actor's run of increments has left: the entry's dot is the
/// latest of them.
public struct Share: Sendable, Equatable {
    /// The counter of the dot of the run's first increment.
    public var start: UInt64
    /// The sum from the run's start to the entry's dot.
    public var total: Amount
    /// The key's deadline has passed here. The sums stay, so that what is added elsewhere before
    /// the deadline, or after a later one, can be told from what was added before.
    public var isExpired = false

    public init(start: UInt64, total: Amount) {
        self.start = start
        self.total = total
    }
}

/// Where the sum of an actor's increments stood at one of their dots: all up to there, in the run
/// that holds it, are overwritten.
public struct CounterMark: Sendable, Equatable {
    public var actor: Actor
    /// Of the dot of an increment.
    public var counter: UInt64
    public var total: Amount

    public init(actor: Actor, counter: UInt64, total: Amount) {
        self.actor = actor
        self.counter = counter
        self.total = total
    }
}

extension [CounterMark] {
    /// Takes in a mark: of two of one actor the later holds.
    ///
    /// Keeps the marks ascending by actor, one each.
    mutating func note(_ mark: CounterMark) {
        let index = firstIndex { mark.actor <= $0.actor } ?? count
        if index < count, self[index].actor == mark.actor {
            if self[index].counter < mark.counter { self[index] = mark }
        } else {
            insert(mark, at: index)
        }
    }

    func mark(of actor: Actor) -> CounterMark? { first { $0.actor == actor } }
}

/// What somebody has seen of a key: enough for a write that covers just that, at any replica.
public struct Sighting: Sendable, Equatable {
    public var context: CausalContext
    /// How far the counters were, ascending by actor.
    public var marks: [CounterMark]

    public init(_ context: CausalContext = CausalContext(), marks: [CounterMark] = []) {
        self.context = context
        self.marks = marks
    }
}

extension Object {
    /// What a reader of this object has seen.
    public var sighting: Sighting {
        var marks = covered
        for entry in entries { if let mark = entry.mark { marks.note(mark) } }
        return Sighting(context, marks: marks)
    }

    /// The part of a share that no write has covered.
    func uncovered(_ share: Share, of dot: Dot) -> FixedDecimal {
        guard !covered.isEmpty, let mark = covered.mark(of: dot.actor),
            share.start <= mark.counter, mark.counter < dot.counter
        else { return share.total.decimal }
        return share.total.decimal.saturatingDifference(mark.total.decimal)
    }

    /// Brings shares and marks into the one form that all replicas with the same events have:
    /// without shares that are wholly covered, and without marks that a later run has made useless.
    mutating func settleCounters() {
        guard !covered.isEmpty else { return }
        let marks = covered
        entries.removeAll { entry in
            guard entry.share != nil, let mark = marks.mark(of: entry.dot.actor) else {
                return false
            }
            return entry.dot.counter <= mark.counter
        }
        let shares = entries
        covered.removeAll { mark in
            let own = shares.filter { $0.dot.actor == mark.actor && $0.share != nil }
            return !own.isEmpty && own.allSatisfy { ($0.share?.start ?? 0) > mark.counter }
        }
    }
}

extension Entry {
    var share: Share? {
        if case .share(let share) = content { return share }
        return nil
    }

    /// What covers this entry, if it is a share.
    var mark: CounterMark? {
        share.map { CounterMark(actor: dot.actor, counter: dot.counter, total: $0.total) }
    }
}
