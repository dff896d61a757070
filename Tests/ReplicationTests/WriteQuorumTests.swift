import Testing

@testable import Replication

@Suite struct WriteQuorumTests {
    private func quorum(
        _ replicas: Int = 3, primaries: Int? = nil, w: Int, pw: Int = 0, dw: Int = 0
    ) -> WriteQuorum {
        let primaries = primaries ?? replicas
        var quorum = WriteQuorum(
            primaries: primaries, requirement: .init(w: w, pw: pw, dw: dw))
        for place in primaries..<replicas { quorum.add(fallback: place) }
        return quorum
    }

    @Test func `w replicas acknowledge, and the client is answered once`() {
        var quorum = quorum(w: 2)
        #expect(quorum.apply(.stored(by: 2, isDurable: false)) == .none)
        #expect(quorum.apply(.stored(by: 0, isDurable: false)) == .acknowledge)
        #expect(quorum.apply(.stored(by: 1, isDurable: false)) == .none)
        #expect(quorum.isSettled)
    }

    @Test func `a repeated answer counts once`() {
        var quorum = quorum(w: 2)
        #expect(quorum.apply(.stored(by: 0, isDurable: true)) == .none)
        #expect(quorum.apply(.stored(by: 0, isDurable: true)) == .none)
        #expect(quorum.apply(.failed(0)) == .none)
        #expect(quorum.apply(.stored(by: 1, isDurable: true)) == .acknowledge)
    }

    @Test(arguments: 1...3) func `it rejects as soon as w is out of reach`(w: Int) {
        var quorum = quorum(w: w)
        let tolerated = 3 - w
        for place in 0..<tolerated { #expect(quorum.apply(.failed(place)) == .none) }
        #expect(
            quorum.apply(.failed(tolerated)) == .reject(.init(stored: 0, required: w)))
        #expect(quorum.apply(.deadlinePassed) == .none)
    }

    @Test func `the deadline tells how many had it`() {
        var quorum = quorum(w: 3)
        #expect(quorum.apply(.stored(by: 1, isDurable: false)) == .none)
        #expect(quorum.apply(.deadlinePassed) == .reject(.init(stored: 1, required: 3)))
        #expect(quorum.apply(.stored(by: 0, isDurable: false)) == .none)
    }

    @Test func `a fallback counts for w and dw, not for pw`() {
        var sloppy = quorum(4, primaries: 3, w: 2, dw: 1)
        #expect(sloppy.apply(.stored(by: 3, isDurable: true)) == .none)
        #expect(sloppy.apply(.stored(by: 0, isDurable: false)) == .acknowledge)

        var strict = quorum(4, primaries: 3, w: 2, pw: 2)
        #expect(strict.apply(.stored(by: 3, isDurable: true)) == .none)
        #expect(strict.apply(.stored(by: 0, isDurable: true)) == .none)
        #expect(strict.apply(.failed(1)) == .none)
        #expect(
            strict.apply(.failed(2)) == .reject(.init(stored: 1, required: 2, kind: .primaries)))
    }

    @Test func `what is only received does not count for dw`() {
        var quorum = quorum(w: 2, dw: 2)
        #expect(quorum.apply(.stored(by: 0, isDurable: true)) == .none)
        #expect(quorum.apply(.stored(by: 1, isDurable: false)) == .none)
        #expect(quorum.apply(.stored(by: 2, isDurable: true)) == .acknowledge)
    }

    @Test func `the requirement that is missed by most is told`() {
        var durability = quorum(w: 1, dw: 3)
        #expect(durability.apply(.stored(by: 0, isDurable: true)) == .none)
        #expect(
            durability.apply(.deadlinePassed)
                == .reject(.init(stored: 1, required: 3, kind: .durable)))
        var replicas = quorum(w: 3, dw: 1)
        #expect(replicas.apply(.stored(by: 0, isDurable: false)) == .none)
        #expect(replicas.apply(.deadlinePassed) == .reject(.init(stored: 1, required: 3)))
    }

    @Test func `a fallback takes the place of a primary that failed while nothing is decided`() {
        var quorum = quorum(w: 3)
        #expect(quorum.apply(.stored(by: 0, isDurable: false)) == .none)
        quorum.add(fallback: 3)
        #expect(quorum.apply(.failed(1)) == .none)
        #expect(quorum.apply(.stored(by: 2, isDurable: false)) == .none)
        #expect(!quorum.isDecided && !quorum.isSettled)
        #expect(quorum.apply(.stored(by: 3, isDurable: false)) == .acknowledge)
        #expect(quorum.isDecided && quorum.isSettled)
    }

    @Test func `what cannot succeed is known before it is tried`() {
        let requirement = WriteQuorum.Requirement(w: 2, pw: 1, dw: 2)
        #expect(requirement.shortfall(primaries: 2, fallbacks: 0) == nil)
        #expect(requirement.shortfall(primaries: 1, fallbacks: 1) == nil)
        #expect(
            requirement.shortfall(primaries: 1, fallbacks: 0)
                == .init(stored: 1, required: 2))
        #expect(
            requirement.shortfall(primaries: 0, fallbacks: 2)
                == .init(stored: 0, required: 1, kind: .primaries))
    }

    /// Every order of every outcome of up to four replicas, against what follows from the numbers.
    @Test func `it decides as the numbers say, whatever comes in which order`() {
        for replicas in 1...4 {
            for primaries in 1...replicas {
                for w in 1...replicas {
                    for pw in 0...primaries {
                        for dw in 0...replicas {
                            let model = Model(
                                replicas: replicas, primaries: primaries, w: w, pw: pw, dw: dw)
                            explore(
                                quorum(replicas, primaries: primaries, w: w, pw: pw, dw: dw), model)
                        }
                    }
                }
            }
        }
    }

    private func explore(_ quorum: WriteQuorum, _ model: Model) {
        for place in 0..<model.replicas where model.outcomes[place] == nil {
            for outcome in Model.Outcome.allCases {
                var quorum = quorum
                var model = model
                let event: WriteQuorum.Event =
                    switch outcome {
                    case .stored: .stored(by: place, isDurable: false)
                    case .durable: .stored(by: place, isDurable: true)
                    case .failed: .failed(place)
                    }
                let effect = quorum.apply(event)
                let expected = model.note(place, outcome)
                guard effect == expected else {
                    Issue.record("\(model): \(effect), not \(expected)")
                    return
                }
                explore(quorum, model)
            }
        }
    }

    /// Counts anew after every event.
    private struct Model {
        enum Outcome: CaseIterable { case stored, durable, failed }

        let replicas: Int
        let primaries: Int
        let w: Int
        let pw: Int
        let dw: Int
        var outcomes: [Outcome?]
        var isDecided = false

        init(replicas: Int, primaries: Int, w: Int, pw: Int, dw: Int) {
            self.replicas = replicas
            self.primaries = primaries
            self.w = w
            self.pw = pw
            self.dw = dw
            outcomes = Array(repeating: nil, count: replicas)
        }

        mutating func note(_ place: Int, _ outcome: Outcome) -> WriteQuorum.Effect {
            outcomes[place] = outcome
            guard !isDecided else { return .none }
            let now = counts(ofOpen: false)
            if now.stored >= w, now.primaries >= pw, now.durable >= dw {
                isDecided = true
                return .acknowledge
            }
            let best = counts(ofOpen: true)
            if best.stored >= w, best.primaries >= pw, best.durable >= dw { return .none }
            isDecided = true
            var worst = WriteQuorum.Shortfall(stored: now.stored, required: w)
            for one in [
                WriteQuorum.Shortfall(stored: now.primaries, required: pw, kind: .primaries),
                WriteQuorum.Shortfall(stored: now.durable, required: dw, kind: .durable),
            ] where one.required - one.stored > worst.required - worst.stored { worst = one }
            return .reject(worst)
        }

        /// What has come, or what could still come if all that is open went well.
        private func counts(ofOpen: Bool) -> (stored: Int, primaries: Int, durable: Int) {
            var counts = (stored: 0, primaries: 0, durable: 0)
            for (place, outcome) in outcomes.enumerated() {
                let isStored = outcome == .stored || outcome == .durable || outcome == nil && ofOpen
                guard isStored else { continue }
                counts.stored += 1
                if place < primaries { counts.primaries += 1 }
                if outcome != .stored { counts.durable += 1 }
            }
            return counts
        }
    }
}
