/// Decides when a replicated write has succeeded, or can no longer succeed.
///
/// One value lives for one client write, until every replica has settled. It does no I/O and reads
/// no clock: the coordinator passes it every event and carries out the effect it returns. A replica
/// is its place in the preference list; places below `primaries` are the key's primaries, those
/// above are fallbacks, which are added when one is asked, and which count for `w` and `dw` and
/// never for `pw` (Dynamo, section 4.6; riak's replication properties).
public struct WriteQuorum: Sendable {
    public enum Event: Sendable {
        /// The replica has the write; `isDurable`: past an fsync.
        case stored(by: Int, isDurable: Bool)
        case failed(Int)
        case deadlinePassed
    }

    public enum Effect: Equatable, Sendable { case none, acknowledge, reject(Shortfall) }

    /// How far a write came that was not acknowledged, or would come. It may still take effect.
    public struct Shortfall: Equatable, Sendable {
        /// What there are too few of.
        public enum Kind: Equatable, Sendable { case replicas, primaries, durable }

        public var stored: Int
        public var required: Int
        public var kind: Kind

        public init(stored: Int, required: Int, kind: Kind = .replicas) {
            self.stored = stored
            self.required = required
            self.kind = kind
        }
    }

    /// How many replicas must have the write, must be primaries, must have it on disk.
    public struct Requirement: Equatable, Sendable {
        public var w: Int
        public var pw: Int
        public var dw: Int

        public init(w: Int, pw: Int = 0, dw: Int = 0) {
            self.w = w
            self.pw = pw
            self.dw = dw
        }

        /// What a write would lack if all that can be reached took it; nil when it can succeed.
        /// Asked before a write is made, so that one which must fail leaves nothing behind.
        ///
        /// - Parameter fallbacks: how many would stand in for primaries.
        public func shortfall(primaries: Int, fallbacks: Int) -> Shortfall? {
            guard primaries < pw || primaries + fallbacks < max(w, dw) else { return nil }
            let replicas = primaries + fallbacks
            return worst(stored: replicas, primaries: primaries, durable: replicas)
        }

        /// The requirement that is missed by most is the one to tell.
        func worst(stored: Int, primaries: Int, durable: Int) -> Shortfall {
            let candidates = [
                Shortfall(stored: stored, required: w),
                Shortfall(stored: primaries, required: pw, kind: .primaries),
                Shortfall(stored: durable, required: dw, kind: .durable),
            ]
            var worst = candidates[0]
            for one in candidates where one.required - one.stored > worst.required - worst.stored {
                worst = one
            }
            return worst
        }
    }

    private let requirement: Requirement
    private let primaries: Int
    private var pending: PlaceSet
    private var stored = 0
    private var primariesStored = 0
    private var durable = 0

    /// - Precondition: `requirement.w >= 1 && requirement.pw <= primaries`.
    public init(primaries: Int, requirement: Requirement) {
        precondition(1 <= requirement.w)
        precondition(requirement.pw <= primaries)
        precondition(primaries <= PlaceSet.placesMax)
        self.requirement = requirement
        self.primaries = primaries
        self.pending = PlaceSet(first: primaries)
    }

    /// Counts on the fallback at `place`, which is about to be asked.
    ///
    /// - Precondition: `primaries <= place && place < PlaceSet.placesMax`, and no place twice.
    public mutating func add(fallback place: Int) {
        precondition(primaries <= place && place < PlaceSet.placesMax)
        pending.insert(place)
    }

    /// How many replicas must have the write.
    public var required: Int { requirement.w }

    /// Begins anew, for another write under the same requirement.
    public mutating func restart() {
        self = WriteQuorum(primaries: primaries, requirement: requirement)
    }

    /// Whether replicas need to say when the write is on disk.
    public var wantsDurability: Bool { requirement.dw > 0 }

    /// Whether every replica has answered, or was given up.
    public var isSettled: Bool { pending.isEmpty }

    /// Whether the write has succeeded, or failed: the client is to be answered once.
    public private(set) var isDecided = false

    public func isPending(_ place: Int) -> Bool { pending.contains(place) }

    /// Takes note of `event`. The client is answered once, so later events yield `.none`.
    public mutating func apply(_ event: Event) -> Effect {
        switch event {
        case .stored(let place, let isDurable):
            if pending.remove(place) { count(place, isDurable: isDurable) }
        case .failed(let place): _ = pending.remove(place)
        case .deadlinePassed: pending.removeAll()
        }
        guard !isDecided else { return .none }
        if isMet {
            isDecided = true
            return .acknowledge
        }
        guard !isAttainable else { return .none }
        isDecided = true
        return .reject(shortfall)
    }

    private var isMet: Bool {
        stored >= requirement.w && primariesStored >= requirement.pw && durable >= requirement.dw
    }

    private var isAttainable: Bool {
        var primariesPending = 0
        for place in 0..<primaries where pending.contains(place) { primariesPending += 1 }
        return stored + pending.count >= requirement.w
            && primariesStored + primariesPending >= requirement.pw
            && durable + pending.count >= requirement.dw
    }

    private var shortfall: Shortfall {
        requirement.worst(stored: stored, primaries: primariesStored, durable: durable)
    }

    private mutating func count(_ place: Int, isDurable: Bool) {
        stored += 1
        if place < primaries { primariesStored += 1 }
        if isDurable { durable += 1 }
    }
}
