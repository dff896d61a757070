import Essentials
import Replication
import Testing

@Suite struct ReadQuorumTests {
    private func list(_ places: [Int]) -> PlaceList {
        var list = PlaceList()
        for place in places { list.append(place) }
        return list
    }

    private func set(_ places: Int...) -> PlaceSet {
        var set = PlaceSet()
        for place in places { set.insert(place) }
        return set
    }

    /// Of a coordinator at place 0; asks in the order of the places if not told otherwise.
    private func quorum(
        _ replicas: Int = 3, primaries: Int? = nil, r: Int, pr: Int = 0, order: [Int]? = nil
    ) -> ReadQuorum {
        ReadQuorum(
            own: 0, order: list(order ?? Array(1..<replicas)), primaries: primaries ?? replicas,
            r: r, pr: pr)
    }

    // MARK: Asking

    @Test func `the own copy is enough for r=1`() {
        var quorum = quorum(r: 1)
        #expect(quorum.advance() == .merge)
    }

    @Test func `it asks as many others as it needs, in the order it is told`() {
        var quorum = quorum(5, r: 3, order: [4, 1, 2, 3])
        #expect(quorum.advance() == .ask(4))
        #expect(quorum.advance() == .ask(1))
        #expect(quorum.advance() == .none)
        #expect(quorum.isPending(4))
        #expect(!quorum.isPending(2))
        #expect(quorum.apply(.answered(by: 1)) == .none)
        #expect(quorum.isCounted(1))
        #expect(quorum.apply(.answered(by: 4)) == .merge)
    }

    @Test func `a replica that fails is replaced by the next, until there is none`() {
        var quorum = quorum(r: 2)
        #expect(quorum.advance() == .ask(1))
        #expect(quorum.apply(.failed(1)) == .ask(2))
        #expect(quorum.apply(.failed(2)) == .reject(.init(answered: 1, required: 2)))
        #expect(quorum.apply(.answered(by: 2)) == .none)
    }

    @Test func `what cannot be reached is refused before anybody is asked`() {
        var few = quorum(r: 3, order: [1])
        #expect(few.advance() == .reject(.init(answered: 1, required: 3)))
        var fallbacks = quorum(4, primaries: 2, r: 2, pr: 2, order: [2, 3])
        #expect(fallbacks.advance() == .reject(.init(answered: 1, required: 2)))
    }

    @Test func `a replica that is added later helps out`() {
        var quorum = quorum(r: 2, order: [1])
        #expect(quorum.advance() == .ask(1))
        #expect(!quorum.canAskMore)
        quorum.append(2)
        #expect(quorum.canAskMore)
        #expect(quorum.apply(.failed(1)) == .ask(2))
        #expect(quorum.apply(.answered(by: 2)) == .merge)
    }

    @Test func `a slow replica is helped out by one more, and either may answer`() {
        var quorum = quorum(r: 2)
        #expect(quorum.advance() == .ask(1))
        #expect(quorum.apply(.slow) == .ask(2))
        #expect(quorum.apply(.slow) == .none)
        #expect(quorum.apply(.answered(by: 2)) == .merge)
        #expect(!quorum.isQuiet)
        #expect(quorum.apply(.answered(by: 1)) == .none)
        #expect(quorum.isQuiet)
    }

    @Test func `a replica may be asked only to learn about it`() {
        var quorum = quorum(r: 2)
        #expect(quorum.advance() == .ask(1))
        #expect(quorum.askAlso(1) == .none)
        #expect(quorum.askAlso(2) == .ask(2))
        #expect(quorum.apply(.answered(by: 1)) == .merge)
        #expect(quorum.isPending(2))
    }

    @Test func `an answer that was not asked for, or comes again, counts for nothing`() {
        var quorum = quorum(r: 3)
        #expect(quorum.advance() == .ask(1))
        #expect(quorum.advance() == .ask(2))
        #expect(quorum.apply(.answered(by: 1)) == .none)
        #expect(quorum.apply(.answered(by: 1)) == .none)
        #expect(quorum.apply(.answered(by: 0)) == .none)
        #expect(quorum.apply(.repaired(2)) == .none)
        #expect(quorum.apply(.answered(by: 2)) == .merge)
    }

    @Test func `the deadline tells how many had answered`() {
        var quorum = quorum(r: 3)
        #expect(quorum.advance() == .ask(1))
        #expect(quorum.advance() == .ask(2))
        #expect(quorum.apply(.answered(by: 2)) == .none)
        #expect(quorum.apply(.deadlinePassed) == .reject(.init(answered: 2, required: 3)))
    }

    @Test func `a fallback counts for r, not for pr`() {
        var quorum = quorum(4, primaries: 2, r: 2, pr: 2, order: [3, 1, 2])
        #expect(quorum.advance() == .ask(3))
        #expect(quorum.advance() == .ask(1))
        #expect(quorum.apply(.answered(by: 3)) == .none)
        #expect(
            quorum.apply(.failed(1))
                == .reject(.init(answered: 1, required: 2, kind: .primaries)))
    }

    // MARK: Settling

    /// A read at r=2 of 3 whose only answer came from place 1, which is behind.
    private func settling() -> ReadQuorum {
        var quorum = quorum(r: 2)
        _ = quorum.advance()
        #expect(quorum.apply(.answered(by: 1)) == .merge)
        #expect(quorum.settle(behind: set(1)) == .none)
        return quorum
    }

    @Test func `nobody is behind: the client is answered`() {
        var quorum = quorum(r: 2)
        _ = quorum.advance()
        #expect(quorum.apply(.answered(by: 1)) == .merge)
        #expect(quorum.settle(behind: PlaceSet()) == .answer)
    }

    @Test func `the client waits until r replicas hold the merged object`() {
        var quorum = settling()
        #expect(quorum.isRepairing(1) && !quorum.isQuiet)
        #expect(quorum.apply(.answered(by: 1)) == .none)
        #expect(quorum.apply(.repaired(1)) == .answer)
        #expect(quorum.apply(.repaired(1)) == .none)
        #expect(quorum.isQuiet)
    }

    @Test func `another replica takes the place of one that fails while it is repaired`() {
        var quorum = settling()
        #expect(quorum.apply(.failed(1)) == .ask(2))
        #expect(quorum.apply(.behind(2)) == .none)
        #expect(quorum.isRepairing(2))
        #expect(quorum.apply(.repaired(2)) == .answer)
    }

    @Test func `one that holds the merged object already needs no repair`() {
        var quorum = settling()
        #expect(quorum.apply(.slow) == .ask(2))
        #expect(quorum.apply(.answered(by: 2)) == .answer)
        #expect(quorum.isRepairing(1))
    }

    @Test func `when too few can be repaired, the read fails`() {
        var failing = settling()
        #expect(failing.apply(.failed(1)) == .ask(2))
        #expect(failing.apply(.failed(2)) == .reject(.init(answered: 1, required: 2)))
        var late = settling()
        #expect(late.apply(.deadlinePassed) == .reject(.init(answered: 1, required: 2)))
    }

    @Test func `a repair after the answer is only counted off`() {
        var quorum = quorum(5, r: 2)
        _ = quorum.advance()
        #expect(quorum.apply(.answered(by: 1)) == .merge)
        quorum.end(behind: set(1))
        #expect(quorum.isRepairing(1) && !quorum.isQuiet && !quorum.canAskMore)
        #expect(quorum.apply(.failed(1)) == .none)
        #expect(quorum.isQuiet)
    }

    /// Random events against what the numbers say about each state.
    @Test(arguments: 0..<1000) func `it answers exactly when enough hold it`(seed: Int) {
        var run = ReadQuorumRun(seed: UInt64(seed))
        run.play()
        for violation in run.violations { Issue.record("\(violation)") }
    }
}

/// A read of random numbers, with random events, and what must hold of it.
private struct ReadQuorumRun {
    private var random: SeededRandom
    private let primaries: Int
    private let r: Int
    private let pr: Int
    private let places: [Int]
    private var quorum: ReadQuorum
    private var answered: Set<Int> = []
    /// While settling.
    private var holding: Set<Int>?
    private var repairing: Set<Int> = []
    private var pending: Set<Int> = []
    private var failed: Set<Int> = []
    private(set) var violations: [String] = []

    init(seed: UInt64) {
        random = SeededRandom(seed: seed)
        let replicas = Int.random(in: 1...6, using: &random)
        primaries = Int.random(in: 1...replicas, using: &random)
        r = Int.random(in: 1...replicas, using: &random)
        pr = Int.random(in: 0...primaries, using: &random)
        let own = Int.random(in: 0..<replicas, using: &random)
        places = Array(0..<replicas)
        var order = PlaceList()
        for place in places.shuffled(using: &random) where place != own { order.append(place) }
        quorum = ReadQuorum(own: own, order: order, primaries: primaries, r: r, pr: pr)
        answered = [own]
    }

    mutating func play() {
        var effect = quorum.advance()
        for _ in 0..<200 {
            while case .ask(let place) = effect {
                check(!answered.contains(place) && !failed.contains(place), "asked again")
                check(pending.insert(place).inserted, "asked twice")
                effect = quorum.advance()
            }
            switch effect {
            case .merge:
                check(holding == nil && isMet(answered), "merges too early")
                effect = settle()
                continue
            case .answer:
                return check(holding.map(isMet) ?? false, "answers too early")
            case .reject:
                // All that have not failed are not enough.
                let hopeful = Set(places).subtracting(failed)
                return check(!isMet(hopeful), "rejects what could be")
            case .none, .ask: check(!isMet(holding ?? answered), "waits for nothing")
            }
            guard let next = happen() else { return check(false, "waits for nobody") }
            effect = next
        }
        check(false, "never decides")
    }

    private mutating func settle() -> ReadQuorum.Effect {
        var behind = PlaceSet()
        holding = answered
        for place in answered.sorted() where random.oneIn(2) {
            behind.insert(place)
            holding?.remove(place)
            repairing.insert(place)
        }
        return quorum.settle(behind: behind)
    }

    private mutating func happen() -> ReadQuorum.Effect? {
        if random.oneIn(5), quorum.canAskMore { return quorum.apply(.slow) }
        guard let place = pending.union(repairing).sorted().randomElement(using: &random) else {
            return nil
        }
        if random.oneIn(3) {
            failed.insert(place)
            pending.remove(place)
            repairing.remove(place)
            return quorum.apply(.failed(place))
        }
        if repairing.remove(place) != nil {
            holding?.insert(place)
            return quorum.apply(.repaired(place))
        }
        pending.remove(place)
        if holding != nil, random.oneIn(2) {
            repairing.insert(place)
            return quorum.apply(.behind(place))
        }
        answered.insert(place)
        holding?.insert(place)
        return quorum.apply(.answered(by: place))
    }

    private func isMet(_ set: Set<Int>) -> Bool {
        set.count >= r && set.count { $0 < primaries } >= pr
    }

    private mutating func check(_ isTrue: Bool, _ text: String) {
        if !isTrue { violations.append(text) }
    }
}
