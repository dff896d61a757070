internal import Essentials
internal import Placement
internal import Replication
internal import Wire

/// One client command under way at its coordinator.
struct InFlight: Sendable {
    enum Phase: Sendable {
        case reading(ReadQuorum)
        case writing(WriteQuorum, reply: Reply)
        /// Another node coordinates; `tried` are the places asked so far.
        case forwarding(place: Int, tried: PlaceSet)
    }

    var request: Request
    var phase: Phase
    var partition: PartitionID
    /// The pinned slot of the key's object; nil while forwarding.
    var slot: Int?
    var startedNs: UInt64
    var deadlineNs: UInt64
    /// Whether a slow read has asked one replica more.
    var isHedged = false
    /// The fingerprint of the copy that replicas were asked to compare with; 0 until one differs.
    var comparedFingerprint: UInt64 = 0
    /// What differed, by its fingerprint.
    var differing: [(place: Int, fingerprint: UInt64)] = []
    /// Replicas that a write was not sent to. They count as failed once the own store counts, so
    /// that an answer which says how many have the write includes this node.
    var unreached = PlaceSet()
}

/// The requests under way, by a number that is never used twice.
///
/// The lower half of a number is an index, the upper half counts its uses, so that an answer that
/// comes late finds nothing instead of somebody else's request.
struct RequestTable: Sendable {
    private struct Cell {
        var uses: UInt32 = 0
        var value: InFlight?
    }

    private var cells: [Cell] = []
    private var free: [UInt32] = []
    private let capacityMax: Int
    private(set) var count = 0

    init(capacityMax: Int) { self.capacityMax = capacityMax }

    var isFull: Bool { count >= capacityMax }

    mutating func insert(_ value: InFlight) -> UInt64 {
        count += 1
        let index: UInt32
        if let reused = free.popLast() {
            index = reused
        } else {
            index = UInt32(cells.count)
            cells.append(Cell())
        }
        cells[Int(index)].uses &+= 1
        cells[Int(index)].value = value
        return UInt64(cells[Int(index)].uses) << 32 | UInt64(index)
    }

    /// Works on a request in place; nil when `id` is settled already.
    subscript(id: UInt64) -> InFlight? {
        _read { yield holds(id) ? cells[Int(UInt32(truncatingIfNeeded: id))].value : nil }
        _modify {
            invariant(holds(id), "request \(id) is settled")
            yield &cells[Int(UInt32(truncatingIfNeeded: id))].value
        }
    }

    func holds(_ id: UInt64) -> Bool {
        let index = Int(UInt32(truncatingIfNeeded: id))
        return index < cells.count && cells[index].uses == UInt32(id >> 32)
            && cells[index].value != nil
    }

    mutating func remove(_ id: UInt64) -> InFlight? {
        guard holds(id) else { return nil }
        let index = Int(UInt32(truncatingIfNeeded: id))
        count -= 1
        free.append(UInt32(index))
        let value = cells[index].value.take()
        return value
    }

    /// The numbers of all requests under way, by index.
    var ids: [UInt64] {
        cells.indices.compactMap { index in
            cells[index].value == nil ? nil : UInt64(cells[index].uses) << 32 | UInt64(index)
        }
    }
}

/// Wakes requests at their deadlines, with the grain of a tick: a timing wheel (Varghese and Lauck,
/// 1987, scheme 6 without hashing of rounds: a deadline beyond the wheel is looked at once a turn).
///
/// Most requests are settled long before; their numbers are found stale when their turn comes.
struct DeadlineWheel: Sendable {
    /// At 10 ms a tick, 5.12 s.
    private static let bucketsCount = 512

    private var buckets = [[UInt64]](repeating: [], count: bucketsCount)
    private var current = 0
    private var currentNs: UInt64 = 0
    private let tickNs: UInt64

    init(tickMs: UInt64) { tickNs = tickMs * 1_000_000 }

    mutating func schedule(_ id: UInt64, atNs deadlineNs: UInt64, nowNs: UInt64) {
        if currentNs == 0 { currentNs = nowNs }
        let ticks = deadlineNs > currentNs ? (deadlineNs - currentNs) / tickNs + 1 : 1
        let steps = Int(min(ticks, UInt64(Self.bucketsCount - 1)))
        buckets[(current + steps) % Self.bucketsCount].append(id)
    }

    /// Moves to `nowNs` and returns whose turn it is.
    mutating func advance(toNs nowNs: UInt64) -> [UInt64] {
        guard currentNs > 0 else { return [] }
        var due: [UInt64] = []
        var steps = 0
        while currentNs + tickNs <= nowNs, steps < Self.bucketsCount {
            currentNs += tickNs
            steps += 1
            current = (current + 1) % Self.bucketsCount
            due.append(contentsOf: buckets[current])
            buckets[current].removeAll(keepingCapacity: buckets[current].count < 4096)
        }
        if currentNs + tickNs <= nowNs { currentNs = nowNs }
        return due
    }
}
