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
        if context == other.context { return mergePayloads(of: other) }
        var merged = InlineFirst<Entry>()
        var mine = 0
        var theirs = 0
        while mine < entries.count || theirs < other.entries.count {
            if theirs == other.entries.count
                || mine < entries.count && entries[mine].dot < other.entries[theirs].dot
            {
                if !other.context.contains(entries[mine].dot) { merged.append(entries[mine]) }
                mine += 1
            } else if mine == entries.count || other.entries[theirs].dot < entries[mine].dot {
                if !context.contains(other.entries[theirs].dot) {
                    merged.append(other.entries[theirs])
                }
                theirs += 1
            } else {
                let common = Self.join(entries[mine], other.entries[theirs])
                if common.hasContent || common.hasDeadline { merged.append(common) }
                mine += 1
                theirs += 1
            }
        }
        let before = context
        context.merge(other.context)
        let isChanged = context != before || merged != entries
        entries = merged
        return isChanged
    }

    /// Equal contexts mean equal events; only payloads that one side has expired may differ.
    private mutating func mergePayloads(of other: Object) -> Bool {
        var isChanged = false
        for index in entries.indices where index < other.entries.count {
            guard entries[index].content == .expired, entries[index].dot == other.entries[index].dot
            else { continue }
            if other.entries[index].hasContent, other.entries[index].content != .expired {
                entries[index].content = other.entries[index].content
                isChanged = true
            }
        }
        return isChanged
    }

    /// Both sides hold this dot: a part survives when both still have it.
    private static func join(_ left: Entry, _ right: Entry) -> Entry {
        var joined = left
        switch (left.content, right.content) {
        case (.none, _), (_, .none): joined.content = .none
        case (.expired, let present): joined.content = present
        default: break
        }
        if !left.hasDeadline || !right.hasDeadline { joined.deadline = .none }
        return joined
    }
}
