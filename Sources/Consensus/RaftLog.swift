internal import Essentials

/// The entries that a snapshot does not cover, and the snapshot.
///
/// Invariant: the entries' indices follow each other, from the one after the snapshot's.
struct RaftLog: Sendable {
    private(set) var snapshot: RaftSnapshot
    private(set) var entries: [RaftEntry]
    /// What the entries take, in bytes.
    private(set) var size: Int
    /// The latest electorate, whether committed or not: it is in force as soon as it is written
    /// (thesis, section 4.1). With its index.
    private(set) var electorate: (index: UInt64, value: Electorate)

    init(_ snapshot: RaftSnapshot, _ entries: [RaftEntry]) {
        self.snapshot = snapshot
        self.entries = entries
        size = entries.reduce(0) { $0 + $1.size }
        electorate = (snapshot.position.index, snapshot.electorate)
        invariant(
            entries.indices.allSatisfy {
                entries[$0].index == snapshot.position.index + 1 + UInt64($0)
            }, "the log has a gap")
        findElectorate()
    }

    var last: LogPosition { entries.last?.position ?? snapshot.position }

    /// The term of the entry at `index`; nil where the log does not know it (any more).
    func term(at index: UInt64) -> UInt64? {
        if index == snapshot.position.index { return snapshot.position.term }
        return entry(at: index)?.term
    }

    func entry(at index: UInt64) -> RaftEntry? {
        let first = snapshot.position.index + 1
        guard index >= first, index - first < UInt64(entries.count) else { return nil }
        return entries[Int(index - first)]
    }

    /// The electorate that was in force when the entry at `index` was the last.
    func electorate(at index: UInt64) -> Electorate {
        var found = snapshot.electorate
        for entry in entries where entry.index <= index {
            if let value = entry.payload.electorate { found = value }
        }
        return found
    }

    /// The electorate that was in force at `index`, and those that came after it.
    func electorates(from index: UInt64) -> [Electorate] {
        [electorate(at: index)]
            + entries.compactMap { $0.index > index ? $0.payload.electorate : nil }
    }

    /// What the entries after `index` take, in bytes.
    func size(after index: UInt64) -> Int {
        entries.reversed().prefix { $0.index > index }.reduce(0) { $0 + $1.size }
    }

    /// Entries from `index` on that fit a message; at least one, if there is any.
    func slice(from index: UInt64, sizeMax: Int) -> [RaftEntry] {
        let first = snapshot.position.index + 1
        guard index >= first, index <= last.index else { return [] }
        var slice: [RaftEntry] = []
        var bytes = 0
        for entry in entries[Int(index - first)...].prefix(RaftLimits.messageEntriesMax) {
            bytes += entry.size
            if !slice.isEmpty, bytes > sizeMax { break }
            slice.append(entry)
        }
        return slice
    }

    mutating func append(_ entry: RaftEntry) {
        invariant(entry.index == last.index + 1, "the log would get a gap")
        entries.append(entry)
        size += entry.size
        if let value = entry.payload.electorate { electorate = (entry.index, value) }
    }

    /// Drops the entry at `index` and those after it.
    mutating func truncate(from index: UInt64) {
        while let last = entries.last, last.index >= index {
            size -= last.size
            entries.removeLast()
        }
        findElectorate()
    }

    /// Drops what `newer` covers.
    mutating func compact(to newer: RaftSnapshot) {
        let count = entries.prefix { $0.index <= newer.position.index }.count
        size -= entries.prefix(count).reduce(0) { $0 + $1.size }
        entries.removeFirst(count)
        snapshot = newer
        findElectorate()
    }

    private mutating func findElectorate() {
        electorate = (snapshot.position.index, snapshot.electorate)
        for entry in entries {
            if let value = entry.payload.electorate { electorate = (entry.index, value) }
        }
    }
}
