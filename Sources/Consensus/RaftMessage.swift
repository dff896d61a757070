/// What Raft nodes say to each other. Every message carries its sender's term, but for one that
/// asks for a vote in an election that has not begun.
public struct RaftMessage: Hashable, Sendable {
    public enum Kind: Hashable, Sendable {
        /// The sender would have this term, or has it; its log ends here.
        case voteRequest(last: LogPosition, Election)
        case vote(isGranted: Bool, Election)
        /// Entries that follow `previous`. Without any it says that the leader is there.
        case append(previous: LogPosition, commitIndex: UInt64, [RaftEntry])
        /// The sender's log is the leader's up to here.
        case appended(matchIndex: UInt64)
        /// The sender has no such `previous`; it may have the entry at `hint`.
        case mismatched(previousIndex: UInt64, hint: UInt64)
        /// A part of an encoded snapshot of `size` bytes.
        case chunk(LogPosition, size: Int, offset: Int, [UInt8])
        /// The sender has the snapshot at `index` up to `offset`.
        case chunkTaken(index: UInt64, offset: Int)
        /// The leader goes: start an election at once.
        case takeOver
        /// The sender is in doubt about its past: where does your log end?
        case positionRequest(inquiry: UInt64)
        case position(LogPosition, inquiry: UInt64)
    }

    public enum Election: UInt8, Hashable, Sendable {
        /// Would there be a majority? Changes nobody's term (thesis, section 9.6).
        case preliminary = 0
        case regular = 1
        /// At the leader's wish, so that nobody refuses for having heard it just now.
        case transfer = 2
    }

    public let term: UInt64
    public let kind: Kind
    /// Whether the sender has forgotten nothing, as far as it knows.
    public let isSure: Bool

    public init(term: UInt64, _ kind: Kind, isSure: Bool = true) {
        self.term = term
        self.kind = kind
        self.isSure = isSure
    }
}
