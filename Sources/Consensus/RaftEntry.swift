/// Where an entry stands in the log: two logs that have an entry of the same term at the same index
/// agree on everything up to it (Raft's log matching property).
public struct LogPosition: Hashable, Sendable {
    public static let start = LogPosition(index: 0, term: 0)

    /// From 1.
    public let index: UInt64
    public let term: UInt64

    public init(index: UInt64, term: UInt64) {
        self.index = index
        self.term = term
    }

    /// Whether a log that ends here has everything that a majority can have committed, as far as
    /// one that ends at `other` can tell (thesis, section 3.6.1).
    func isAsNew(as other: LogPosition) -> Bool {
        (term, index) >= (other.term, other.index)
    }
}

/// One step of what the nodes agree on.
public struct RaftEntry: Hashable, Sendable {
    public enum Payload: Hashable, Sendable {
        /// A leader's first entry. Committing it commits what earlier leaders have left behind.
        case nothing
        /// What the state machine takes; Raft does not look into it.
        case command([UInt8])
        case electorate(Electorate)
        /// Both in one step: when a voter goes for good, there must be no moment at which it is
        /// gone and still needed.
        case commandWithElectorate([UInt8], Electorate)

        public var command: [UInt8]? {
            switch self {
            case .nothing, .electorate: nil
            case .command(let bytes), .commandWithElectorate(let bytes, _): bytes
            }
        }

        public var electorate: Electorate? {
            switch self {
            case .nothing, .command: nil
            case .electorate(let electorate), .commandWithElectorate(_, let electorate):
                electorate
            }
        }
    }

    public let position: LogPosition
    public let payload: Payload

    public init(position: LogPosition, payload: Payload) {
        self.position = position
        self.payload = payload
    }

    public var index: UInt64 { position.index }
    public var term: UInt64 { position.term }

    /// About what it takes in memory, in a message and on disk, in bytes.
    var size: Int {
        32 + (payload.command?.count ?? 0) + 2 * (payload.electorate?.nodes.count ?? 0)
    }
}

/// The state machine as it is after the entry at `position`, and who takes part then.
public struct RaftSnapshot: Hashable, Sendable {
    public let position: LogPosition
    public let electorate: Electorate
    public let state: [UInt8]

    public init(position: LogPosition, electorate: Electorate, state: [UInt8]) {
        self.position = position
        self.electorate = electorate
        self.state = state
    }
}
