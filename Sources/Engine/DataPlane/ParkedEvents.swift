internal import Wire

/// Events that wait until their key's object is in memory, by key, in their order of arrival.
///
/// One load a key is under way at a time, however many wait for it.
struct ParkedEvents: Sendable {
    enum Event: Sendable {
        case request(Request)
        case write(LinkID, id: UInt64, wantsDurability: Bool, record: [UInt8])
        case check(LinkID, id: UInt64, fingerprint: UInt64)
        /// An admin's question about this node's own copy.
        case describe(id: UInt64)
        /// An object that a replica answered a read with, whose request is gone meanwhile.
        case expiry
    }

    private struct Waiters {
        var token: UInt64
        var events: [Event]
    }

    /// Looked up by key and never iterated.
    private var waiting: [ObjectKey: Waiters] = [:]
    /// The token of the load that was started last.
    private(set) var lastToken: UInt64 = 0
    private(set) var count = 0

    /// Adds an event; returns the token of the load to start when it is the first for its key.
    mutating func append(_ event: Event, for key: ObjectKey) -> UInt64? {
        count += 1
        if waiting[key] != nil {
            waiting[key]?.events.append(event)
            return nil
        }
        lastToken += 1
        waiting[key] = Waiters(token: lastToken, events: [event])
        return lastToken
    }

    /// Takes the events that waited for this load; nil when it is not the one they wait for.
    mutating func take(_ key: ObjectKey, token: UInt64) -> [Event]? {
        guard let waiters = waiting[key], waiters.token == token else { return nil }
        waiting[key] = nil
        count -= waiters.events.count
        return waiters.events
    }

    /// Forgets all loads under way and returns what waited for them, in the order of their tokens.
    mutating func takeAll() -> [(ObjectKey, [Event])] {
        let all = waiting.sorted { $0.value.token < $1.value.token }
        waiting = [:]
        count = 0
        return all.map { ($0.key, $0.value.events) }
    }
}
