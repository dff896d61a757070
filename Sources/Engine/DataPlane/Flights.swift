internal import Essentials
internal import Objects
internal import Placement
internal import Replication
internal import Wire

/// A request and when it came: its time-out counts from there, wherever it had to wait.
struct Arrival: Sendable {
    var request: Request
    var atNs: UInt64

    var deadlineNs: UInt64 { atNs + UInt64(request.consistency.timeoutMs) * 1_000_000 }
}

/// A quorum read of one key, and all requests that it serves.
///
/// One is under way for a key at a time. Requests that need the replicas and come meanwhile wait
/// for the next, which then serves all of them: it begins after each of them has come, as their own
/// would have, and a hot key costs one round of messages instead of hundreds. Requests on the key
/// from a source that has one waiting wait, too, so that a client's pipeline keeps its order.
struct ReadFlight: InFlight {
    var quorum: ReadQuorum
    let key: ObjectKey
    let partition: PartitionID
    /// The coordinator's own place.
    let own: Int
    /// The pinned slot of the key's object; somebody else's once the read is detached.
    let slot: Int
    let askedAtStart: PlaceSet
    let startedNs: UInt64
    /// The last of the deadlines of those that it serves.
    let deadlineNs: UInt64
    /// The fingerprint of the copy that replicas are asked to compare with.
    let comparedFingerprint: UInt64
    /// In the order of arrival; all of them came before the read began.
    var served: [Arrival]
    /// In the order of arrival; these came later.
    var waiting: [Arrival]
    /// What differed, by its fingerprint.
    var differing: [(place: Int, fingerprint: UInt64)] = []
    /// The object as it was when replicas were asked, where it has changed since.
    var compared: ReadObject?
    /// What enough replicas must hold before the read is answered, where they differed.
    var merged: ReadObject?
    /// Since when `merged` is on its way to replicas.
    var settlingNs: UInt64 = 0
    /// The replicas that were asked to compare with `merged`.
    var askedWithMerged = PlaceSet()
    /// Who was asked last beside those asked at the start, and when.
    var lastAsked: (place: Int, atNs: UInt64)?
    /// The replica that was asked because others were slow, and the one that was only probed.
    var hedge: Int?
    var probe: Int?
    /// When the deadlines of its requests are looked at next. While that is not planned, it is the
    /// latest that it may be: the time at which the read is late is planned, and comes before.
    var lookNs: UInt64
    var isLookPlanned = false
    /// Whether fallbacks may be asked, too.
    var hasFallbacks = false
    /// Whether a primary has told what it holds; the coordinator's own copy aside.
    var hasPrimary = false
    /// Its requests are answered. What is left are answers to come, from which latencies and
    /// repairs are counted: it serves nobody and holds no slot.
    var isDetached = false

    var requestCount: Int { served.count + waiting.count }

    /// Whether a request from `origin` would overtake one from the same source.
    func isAhead(of origin: Request.Origin) -> Bool {
        served.contains { $0.request.origin.hasSource(of: origin) }
            || waiting.contains { $0.request.origin.hasSource(of: origin) }
    }

    /// When the replica at `place` was asked; nil where others were since.
    func askedNs(_ place: Int) -> UInt64? {
        if let lastAsked, lastAsked.place == place { return lastAsked.atNs }
        return askedAtStart.contains(place) ? startedNs : nil
    }
}

/// An object as a read shows it, and as it travels. A class, so that a flight stays small: few
/// reads have one.
final class ReadObject: Sendable {
    let object: Object
    let fingerprint: UInt64

    init(_ object: Object) {
        self.object = object
        fingerprint = object.fingerprint
    }
}

/// A write that was made here and has to reach other replicas. It lives until each of them has
/// answered or was given up, so that nothing which is missed goes without a hint.
struct WriteFlight: InFlight {
    /// A fallback that was asked to keep a hint for `target`.
    struct StandIn: Sendable {
        let node: NodeNumber
        let target: NodeNumber
    }

    var quorum: WriteQuorum
    /// This node.
    let coordinator: NodeNumber
    let origin: Request.Origin
    /// What the client is answered when enough replicas have the write.
    let reply: Reply
    let key: ObjectKey
    /// The object as it was sent, shared with the messages.
    let record: [UInt8]
    let partition: PartitionID
    let startedNs: UInt64
    let deadlineNs: UInt64
    /// Whether replicas tell what they hold beside it: a plain overwrite, which must cover that.
    let wantsUncovered: Bool
    /// Primaries, this one aside, that have it and nothing beside.
    var plainAnswers = 0
    /// What the others hold; all of it came before the client was answered.
    var reports: [Report] = []
    /// Enough replicas have it, but the client waits for what comes of the reports.
    var isHeld = false
    /// Until when more answers are waited for, if they are; 0 if not.
    var evidenceNs: UInt64 = 0
    /// In the order of their places, which follow those of the primaries. None while all are up.
    var standIns: [StandIn] = []

    /// What a replica holds that has merged the write.
    struct Report: Sendable {
        let object: Object
        let record: [UInt8]
        let wasKnown: Bool
    }

    /// Whether the client has its answer.
    var isAnswered: Bool { quorum.isDecided && !isHeld }

    /// Where the write's quorum counts `node`.
    func place(of node: NodeNumber, _ table: PlacementTable) -> Int? {
        if let place = table.place(of: node, in: partition) { return place }
        guard let index = standIns.firstIndex(where: { $0.node == node }) else { return nil }
        return table.replicaCount + index
    }

    func node(at place: Int, _ table: PlacementTable) -> NodeNumber {
        place < table.replicaCount
            ? table.replica(partition, place) : standIns[place - table.replicaCount].node
    }

    /// The primary that the replica at `place` is, or stands in for.
    func target(at place: Int, _ table: PlacementTable) -> NodeNumber {
        place < table.replicaCount
            ? table.replica(partition, place) : standIns[place - table.replicaCount].target
    }
}

/// A command that another node coordinates.
struct ForwardFlight: InFlight {
    /// A replica that was asked.
    struct Asked: Sendable {
        var node: NodeNumber
        var atNs: UInt64
    }

    let arrival: Arrival
    /// Greater for one that came later.
    let order: UInt64
    /// Who was asked last and has not failed, and, where that one is late and another was asked,
    /// who was asked before.
    var last: Asked?
    var late: Asked?
    /// From when on nobody who was asked begins it any more.
    var endsNs: UInt64 = 0
    /// Nobody will tell what became of it.
    var isLost = false
    var refusedBy: [NodeNumber] = []
    /// Whether somebody came to it too late once.
    var wasLate = false
    /// Whether the deadline is planned; before, only the time at which the first one is late is.
    var hasDeadline = false

    init(arrival: Arrival, order: UInt64) {
        self.arrival = arrival
        self.order = order
    }

    func isPending(_ node: NodeNumber) -> Bool { last?.node == node || late?.node == node }

    /// Takes `node` from those who may answer; returns when it was asked.
    mutating func remove(_ node: NodeNumber) -> UInt64? {
        if let asked = last, asked.node == node {
            last = late
            late = nil
            return asked.atNs
        }
        if let asked = late, asked.node == node {
            late = nil
            return asked.atNs
        }
        return nil
    }
}

extension Request.Origin {
    /// A connection, whose order is to be kept.
    enum Source: Hashable {
        case client(UInt64)
        case peer(LinkID)
    }

    var source: Source {
        switch self {
        case .client(let number): .client(number >> 32)
        case .peer(let link, _): .peer(link)
        }
    }

    /// Whether both come over one connection.
    func hasSource(of other: Request.Origin) -> Bool { source == other.source }
}
