public import Essentials

/// The latest term a node has seen, and whom it voted for in it.
public struct Ballot: Hashable, Sendable {
    public var term: UInt64
    public var vote: NodeNumber?
    /// False while the node may have forgotten terms, votes and entries.
    public var isCertain = true

    public init(term: UInt64 = 0, vote: NodeNumber? = nil) {
        self.term = term
        self.vote = vote
    }
}

/// What one event changes in a node's durable state: carried out in the order of the fields, all of
/// it or nothing.
public struct RaftWrite: Hashable, Sendable {
    public var ballot: Ballot?
    /// Entries with this index and later ones are removed.
    public var removedFrom: UInt64?
    /// Replaces the one before; entries that it covers are removed.
    public var snapshot: RaftSnapshot?
    public var appended: [RaftEntry] = []

    public init() {}

    public var isEmpty: Bool {
        ballot == nil && removedFrom == nil && snapshot == nil && appended.isEmpty
    }
}

/// A node's durable state, as read at its start.
public struct RaftStored: Hashable, Sendable {
    public private(set) var ballot: Ballot
    public private(set) var snapshot: RaftSnapshot
    public private(set) var entries: [RaftEntry]

    /// - Precondition: entries follow the snapshot and each other without a gap: see `init(ballot:
    ///   snapshot:found:)` for what comes from a disk.
    public init(ballot: Ballot, snapshot: RaftSnapshot, entries: [RaftEntry] = []) {
        self.ballot = ballot
        self.snapshot = snapshot
        self.entries = entries
    }

    /// A node that knows nothing yet, and waits until a leader tells it more.
    public static let empty = RaftStored(
        ballot: Ballot(),
        snapshot: RaftSnapshot(position: .start, electorate: .none, state: []))

    /// Decides alone, over a history of `index` steps that ended in `state`.
    public static func sole(_ voter: NodeNumber, index: UInt64, state: [UInt8]) -> RaftStored {
        RaftStored(
            ballot: Ballot(),
            snapshot: RaftSnapshot(
                position: LogPosition(index: index, term: 0),
                electorate: Electorate(voters: [voter]), state: state))
    }

    /// What was found on a disk. Throws where the log has a gap, or ends before the snapshot: a
    /// node that went on with that could elect a leader that lacks what was committed.
    public init(
        ballot: Ballot, snapshot: RaftSnapshot, found: [RaftEntry]
    ) throws(DecodingError) {
        var last = snapshot.position
        for entry in found {
            guard entry.index == last.index + 1, entry.term >= last.term else {
                throw .invalid("entry \(entry.index) of the log follows \(last.index)")
            }
            last = entry.position
        }
        guard last.term <= ballot.term else { throw .invalid("the log is ahead of its term") }
        self.init(ballot: ballot, snapshot: snapshot, entries: found)
    }

    /// The disk may be an earlier state of this node.
    public mutating func doubt() { ballot.isCertain = false }

    /// Does what a storage does.
    public mutating func apply(_ write: RaftWrite) {
        if let ballot = write.ballot { self.ballot = ballot }
        if let index = write.removedFrom { entries.removeAll { $0.index >= index } }
        if let snapshot = write.snapshot {
            self.snapshot = snapshot
            entries.removeAll { $0.index <= snapshot.position.index }
        }
        entries.append(contentsOf: write.appended)
    }
}
