/// Decides when a replicated write has succeeded, or can no longer succeed.
///
/// One value lives for one client write. It does no I/O and reads no clock: the coordinator passes
/// it every event and carries out the effect it returns. A replica is its place in the preference
/// list; places below `primaries` are the key's primaries, those above are fallbacks, which count
/// for `w` and `dw` and never for `pw` (Dynamo, section 4.6; riak's replication properties).
public struct WriteQuorum: Sendable {
    public enum Event: Sendable {
        /// The replica has the write; `isDurable`: past an fsync.
        case stored(by: Int, isDurable: Bool)
        case failed(Int)
        case deadlinePassed
    }

    public enum Effect: Equatable, Sendable { case none, acknowledge, reject(Shortfall) }

    /// How far a write came that was not acknowledged. It may still take effect.
    public struct Shortfall: Equatable, Sendable {
        public var stored: Int
        public var required: Int
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
    }

    private let requirement: Requirement
    private let primaries: Int
    private var pending: PlaceSet
    private var stored = 0
    private var primariesStored = 0
    private var durable = 0
    private var isDecided = false

    /// - Precondition: `requirement` asks for no more than there are replicas.
    public init(replicas: Int, primaries: Int, requirement: Requirement) {
        precondition(1 <= requirement.w)
        precondition(requirement.w <= replicas)
        precondition(requirement.pw <= primaries)
        precondition(requirement.dw <= replicas)
        precondition(replicas <= PlaceSet.placesMax)
        self.requirement = requirement
        self.primaries = primaries
        self.pending = PlaceSet(first: replicas)
    }

    /// Whether replicas need to say when the write is on disk.
    public var wantsDurability: Bool { requirement.dw > 0 }

    /// Whether every replica has answered, or was given up.
    public var isSettled: Bool { pending.isEmpty }

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

    /// The requirement that is missed by most is the one to tell.
    private var shortfall: Shortfall {
        let candidates = [
            Shortfall(stored: stored, required: requirement.w),
            Shortfall(stored: primariesStored, required: requirement.pw),
            Shortfall(stored: durable, required: requirement.dw),
        ]
        var worst = candidates[0]
        for one in candidates where one.required - one.stored > worst.required - worst.stored {
            worst = one
        }
        return worst
    }

    private mutating func count(_ place: Int, isDurable: Bool) {
        stored += 1
        if place < primaries { primariesStored += 1 }
        if isDurable { durable += 1 }
    }
}
