public import Causality
internal import Essentials

extension Object {
    /// Carries out `mutation` as the write event `dot`.
    ///
    /// The event covers all that this replica knows of the key where the mutation overwrites, and
    /// only the actor's own share where it adds.
    ///
    /// - Precondition: `dot` is new: `context` does not contain it.
    public mutating func write(
        _ mutation: Mutation, dot: Dot, stamp: Timestamp, nowMs: UInt64
    ) {
        switch mutation {
        case .assign(let bytes, let change):
            assign(bytes, change, dot: dot, stamp: stamp, nowMs: nowMs)
        case .increment(let amount):
            add(.integer(amount), dot: dot, stamp: stamp, nowMs: nowMs)
        case .incrementDecimal(let amount):
            add(.decimal(amount), dot: dot, stamp: stamp, nowMs: nowMs)
        case .setDeadline(let change):
            setDeadline(change, dot: dot, stamp: stamp, nowMs: nowMs)
        case .delete: dropEntries()
        }
        context.insert(dot)
    }

    /// Takes in an event that leaves nothing behind and covers nothing.
    ///
    /// - Precondition: `dot` is new: `context` does not contain it.
    public mutating func note(_ dot: Dot) { context.insert(dot) }

    /// Replaces what `seen` covers by `value`, or by nothing, as the write event `dot`: `DPUT` and
    /// `DDEL`. What the writer has not seen stays as siblings.
    public mutating func write(
        _ value: [UInt8]?, seen: Sighting, dot: Dot, stamp: Timestamp
    ) {
        for mark in seen.marks { covered.note(mark) }
        for entry in entries where seen.context.contains(entry.dot) { cover(entry) }
        entries.removeAll { seen.context.contains($0.dot) }
        context.merge(seen.context)
        context.insert(dot)
        settleCounters()
        guard let value else { return }
        let entry = Entry(
            dot: dot, stamp: stamp, content: .register(value), deadline: .never, isCausal: true)
        insert(entry)
    }

    /// Covers all that is here.
    private mutating func dropEntries() {
        for entry in entries { cover(entry) }
        entries.removeAll(keepingCapacity: true)
    }

    /// Remembers how much of a counter goes with `entry`.
    private mutating func cover(_ entry: Entry) {
        if let mark = entry.mark { covered.note(mark) }
    }

    private mutating func assign(
        _ bytes: [UInt8], _ change: DeadlineChange, dot: Dot, stamp: Timestamp, nowMs: UInt64,
        isCausal: Bool = false
    ) {
        let deadline: Entry.Deadline
        switch change {
        case .set(let deadlineMs): deadline = .at(deadlineMs)
        case .remove: deadline = .never
        case .keep:
            if let deadlineMs, deadlineMs > nowMs {
                deadline = .at(deadlineMs)
            } else {
                deadline = .never
            }
        }
        let entry = Entry(
            dot: dot, stamp: stamp, content: .register(bytes), deadline: deadline,
            isCausal: isCausal)
        if entries.count == 1 {
            cover(entries[0])
            entries[0] = entry
        } else {
            dropEntries()
            entries.append(entry)
        }
    }

    private mutating func setDeadline(
        _ change: DeadlineChange, dot: Dot, stamp: Timestamp, nowMs: UInt64
    ) {
        let deadline: Entry.Deadline
        switch change {
        case .set(let deadlineMs): deadline = .at(deadlineMs)
        case .remove, .keep: deadline = .never
        }
        for index in entries.indices { entries[index].deadline = .none }
        entries.removeAll { !$0.hasContent }
        insert(Entry(dot: dot, stamp: stamp, content: .none, deadline: deadline))
    }

    /// Adds to this actor's run of increments, which moves to the new dot, or begins one; other
    /// actors' shares stay.
    private mutating func add(_ amount: Amount, dot: Dot, stamp: Timestamp, nowMs: UInt64) {
        guard isLive(nowMs: nowMs) else {
            dropEntries()
            return begin(amount, dot: dot, stamp: stamp)
        }
        let own = entries.firstIndex { entry in
            entry.dot.actor == dot.actor && entry.share.map { !$0.isExpired } ?? false
        }
        guard let own, var share = entries[own].share else {
            return begin(amount, dot: dot, stamp: stamp)
        }
        if let winner, !winner.counts(entries[own]) {
            // It does not count any more, and must not come back with what is added now.
            cover(entries[own])
            entries.remove(at: own)
            return begin(amount, dot: dot, stamp: stamp)
        }
        if let total = share.total.adding(amount) {
            share.total = total
            entries.remove(at: own)
            insert(Entry(dot: dot, stamp: stamp, content: .share(share), deadline: .none))
        } else {
            fold(amount, dot: dot, stamp: stamp, nowMs: nowMs)
        }
    }

    /// Begins a run of increments.
    private mutating func begin(_ amount: Amount, dot: Dot, stamp: Timestamp) {
        let share = Share(start: dot.counter, total: amount)
        insert(Entry(dot: dot, stamp: stamp, content: .share(share), deadline: .none))
        settleCounters()
    }

    /// This actor's share has left its range although the counter has not: folds all shares into
    /// one register.
    private mutating func fold(_ amount: Amount, dot: Dot, stamp: Timestamp, nowMs: UInt64) {
        let visible = visible(nowMs: nowMs)
        let base = visible.flatMap { try? FixedDecimal(parsing: $0.bytes) } ?? .zero
        let total = base.saturatingSum(amount.decimal)
        // No more than an increment: what others have added elsewhere goes on counting.
        assign(total.text, .keep, dot: dot, stamp: stamp, nowMs: nowMs, isCausal: true)
    }

    private mutating func insert(_ entry: Entry) {
        var index = entries.count
        while index > 0, entry.dot < entries[index - 1].dot { index -= 1 }
        entries.insert(entry, at: index)
    }
}
