/// One request, as the client that made it saw it: what it asked, what it heard, and when.
///
/// A request that was refused before it could do anything, and a read that failed, are no events.
public struct Event: Sendable, Equatable {
    /// Numbers stand for values: see `ValueMaker`. A key is used in one of three ways only.
    public enum Action: Sendable, Equatable {
        // A register: one client writes its versions 1, 2, 3, … one after the other.
        case write(Int)
        /// A version that is nothing: a delete.
        case remove(Int)
        /// Nil: nothing was there.
        case read(Int?)

        // A counter, which everybody adds to.
        case add(Int)
        case count(Int)

        // Siblings: values put beside or in the place of those that the writer had seen. Every
        // value is put once; nil puts nothing in their place.
        case put(Int?, seen: [Int])
        case look([Int])

        /// A reply with a value that nobody ever made for this key.
        case stray(String)
    }

    public let key: String
    public let action: Action
    /// Nanoseconds of one clock for the whole history.
    public let begin: Int64
    /// Nil: the outcome is unknown. It may have happened, or happen at any later time.
    public let end: Int64?

    public init(_ key: String, _ action: Action, begin: Int64, end: Int64?) {
        self.key = key
        self.action = action
        self.begin = begin
        self.end = end
    }

    var isAcknowledged: Bool { end != nil }

    /// Whether this had ended, acknowledged, before `other` began.
    func precedes(_ other: Event) -> Bool { end.map { $0 < other.begin } ?? false }

    /// Whether this may have had an effect when `other` ended.
    func mayBeSeen(by other: Event) -> Bool { begin < other.end ?? .max }
}

/// What all clients of a run did.
public struct History: Sendable {
    public private(set) var events: [Event] = []

    public init(_ events: [Event] = []) { self.events = events }

    public mutating func append(_ event: Event) { events.append(event) }

    public mutating func append(contentsOf other: History) { events += other.events }

    /// The events of each key, in the order in which they began.
    var byKey: [(key: String, events: [Event])] {
        Dictionary(grouping: events, by: \.key).sorted { $0.key < $1.key }
            .map { ($0.key, $0.value.sorted { $0.begin < $1.begin }) }
    }

    /// All keys, in order.
    public var keys: [String] { byKey.map(\.key) }

    /// The same without what clients read.
    public var writes: History {
        History(
            events.filter { event in
                switch event.action {
                case .write, .remove, .add, .put: true
                case .read, .count, .look, .stray: false
                }
            })
    }

    /// The keys of registers, in order.
    public var registers: [String] {
        byKey.compactMap { key, events in KeyUse(events) == .register ? key : nil }
    }

    /// How long the requests took that began in a stretch of time and were answered.
    public func latencies(from beginNs: Int64, until endNs: Int64) -> [Duration] {
        events.filter { (beginNs..<endNs).contains($0.begin) }
            .compactMap { event in event.end.map { .nanoseconds($0 - event.begin) } }
    }

    public var acknowledged: Int { events.count { $0.isAcknowledged } }

    public var unknown: Int { events.count { !$0.isAcknowledged } }
}

/// In which of the three ways clients have used a key.
enum KeyUse {
    case register, counter, siblings

    init?(_ events: [Event]) {
        for event in events {
            switch event.action {
            case .write, .remove, .read: self = .register
            case .add, .count: self = .counter
            case .put, .look: self = .siblings
            case .stray: continue
            }
            return
        }
        return nil
    }
}
