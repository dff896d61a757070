internal import Causality
internal import Essentials

extension Object {
    /// Joins `other` into this object and says whether anything changed.
    ///
    /// The result depends on the set of events both sides know and on nothing else, so replicas
    /// that have seen the same events hold the same bytes, in whatever order they came.
    public mutating func merge(_ other: Object) -> Bool {
        if context.isEmpty {
            guard !other.context.isEmpty else { return false }
            self = other
            return true
        }
        if context == other.context, hasSameParts(as: other) {
            return mergePayloads(of: other)
        }
        var merged = InlineFirst<Entry>()
        var marks = covered
        for mark in other.covered { marks.note(mark) }
        var mine = 0
        var theirs = 0
        while mine < entries.count || theirs < other.entries.count {
            if theirs == other.entries.count
                || mine < entries.count && entries[mine].dot < other.entries[theirs].dot
            {
                if let kept = Self.join(entries[mine], with: other, &marks) { merged.append(kept) }
                mine += 1
            } else if mine == entries.count || other.entries[theirs].dot < entries[mine].dot {
                if let kept = Self.join(other.entries[theirs], with: self, &marks) {
                    merged.append(kept)
                }
                theirs += 1
            } else {
                let common = Self.join(entries[mine], other.entries[theirs])
                if common.hasContent || common.hasDeadline { merged.append(common) }
                mine += 1
                theirs += 1
            }
        }
        let before = self
        context.merge(other.context)
        entries = merged
        covered = marks
        settleCounters()
        return self != before
    }

    /// Whether both hold the same dots and the same parts of them, expired or not. With equal
    /// contexts they do, unless something was cut from one of them.
    private func hasSameParts(as other: Object) -> Bool {
        guard entries.count == other.entries.count else { return false }
        for index in entries.indices {
            guard entries[index].dot == other.entries[index].dot,
                entries[index].parts | 1 == other.entries[index].parts | 1
            else { return false }
        }
        return true
    }

    /// Equal events: only payloads that one side has expired may differ, stamps that one side has
    /// settled, and how exactly it is known what covers a counter.
    private mutating func mergePayloads(of other: Object) -> Bool {
        var isChanged = false
        for index in entries.indices where index < other.entries.count {
            let (mine, theirs) = (entries[index], other.entries[index])
            guard mine.dot == theirs.dot else { continue }
            if theirs.stamp < mine.stamp {
                entries[index].stamp = theirs.stamp
                isChanged = true
            }
            guard mine.content.hasExpired, theirs.content.isLive else { continue }
            entries[index].take(contentOf: theirs)
            isChanged = true
        }
        guard covered != other.covered else { return isChanged }
        let before = self
        for mark in other.covered { covered.note(mark) }
        settleCounters()
        return isChanged || self != before
    }

    /// What is left of an entry that the other side does not hold: the whole of it, or nothing.
    ///
    /// - Parameter marks: takes in what goes of a counter.
    private static func join(
        _ entry: Entry, with other: Object, _ marks: inout [CounterMark]
    ) -> Entry? {
        if case .share(var share) = entry.content,
            let theirs = other.share(of: entry.dot.actor, start: share.start)
        {
            // The same run at two moments: the later one says it all.
            guard theirs.dot < entry.dot else { return nil }
            share.isExpired = share.isExpired && theirs.share.isExpired
            var joined = entry
            joined.content = .share(share)
            return joined
        }
        guard other.context.contains(entry.dot) else { return entry }
        if let mark = entry.mark { marks.note(mark) }
        return nil
    }

    private func share(of actor: Actor, start: UInt64) -> (dot: Dot, share: Share)? {
        for entry in entries where entry.dot.actor == actor {
            if case .share(let share) = entry.content, share.start == start {
                return (entry.dot, share)
            }
        }
        return nil
    }

    /// Both sides hold this dot: a part survives when both still have it.
    private static func join(_ left: Entry, _ right: Entry) -> Entry {
        var joined = left
        joined.stamp = min(left.stamp, right.stamp)
        switch (left.content, right.content) {
        case (.none, _), (_, .none):
            joined.content = .none
            joined.isCausal = false
        case (.expired, _): joined.take(contentOf: right)
        case (.share(let share), .share(let present)) where share.isExpired:
            joined.content = .share(present)
        default: break
        }
        if !left.hasDeadline || !right.hasDeadline { joined.deadline = .none }
        return joined
    }
}
