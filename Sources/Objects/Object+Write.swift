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
        case .delete:
            entries.removeAll(keepingCapacity: true)
        }
        context.insert(dot)
    }

    /// Replaces what `seen` covers by `value`, or by nothing, as the write event `dot`: `DPUT` and
    /// `DDEL`. What the writer has not seen stays as siblings.
    public mutating func write(
        _ value: [UInt8]?, seen: CausalContext, dot: Dot, stamp: Timestamp
    ) {
        entries.removeAll { seen.contains($0.dot) }
        context.merge(seen)
        context.insert(dot)
        guard let value else { return }
        let entry = Entry(dot: dot, stamp: stamp, content: .register(value), deadline: .never)
        insert(entry)
    }

    private mutating func assign(
        _ bytes: [UInt8], _ change: DeadlineChange, dot: Dot, stamp: Timestamp, nowMs: UInt64
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
        let entry = Entry(dot: dot, stamp: stamp, content: .register(bytes), deadline: deadline)
        if entries.count == 1 {
            entries[0] = entry
        } else {
            entries.removeAll(keepingCapacity: true)
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

    /// Adds to this actor's share, which moves to the new dot; the other actors' shares stay.
    private mutating func add(
        _ amount: Entry.Content, dot: Dot, stamp: Timestamp, nowMs: UInt64
    ) {
        guard isLive(nowMs: nowMs) else {
            entries.removeAll(keepingCapacity: true)
            insert(Entry(dot: dot, stamp: stamp, content: amount, deadline: .never))
            return
        }
        var share = Entry(dot: dot, stamp: stamp, content: amount, deadline: .none)
        if let own = entries.firstIndex(where: { $0.dot.actor == dot.actor && $0.isShare }) {
            if let sum = Self.sum(entries[own].content, amount) {
                share.content = sum
                share.deadline = entries[own].deadline
                entries.remove(at: own)
            } else if let visible = visible(nowMs: nowMs),
                let base = try? FixedDecimal(parsing: visible.bytes)
            {
                // This actor's share has left its range although the counter has not: fold all
                // shares into one register.
                let total = base.saturatingSum(Self.decimal(amount))
                let deadline: DeadlineChange = deadlineMs.map { .set($0) } ?? .remove
                assign(total.text, deadline, dot: dot, stamp: stamp, nowMs: nowMs)
                return
            }
        }
        insert(share)
    }

    private static func sum(_ left: Entry.Content, _ right: Entry.Content) -> Entry.Content? {
        if case .integer(let one) = left, case .integer(let other) = right {
            let (sum, isOverflow) = one.addingReportingOverflow(other)
            return isOverflow ? nil : .integer(sum)
        }
        return decimal(left).adding(decimal(right)).map { .decimal($0) }
    }

    private static func decimal(_ content: Entry.Content) -> FixedDecimal {
        switch content {
        case .integer(let amount): FixedDecimal(amount)
        case .decimal(let amount): amount
        case .none, .register, .expired: .zero
        }
    }

    private mutating func insert(_ entry: Entry) {
        var index = entries.count
        while index > 0, entry.dot < entries[index - 1].dot { index -= 1 }
        entries.insert(entry, at: index)
    }
}

extension Entry {
    /// Whether the content is one actor's share of a counter.
    var isShare: Bool {
        switch content {
        case .integer, .decimal: true
        case .none, .register, .expired: false
        }
    }
}
