internal import Commands
internal import Essentials
internal import Wire

/// Events that wait until their key's object is in memory, by key, in their order of arrival.
///
/// One load a key is under way at a time, however many wait for it. An event waits no longer than
/// somebody waits for its outcome: a disk that hangs must not fill the memory.
struct ParkedEvents: Sendable {
    enum Event: Sendable {
        case request(Request)
        /// - Parameter overwriter: whoever wants to know what the write leaves beside it.
        case write(
            LinkID, id: UInt64, wantsDurability: Bool, record: [UInt8], overwriter: NodeNumber?)
        case check(LinkID, id: UInt64, fingerprint: UInt64)
        /// An admin's question about this node's own copy.
        case describe(id: UInt64)
        /// An object that a replica answered a read with, whose request is gone meanwhile.
        case expiry
        /// A chunk of hints for this node, at an object of its that comes next.
        case handoff(UInt64)
        /// What an overwrite made here has left beside it is to go.
        indirect case cover(Covering)
    }

    /// An event, since when it waits, and until when somebody waits for what comes of it.
    struct Waiter: Sendable {
        let event: Event
        let sinceNs: UInt64
        let deadlineNs: UInt64
    }

    private struct Waiters {
        let token: UInt64
        var waiters: [Waiter] = []
        /// When the first of them is to be given up.
        var wakeNs = UInt64.max
    }

    /// Looked up by key and never iterated.
    private var waiting: [ObjectKey: Waiters] = [:]
    /// The keys of the loads under way, by token. Looked up and never iterated.
    private var keys: [UInt64: ObjectKey] = [:]
    private var deadlines = DeadlineWheel(tickMs: DataPlane.tickMs)
    /// The token of the load that was started last.
    private(set) var lastToken: UInt64 = 0
    private(set) var count = 0
    /// Bytes of the values that wait.
    private(set) var bytes = 0

    /// Adds an event; returns the token of the load to start when it is the first for its key.
    ///
    /// - Parameter deadlineNs: when it is given up; .max for never.
    mutating func append(
        _ event: Event, for key: ObjectKey, deadlineNs: UInt64, nowNs: UInt64
    ) -> UInt64? {
        count += 1
        bytes += event.size
        var waiters = waiting.removeValue(forKey: key) ?? Waiters(token: lastToken + 1)
        let isFirst = waiters.waiters.isEmpty
        waiters.waiters.append(Waiter(event: event, sinceNs: nowNs, deadlineNs: deadlineNs))
        if deadlineNs < waiters.wakeNs {
            waiters.wakeNs = deadlineNs
            deadlines.schedule(waiters.token, atNs: deadlineNs, nowNs: nowNs)
        }
        waiting[key] = waiters
        guard isFirst else { return nil }
        lastToken = waiters.token
        keys[lastToken] = key
        return lastToken
    }

    /// Whether a command from the same source as `origin` waits for the key.
    func hasCommand(on key: ObjectKey, from origin: Request.Origin) -> Bool {
        waiting[key]?.waiters.contains { waiter in
            guard case .request(let request) = waiter.event else { return false }
            return request.origin.hasSource(of: origin)
        } ?? false
    }

    /// Takes the events that waited for this load; nil when it is not the one they wait for.
    mutating func take(_ key: ObjectKey, token: UInt64) -> [Waiter]? {
        guard let waiters = waiting[key], waiters.token == token else { return nil }
        waiting[key] = nil
        keys[token] = nil
        for waiter in waiters.waiters { forget(waiter) }
        return waiters.waiters
    }

    /// Takes the events that nobody waits for any more, though their loads go on.
    mutating func takeLate(nowNs: UInt64) -> [Waiter] {
        var late: [Waiter] = []
        for token in deadlines.advance(toNs: nowNs) {
            guard let key = keys[token], var waiters = waiting.removeValue(forKey: key) else {
                continue
            }
            // Else the wheel was too small for the deadline.
            if waiters.wakeNs <= nowNs {
                late += waiters.waiters.filter { $0.deadlineNs <= nowNs }
                waiters.waiters.removeAll { $0.deadlineNs <= nowNs }
                waiters.wakeNs = waiters.waiters.lazy.map(\.deadlineNs).min() ?? .max
            }
            if waiters.waiters.isEmpty {
                keys[token] = nil
                continue
            }
            if waiters.wakeNs < .max {
                deadlines.schedule(token, atNs: waiters.wakeNs, nowNs: nowNs)
            }
            waiting[key] = waiters
        }
        for waiter in late { forget(waiter) }
        return late
    }

    /// Forgets all loads under way and returns what waited for them, in the order of their tokens.
    mutating func takeAll() -> [Waiter] {
        let all = waiting.values.sorted { $0.token < $1.token }
        waiting = [:]
        keys = [:]
        (count, bytes) = (0, 0)
        return all.flatMap(\.waiters)
    }

    private mutating func forget(_ waiter: Waiter) {
        count -= 1
        bytes -= waiter.event.size
    }
}

extension ParkedEvents.Event {
    /// Bytes of the value that it holds.
    fileprivate var size: Int {
        switch self {
        case .request(let request): request.operation.payloadSize
        case .write(_, _, _, let record, _): record.count
        case .cover(let covering): covering.flight.record.count
        case .check, .describe, .expiry, .handoff: 0
        }
    }
}
