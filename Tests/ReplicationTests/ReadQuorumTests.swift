import Essentials
import Replication
import Testing

@Suite struct ReadQuorumTests {
    private func quorum(
        _ replicas: Int = 3, primaries: Int? = nil, r: Int, pr: Int = 0, firstAsked: Int = 1
    ) -> ReadQuorum {
        var quorum = ReadQuorum(
            replicas: replicas, primaries: primaries ?? replicas, r: r, pr: pr,
            firstAsked: firstAsked)
        quorum.countOwn(place: 0)
        return quorum
    }

    @Test func `the own copy is enough for r=1`() {
        var quorum = quorum(r: 1)
        #expect(quorum.advance() == .answer)
    }

    @Test func `it asks as many others as it needs, from the place it is told`() {
        var quorum = quorum(5, r: 3, firstAsked: 4)
        #expect(quorum.advance() == .ask(4))
        #expect(quorum.advance() == .ask(1))
        #expect(quorum.advance() == .none)
        #expect(quorum.isPending(4))
        #expect(!quorum.isPending(2))
        #expect(quorum.apply(.answered(by: 1)) == .none)
        #expect(quorum.hasAnswered(1))
        #expect(quorum.apply(.answered(by: 4)) == .answer)
    }

    @Test func `a replica that fails is replaced by the next, until there is none`() {
        var quorum = quorum(r: 2)
        #expect(quorum.advance() == .ask(1))
        #expect(quorum.apply(.failed(1)) == .ask(2))
        #expect(quorum.apply(.failed(2)) == .reject(answered: 1, required: 2))
        #expect(quorum.apply(.answered(by: 2)) == .none)
    }

    @Test func `a slow replica is helped out by one more, and either may answer`() {
        var quorum = quorum(r: 2)
        #expect(quorum.advance() == .ask(1))
        #expect(quorum.apply(.slow) == .ask(2))
        #expect(quorum.apply(.slow) == .none)
        #expect(quorum.apply(.answered(by: 2)) == .answer)
        #expect(quorum.apply(.answered(by: 1)) == .none)
    }

    @Test func `an answer that was not asked for, or comes again, counts for nothing`() {
        var quorum = quorum(r: 3)
        #expect(quorum.advance() == .ask(1))
        #expect(quorum.advance() == .ask(2))
        #expect(quorum.apply(.answered(by: 1)) == .none)
        #expect(quorum.apply(.answered(by: 1)) == .none)
        #expect(quorum.apply(.answered(by: 0)) == .none)
        #expect(quorum.apply(.answered(by: 2)) == .answer)
    }

    @Test func `the deadline tells how many had answered`() {
        var quorum = quorum(r: 3)
        #expect(quorum.advance() == .ask(1))
        #expect(quorum.advance() == .ask(2))
        #expect(quorum.apply(.answered(by: 2)) == .none)
        #expect(quorum.apply(.deadlinePassed) == .reject(answered: 2, required: 3))
    }

    @Test func `a fallback counts for r, not for pr`() {
        var quorum = quorum(4, primaries: 2, r: 2, pr: 2, firstAsked: 3)
        #expect(quorum.advance() == .ask(3))
        #expect(quorum.advance() == .ask(1))
        #expect(quorum.apply(.answered(by: 3)) == .none)
        #expect(quorum.apply(.failed(1)) == .reject(answered: 2, required: 2))
    }

    /// Random events against what the numbers say about each state.
    @Test(arguments: 0..<500) func `it answers exactly when enough have answered`(seed: Int) {
        var random = SeededRandom(seed: UInt64(seed))
        let replicas = Int.random(in: 1...6, using: &random)
        let primaries = Int.random(in: 1...replicas, using: &random)
        let r = Int.random(in: 1...replicas, using: &random)
        let pr = Int.random(in: 0...primaries, using: &random)
        var quorum = ReadQuorum(
            replicas: replicas, primaries: primaries, r: r, pr: pr,
            firstAsked: Int.random(in: 0..<replicas, using: &random))
        let own = Int.random(in: 0..<replicas, using: &random)
        quorum.countOwn(place: own)
        var answered: Set<Int> = [own]
        var pending: Set<Int> = []
        var failed: Set<Int> = []
        var effect = quorum.advance()
        for _ in 0..<100 {
            while case .ask(let place) = effect {
                #expect(!answered.contains(place) && !failed.contains(place))
                #expect(pending.insert(place).inserted)
                effect = quorum.advance()
            }
            let isMet = answered.count >= r && answered.count { $0 < primaries } >= pr
            if effect == .answer {
                #expect(isMet)
                return
            }
            #expect(!isMet)
            if case .reject = effect {
                // All that have not failed are not enough.
                let hopeful = Set(0..<replicas).subtracting(failed)
                #expect(hopeful.count < r || hopeful.count { $0 < primaries } < pr)
                return
            }
            guard let place = pending.sorted().randomElement(using: &random) else {
                Issue.record("it waits for nobody")
                return
            }
            if random.oneIn(4) {
                effect = quorum.apply(.slow)
                continue
            }
            pending.remove(place)
            if random.oneIn(3) {
                failed.insert(place)
                effect = quorum.apply(.failed(place))
            } else {
                answered.insert(place)
                effect = quorum.apply(.answered(by: place))
            }
        }
        Issue.record("it never decides")
    }
}
