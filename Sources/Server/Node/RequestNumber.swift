internal import Engine

/// Names a command under way towards the data planes: the loop of its session, the session, and the
/// command's place in the session's order.
///
///     loop (8 bits) | session (24) | sequence (32)
struct RequestNumber: RawRepresentable {
    let rawValue: UInt64

    /// Sessions of one loop at once.
    static let sessionsMax = 1 << 24

    /// Whose requests no session has made: see `OwnRequests`.
    static let ownSession = sessionsMax - 1

    init(rawValue: UInt64) { self.rawValue = rawValue }

    init(loop: Int, session: Int, sequence: UInt32) {
        rawValue = UInt64(loop) << 56 | UInt64(session) << 32 | UInt64(sequence)
    }

    var loop: Int { Int(rawValue >> 56) }
    var session: Int { Int(rawValue >> 32) & (Self.sessionsMax - 1) }
    var sequence: UInt32 { UInt32(truncatingIfNeeded: rawValue) }
}

extension LinkID {
    init(loop: Int, serial: UInt64) {
        self.init(rawValue: UInt64(loop) << 56 | serial & (1 << 56 - 1))
    }

    /// The loop that the connection lives on.
    var loop: Int { Int(rawValue >> 56) }
}
