internal import Essentials

/// What an answer from a peer, or a deadline, is about: part of every flight's number.
enum FlightKind: UInt64, Sendable {
    case read = 0
    case write = 1
    case forward = 2
    case handoff = 3

    /// The kind of the flight that `id` names; nil for numbers that name none.
    init?(of id: UInt64) { self.init(rawValue: id >> 32 & 3) }
}

/// What a `FlightTable` holds.
protocol InFlight: Sendable {}

extension InFlight {
    /// A method, because optional chaining reaches a flight where it lies; binding it would move it
    /// out and back.
    fileprivate mutating func update<Result>(_ body: (inout Self) -> Result) -> Result {
        body(&self)
    }
}

/// What is under way at a coordinator, of one kind, by a number that is never used twice.
///
///     uses of the place (30 bits) | kind (2) | place in the table (32)
///
/// The uses make an answer that comes late find nothing instead of somebody else's request.
/// Confined to its shard.
struct FlightTable<Flight: InFlight>: Sendable {
    private struct Place {
        var uses: UInt64 = 0
        var flight: Flight?
    }

    private static var usesMax: UInt64 { 1 << 30 - 1 }

    private let kind: FlightKind
    private var places: [Place] = []
    private var free: [UInt32] = []
    private(set) var count = 0

    init(_ kind: FlightKind) { self.kind = kind }

    mutating func insert(_ flight: consuming Flight) -> UInt64 {
        count += 1
        let index: Int
        if let reused = free.popLast() {
            index = Int(reused)
        } else {
            index = places.count
            places.append(Place())
        }
        // Zero is no number: messages that want no answer carry it.
        let uses = places[index].uses
        places[index].uses = uses == Self.usesMax ? 1 : uses + 1
        places[index].flight = flight
        return id(of: index)
    }

    /// The flight, or nil when it has ended.
    subscript(id: UInt64) -> Flight? {
        holds(id) ? places[Int(UInt32(truncatingIfNeeded: id))].flight : nil
    }

    func holds(_ id: UInt64) -> Bool {
        let index = Int(UInt32(truncatingIfNeeded: id))
        return index < places.count && self.id(of: index) == id && places[index].flight != nil
    }

    /// Looks at a flight in place: the subscript would copy, and count references to, all of it.
    func look<Result>(_ id: UInt64, _ body: (Flight?) -> Result) -> Result {
        guard holds(id) else { return body(nil) }
        return body(places[Int(UInt32(truncatingIfNeeded: id))].flight)
    }

    /// Works on a flight in place; nil, and nothing done, when it has ended.
    mutating func update<Result>(_ id: UInt64, _ body: (inout Flight) -> Result) -> Result? {
        guard holds(id) else { return nil }
        return places[Int(UInt32(truncatingIfNeeded: id))].flight?.update(body)
    }

    mutating func remove(_ id: UInt64) -> Flight? {
        guard holds(id) else { return nil }
        let index = Int(UInt32(truncatingIfNeeded: id))
        count -= 1
        free.append(UInt32(index))
        return places[index].flight.take()
    }

    /// The numbers of all flights, by place.
    var ids: [UInt64] {
        places.indices.lazy.filter { places[$0].flight != nil }.map { id(of: $0) }
    }

    private func id(of index: Int) -> UInt64 {
        places[index].uses << 34 | kind.rawValue << 32 | UInt64(index)
    }
}
