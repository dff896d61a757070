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
struct ReadFlight: Sendable {
    var quorum: ReadQuorum
    let key: ObjectKey
    let partition: PartitionID
    /// The pinned slot of the key's object.
    let slot: Int
    let deadlineNs: UInt64
    /// In the order of arrival; all of them came before the read began.
    var served: [Arrival]
    /// In the order of arrival; these came later.
    var waiting: [Arrival]
    /// Whether the read was slow and has asked one replica more.
    var isHedged = false
    /// The fingerprint of the copy that replicas were asked to compare with; 0 until one differs.
    var comparedFingerprint: UInt64 = 0
    /// What differed, by its fingerprint.
    var differing: [(place: Int, fingerprint: UInt64)] = []

    var requestCount: Int { served.count + waiting.count }

    /// Whether a request from `origin` would overtake one from the same source.
    func isAhead(of origin: Request.Origin) -> Bool {
        served.contains { $0.request.origin.hasSource(of: origin) }
            || waiting.contains { $0.request.origin.hasSource(of: origin) }
    }
}

/// A write that was made here and has to reach other replicas.
struct WriteFlight: Sendable {
    var quorum: WriteQuorum
    let origin: Request.Origin
    /// What the client is answered when enough replicas have the write.
    let reply: Reply
    let partition: PartitionID
    let startedNs: UInt64
    let deadlineNs: UInt64
    /// Replicas that the write was not sent to. They count as failed once the own store counts, so
    /// that an answer which says how many have the write includes this node.
    var unreached = PlaceSet()
}

/// A command that another node coordinates.
struct ForwardFlight: Sendable {
    let arrival: Arrival
    let partition: PartitionID
    /// Who was asked last, and all who were asked so far.
    var place = 0
    var tried = PlaceSet()
}

extension Request.Origin {
    /// Whether both come over one connection, whose order is to be kept.
    func hasSource(of other: Request.Origin) -> Bool {
        switch (self, other) {
        case (.client(let one), .client(let two)): one >> 32 == two >> 32
        case (.peer(let one, _), .peer(let two, _)): one == two
        case (.client, .peer), (.peer, .client): false
        }
    }
}
