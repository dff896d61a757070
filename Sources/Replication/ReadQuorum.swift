/// Decides whom a read still has to ask, and when enough replicas have answered.
///
/// The coordinator sends the fingerprint of its own context; a replica answers that it holds the
/// same, or with its whole object, so a mismatch costs no second round trip. Only as many replicas
/// are asked as are needed; one that fails, or is slow, is replaced by the next.
///
/// One value lives for one client read. Merging what came is the caller's.
public struct ReadQuorum: Sendable {
    public enum Event: Sendable {
        case answered(by: Int)
        case failed(Int)
        /// The replicas asked are slower than usual: ask one more.
        case slow
        case deadlinePassed
    }

    public enum Effect: Equatable, Sendable {
        case none
        /// Ask the replica at this place.
        case ask(Int)
        case answer
        case reject(answered: Int, required: Int)
    }

    private let r: Int
    private let pr: Int
    private let primaries: Int
    private let replicas: Int
    private var asked = PlaceSet()
    private var pending = PlaceSet()
    private var answers = PlaceSet()
    private var answered = 0
    private var primariesAnswered = 0
    private var isDecided = false
    private var next: Int

    /// - Parameter firstAsked: the place from which to look for replicas to ask, so that load
    ///   spreads over them.
    /// - Precondition: `1 <= r && r <= replicas && pr <= primaries`.
    public init(replicas: Int, primaries: Int, r: Int, pr: Int = 0, firstAsked: Int) {
        precondition(1 <= r)
        precondition(r <= replicas)
        precondition(pr <= primaries)
        precondition(replicas <= PlaceSet.placesMax)
        self.replicas = replicas
        self.primaries = primaries
        self.r = r
        self.pr = pr
        self.next = firstAsked % replicas
    }

    public func isPending(_ place: Int) -> Bool { pending.contains(place) }

    /// Whether the replica at this place was asked and has answered.
    public func hasAnswered(_ place: Int) -> Bool { answers.contains(place) }

    /// Counts the coordinator's own copy, which is there without asking.
    public mutating func countOwn(place: Int) {
        asked.insert(place)
        answered += 1
        if place < primaries { primariesAnswered += 1 }
    }

    /// What to do next after `countOwn` or an effect `.ask` that was carried out: call until it
    /// returns something else than `.ask`.
    public mutating func advance() -> Effect {
        guard !isDecided else { return .none }
        if isMet {
            isDecided = true
            return .answer
        }
        if answered + pending.count >= r, primariesAnswered + primariesPending >= pr {
            return .none
        }
        if let place = nextUnasked(primaryOnly: answered + pending.count >= r) {
            asked.insert(place)
            pending.insert(place)
            return .ask(place)
        }
        guard pending.isEmpty || !isAttainable else { return .none }
        isDecided = true
        return .reject(answered: min(answered, r), required: r)
    }

    /// Takes note of `event` and says what to do next, as `advance` does.
    public mutating func apply(_ event: Event) -> Effect {
        switch event {
        case .answered(let place):
            if pending.remove(place) {
                answers.insert(place)
                answered += 1
                if place < primaries { primariesAnswered += 1 }
            }
        case .failed(let place): _ = pending.remove(place)
        case .slow:
            guard !isDecided, let place = nextUnasked(primaryOnly: false) else { return .none }
            asked.insert(place)
            pending.insert(place)
            return .ask(place)
        case .deadlinePassed:
            pending.removeAll()
            asked = PlaceSet(first: replicas)
        }
        return advance()
    }

    private var isMet: Bool { answered >= r && primariesAnswered >= pr }

    private var primariesPending: Int {
        var count = 0
        for place in 0..<primaries where pending.contains(place) { count += 1 }
        return count
    }

    private var isAttainable: Bool {
        answered + pending.count >= r && primariesAnswered + primariesPending >= pr
    }

    private mutating func nextUnasked(primaryOnly: Bool) -> Int? {
        for step in 0..<replicas {
            let place = (next + step) % replicas
            guard !asked.contains(place), !primaryOnly || place < primaries else { continue }
            next = (place + 1) % replicas
            return place
        }
        return nil
    }
}
