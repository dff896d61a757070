/// Decides whom a read still has to ask, and when enough replicas hold what it answers.
///
/// A read has two parts. First, replicas are asked, only as many as are needed; one that fails, or
/// is slow, is helped out by the next. The coordinator sends the fingerprint of its own copy; a
/// replica answers that it holds the same, or with its whole object, so a mismatch costs no second
/// round trip. When enough have answered, the coordinator merges.
///
/// Second, where the copies differed and `settle` is called, the client waits until enough replicas
/// hold the merged object: those that were behind get it, and one that fails before it has
/// acknowledged is replaced by the next, which is asked and, if it is behind, gets it, too. So a
/// value that was read once is held by r replicas, and each later read of r > n/2 meets one of
/// them: quorum reads are monotonic (Cassandra's blocking read repair; the write-back of Attiya,
/// Bar-Noy and Dolev, 1995).
///
/// One value lives for one read. Comparing and merging are the caller's.
public struct ReadQuorum: Sendable {
    public enum Event: Sendable {
        /// While settling: it holds the merged object.
        case answered(by: Int)
        /// While settling: the replica has answered with less, and is sent the merged object.
        case behind(Int)
        /// The replica has acknowledged the merged object.
        case repaired(Int)
        case failed(Int)
        /// The replicas asked are slower than usual: ask one more.
        case slow
        case deadlinePassed

        /// Whether a replica has told what it holds.
        public var isAnswer: Bool {
            switch self {
            case .answered, .behind, .repaired: true
            case .failed, .slow, .deadlinePassed: false
            }
        }
    }

    public enum Effect: Equatable, Sendable {
        case none
        /// Ask the replica at this place.
        case ask(Int)
        /// Enough have answered: merge. The read is done, or goes on with `settle`.
        case merge
        /// Enough hold the merged object.
        case answer
        case reject(Shortfall)
    }

    /// How far a read has come that was not answered; while settling, how many hold the object.
    public struct Shortfall: Equatable, Sendable {
        /// What there are too few of.
        public enum Kind: Equatable, Sendable { case replicas, primaries }

        public var answered: Int
        public var required: Int
        public var kind: Kind

        public init(answered: Int, required: Int, kind: Kind = .replicas) {
            self.answered = answered
            self.required = required
            self.kind = kind
        }

        /// Of a read that has asked nobody: the coordinator has its own copy.
        ///
        /// - Parameter isPrimary: whether that is a primary's.
        public init(unaskedOf r: Int, pr: Int, isPrimary: Bool) {
            if r > 1 {
                self.init(answered: 1, required: r)
            } else {
                self.init(answered: isPrimary ? 1 : 0, required: pr, kind: .primaries)
            }
        }
    }

    private enum Part: UInt8 { case asking, merging, settling, decided }

    private let r: Int
    private var pr: Int
    private let primaries: Int
    private var order: PlaceList
    private var part = Part.asking
    private var asked = PlaceSet()
    private var pending = PlaceSet()
    private var repairing = PlaceSet()
    /// Who has answered; while settling, who holds the merged object.
    private var counted: PlaceSet

    /// - Parameter own: the coordinator's place; its copy is there without asking.
    /// - Parameter order: whom to ask, in this order.
    /// - Precondition: `1 <= r && pr <= primaries`.
    public init(own: Int, order: PlaceList, primaries: Int, r: Int, pr: Int = 0) {
        precondition(1 <= r)
        precondition(pr <= primaries)
        self.order = order
        self.primaries = primaries
        self.r = r
        self.pr = pr
        counted = PlaceSet()
        counted.insert(own)
        asked.insert(own)
    }

    /// Whether the replica at this place was asked and has not answered.
    public func isPending(_ place: Int) -> Bool { pending.contains(place) }

    /// Whether the replica at this place was sent the merged object and has not acknowledged it.
    public func isRepairing(_ place: Int) -> Bool { repairing.contains(place) }

    /// Whether the replica at this place has answered; while settling, whether it holds the merged
    /// object.
    public func isCounted(_ place: Int) -> Bool { counted.contains(place) }

    public func isAsked(_ place: Int) -> Bool { asked.contains(place) }

    /// What it lacks so far: replicas, or primaries among them.
    public var shortfall: Shortfall {
        guard counted.count >= r else { return Shortfall(answered: counted.count, required: r) }
        return Shortfall(answered: primaryCount(of: counted), required: pr, kind: .primaries)
    }

    /// Whether the read is under way and there are replicas that it has not asked.
    public var canAskMore: Bool {
        guard part == .asking || part == .settling else { return false }
        for index in 0..<order.count where !asked.contains(order[index]) { return true }
        return false
    }

    /// Whether no replica owes an answer.
    public var isQuiet: Bool { pending.isEmpty && repairing.isEmpty }

    /// Adds a replica that may be asked when those before it do not suffice.
    public mutating func append(_ place: Int) { order.append(place) }

    /// The replica at `place` does not answer; `apply` with the same says what to do next.
    public mutating func fail(_ place: Int) {
        _ = pending.remove(place)
        _ = repairing.remove(place)
    }

    /// Goes on with as many primaries as may still answer, and with no fewer than `least`: for a
    /// coordinator that is none of them, and asks them all the same as long as there are some.
    public mutating func relaxPrimaries(to least: Int) {
        guard part == .asking else { return }
        var hopeful = counted.union(pending)
        for index in 0..<order.count where !asked.contains(order[index]) {
            hopeful.insert(order[index])
        }
        pr = max(least, min(pr, primaryCount(of: hopeful)))
    }

    /// What to do next, at the beginning or after an effect `.ask` that was carried out: call until
    /// it returns something else than `.ask`.
    public mutating func advance() -> Effect {
        guard part == .asking || part == .settling else { return .none }
        let hasEnough = counted.count >= r
        if hasEnough, pr == 0 || primaryCount(of: counted) >= pr {
            if part == .settling {
                part = .decided
                return .answer
            }
            part = .merging
            return .merge
        }
        let expected = counted.union(pending).union(repairing)
        let lacksPrimaries = pr > 0 && primaryCount(of: expected) < pr
        guard expected.count < r || lacksPrimaries else { return .none }
        guard isAttainable(from: expected) else {
            part = .decided
            return .reject(shortfall)
        }
        return ask(primaryOnly: expected.count >= r)
    }

    /// Takes note of `event` and says what to do next, as `advance` does.
    public mutating func apply(_ event: Event) -> Effect {
        switch event {
        case .answered(let place): if pending.remove(place) { counted.insert(place) }
        case .behind(let place): if pending.remove(place) { repairing.insert(place) }
        case .repaired(let place): if repairing.remove(place) { counted.insert(place) }
        case .failed(let place):
            _ = pending.remove(place)
            _ = repairing.remove(place)
        case .slow:
            guard part == .asking || part == .settling else { return .none }
            return ask(primaryOnly: false)
        case .deadlinePassed:
            pending.removeAll()
            repairing.removeAll()
            order = PlaceList()
        }
        return advance()
    }

    /// Asks a replica that the read does not need; its answer counts like any other.
    public mutating func askAlso(_ place: Int) -> Effect {
        guard part == .asking, !asked.contains(place) else { return .none }
        asked.insert(place)
        pending.insert(place)
        return .ask(place)
    }

    /// Goes on after `.merge`: the replicas `behind` have answered with less than the merged object
    /// and are sent it.
    public mutating func settle(behind: PlaceSet) -> Effect {
        precondition(part == .merging)
        part = .settling
        moveToRepairing(behind)
        return advance()
    }

    /// Ends the read after `.merge`, though the replicas `behind` are still to acknowledge: further
    /// events only count them off.
    public mutating func end(behind: PlaceSet) {
        part = .decided
        moveToRepairing(behind)
    }

    private mutating func moveToRepairing(_ places: PlaceSet) {
        for place in 0..<PlaceSet.placesMax where places.contains(place) {
            if counted.remove(place) { repairing.insert(place) }
        }
    }

    private func primaryCount(of places: PlaceSet) -> Int {
        var count = 0
        for place in 0..<primaries where places.contains(place) { count += 1 }
        return count
    }

    /// Whether `expected` and all that could still be asked are enough.
    private func isAttainable(from expected: PlaceSet) -> Bool {
        var hopeful = expected
        for index in 0..<order.count where !asked.contains(order[index]) {
            hopeful.insert(order[index])
        }
        return hopeful.count >= r && primaryCount(of: hopeful) >= pr
    }

    private mutating func ask(primaryOnly: Bool) -> Effect {
        for index in 0..<order.count {
            let place = order[index]
            guard !asked.contains(place), !primaryOnly || place < primaries else { continue }
            asked.insert(place)
            pending.insert(place)
            return .ask(place)
        }
        return .none
    }
}
