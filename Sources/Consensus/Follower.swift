internal import Essentials

/// What a leader knows of another node's log.
///
/// Invariant: `match < next`.
struct Follower: Sendable {
    enum Mode: Equatable {
        /// Where the logs agree is not known: one message at a time, without entries.
        case probing(isWaiting: Bool)
        /// The logs agree: messages follow each other without waiting, up to a bound.
        case streaming
        /// It lacks entries that are no longer in the leader's log.
        case restoring(snapshot: UInt64, offset: Int, sentNs: UInt64)
    }

    let node: NodeNumber
    /// Its log is the leader's up to here, durably.
    var match: UInt64 = 0
    /// The next entry to send.
    var next: UInt64
    var mode = Mode.probing(isWaiting: false)
    /// The last indices of messages that it has not confirmed.
    var inFlight: [UInt64] = []
    var heartbeatNs: UInt64 = 0
    /// Whether it has forgotten nothing, as far as it knows.
    var isSure = true
}
