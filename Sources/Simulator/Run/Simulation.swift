internal import Commands
internal import Engine
internal import Essentials
internal import Membership
internal import Placement
internal import Wire

/// One run of clients on a cluster that is made to suffer, all drawn from one seed.
///
/// First safety: anything may go wrong, while clients go on. Then everything is healed, and within
/// a bound of virtual time everybody must have been answered, every queue be empty, and all
/// replicas hold the same. The same seed gives the same run, to the last byte of every message.
final class Simulation {
    let plan: Plan
    let scene: Scene
    let checkers: [any Checker]
    /// Those that go on in the second part, where data is flushed and members change.
    private let lateCheckers: [any Checker]
    private var secondPart: SecondPart?
    private var cluster: Cluster { scene.cluster }
    private var random: SeededRandom
    private var workload: Workload
    private let faults: FaultMaker
    private var keyspaces: KeyspaceAdmins
    private let pipelines: Pipelines?
    /// What happens instead in runs about agreement.
    private let storm: Storm?
    private(set) var requests = Tally()
    /// A client that has waited so long gives up; what it asked for may happen all the same.
    private static let patienceNs: UInt64 = 1_500_000_000
    /// How long after healing somebody may still be missed by anybody, in ms: suspicions of a cut
    /// are refuted within a period or two of the failure detector, and the dead are greeted.
    private static let reunionMsMax = 30_000
    /// How long the members' common clock may take to follow clocks that were set right, in ms.
    private static let clocksMs = 12_000
    /// How long after the last lag a loop may keep new work away, in ms.
    private static let calmMs = 1500
    /// How long the healed cluster may take to come to rest, in ms.
    private static let restMsMax = 20_000

    init(seed: UInt64, _ mistake: Mistake = .none) throws {
        var random = SeededRandom(seed: seed)
        plan = Plan(seed: seed, mistake, random: &random)
        scene = Scene(try Cluster(plan.options))
        workload = Workload(plan, random: &random)
        faults = FaultMaker(scene, plan, &random)
        keyspaces = KeyspaceAdmins(scene, plan.keyspaces)
        pipelines = plan.pipelines.map { [scene] in Pipelines(scene, $0, &random) }
        if let storm = plan.storm {
            self.storm = Storm(scene, plan, storm, &random)
        } else {
            storm = nil
        }
        self.random = random
        checkers = [
            AcknowledgementChecker(), DurabilityChecker(), ConvergenceChecker(), ReadChecker(),
            CausalityChecker(), RemovalChecker(), MonotonicReadChecker(), CounterChecker(),
            ExpiryChecker(), ContextChecker(), HandoffChecker(), RefusalChecker(), OrderChecker(),
            GivenUpChecker(), ClockChecker(),
            MemoryChecker(), StandInChecker(), StampChecker(),
        ]
        lateCheckers = [
            DotChecker(), BoundChecker(), LivenessChecker(), TopologyChecker(), ChangeChecker(),
            FenceChecker(), FlushChecker(), PlainChecker(),
        ]
        cluster.observer = { [unowned self] in observe($0) }
    }

    /// Runs to the end, or to the first broken rule.
    func run() {
        if let storm { return run(storm) }
        keyspaces.setUp()
        for _ in 0..<plan.steps {
            faults.step()
            keyspaces.step()
            for index in workload.sessions.indices { step(index) }
            pipelines?.step()
            cluster.wait(ms: UInt64.random(in: 0...UInt64(plan.stepMsMax), using: &random))
            guard !isBroken else { return }
        }
        heal()
        if !isBroken { observe(.healed) }
        if !isBroken, plan.hasSecondPart { goOn() }
        takeDriverViolations()
    }

    private func run(_ storm: Storm) {
        for _ in 0..<plan.steps {
            storm.step()
            cluster.wait(ms: UInt64.random(in: 0...UInt64(plan.stepMsMax), using: &random))
            guard !isBroken else { return }
        }
        storm.settle()
        if !isBroken { observe(.changed) }
        takeDriverViolations()
    }

    private func goOn() {
        let part = SecondPart(scene, plan, keyspaces, &random)
        secondPart = part
        part.run()
        if !isBroken { observe(.changed) }
    }

    private var isBroken: Bool {
        takeDriverViolations()
        return !scene.findings.isEmpty
    }

    private func takeDriverViolations() {
        for text in cluster.violations { scene.fail("the protocol", text) }
        cluster.violations = []
        for (promise, text) in cluster.agreement.takeViolations() {
            scene.fail(promise.name, text)
        }
    }

    private func observe(_ observation: Observation) {
        switch observation {
        case .submitted(let number): scene.history.note(number, cluster.clients[number])
        case .answered(let number, let reply):
            scene.history.settle(number, reply, atNs: cluster.timeNs)
        case .damaged(let node, let key, let cause):
            scene.damage.note(key, node: node, cause, atNs: cluster.timeNs)
        case .hintsEvicted(let node, let partition):
            let partitioning = cluster.sharding.partitioning
            for key in scene.history.keys
            where partitioning.partition(of: key.position) == partition {
                observe(.damaged(node: node, key, .eviction))
            }
        case .usedFallback(let key): scene.fallbacks.note(key, atNs: cluster.timeNs)
        case .ended: scene.lastEndNs = cluster.timeNs
        case .resumed: scene.lastResumeNs = cluster.timeNs
        case .trapped(let node, let trap, let target): storm?.spring(trap, at: node, target)
        default: break
        }
        if secondPart == nil, storm == nil {
            for checker in checkers { checker.observe(observation, in: scene) }
        }
        for checker in lateCheckers { checker.observe(observation, in: scene) }
    }

    // MARK: Clients

    private func step(_ index: Int) {
        if let open = workload.sessions[index].open {
            let request = cluster.clients[open]
            guard
                request.reply != nil || request.isLost
                    || cluster.timeNs > request.atNs + Self.patienceNs
            else { return }
            settle(index, open)
        }
        if random.oneIn(6) {
            workload.move(index, to: Int.random(in: 1...cluster.nodes.count, using: &random))
        }
        guard random.oneIn(2), cluster.isServing(workload.sessions[index].node) else { return }
        let words = workload.drawCommand(index, &random)
        let wanted = workload.drawWishes(&random)
        let number = cluster.submit(words, at: workload.sessions[index].node, wanted)
        workload.open(index, number)
    }

    private func settle(_ index: Int, _ number: UInt64) {
        let request = cluster.clients[number]
        workload.settle(index, request.words[1], request.reply)
        let name = String(decoding: request.words[0], as: UTF8.self)
        requests.add(name)
        if request.isUnderKeyspace { requests.add("under a keyspace") }
        switch request.reply {
        case nil: requests.add("of unknown outcome")
        case .error(let text): requests.add("answered \(text.prefix { $0 != " " })")
        default: requests.add("answered")
        }
    }

    // MARK: Healing

    private func heal() {
        faults.healAll()
        scene.lastResumeNs = cluster.timeNs
        cluster.weather = Weather(messageMs: min(plan.options.weather.messageMs, 5))
        guard reunites() else { return }
        // All deadlines pass, by every clock, and no loop takes itself for overloaded any more.
        let errorMs = min(Int(cluster.clockErrors.spreadMs), Self.clocksMs)
        let deadlinesMs = errorMs + Workload.lifeMsMax
        cluster.wait(ms: UInt64(max(deadlinesMs, Self.calmMs)))
        guard comesToRest() else { return }
        for index in workload.sessions.indices {
            if let open = workload.sessions[index].open { settle(index, open) }
        }
        guard drains() else { return }
        scene.isSettled = true
        observe(.drained)
        readEverything()
        for index in 1...cluster.nodes.count { cluster.sweep(index) }
        cluster.wait(ms: 500)
        _ = comesToRest()
    }

    private func reunites() -> Bool {
        var waitedMs = 0
        while !areAllAlive || !cluster.areAllInReach || !cluster.areClocksSound {
            guard waitedMs < Self.reunionMsMax else {
                scene.fail("everybody is seen", "not all are judged alive")
                return false
            }
            cluster.wait(ms: 50)
            waitedMs += 50
        }
        return true
    }

    private func comesToRest() -> Bool {
        var waitedMs = 0
        while cluster.clients.openCount + (pipelines?.openCount ?? 0) > 0 || !areAllAlive {
            guard waitedMs < Self.restMsMax else {
                let count = cluster.clients.openCount
                let opinion = areAllAlive ? "all are judged alive" : "not all are judged alive"
                scene.fail("comes to rest", "\(count) requests are still open, \(opinion)")
                return false
            }
            cluster.wait(ms: 50)
            waitedMs += 50
        }
        return true
    }

    /// Whether every node has seen that nobody is away any more.
    private var areAllAlive: Bool {
        cluster.nodes.allSatisfy { node in
            guard let detector = node.process?.detector else { return false }
            return cluster.nodes.allSatisfy {
                $0.index == node.index || detector.liveness(of: $0.number) == .alive
            }
        }
    }

    /// Every hint finds its way, now that every way is open.
    private func drains() -> Bool {
        var waitedMs = 0
        while cluster.nodes.contains(where: { $0.disk.hasHints }) {
            guard waitedMs < Self.restMsMax else {
                let names = cluster.nodes.filter(\.disk.hasHints).map(\.name)
                scene.fail("hints delivered", "\(names.joined(separator: ", ")) still keep hints")
                return false
            }
            cluster.wait(ms: 50)
            waitedMs += 50
        }
        return true
    }

    /// A read at ALL merges what the replicas hold and repairs them. One is made of each key, by
    /// one node: another one might read a merge that was never repaired.
    private func readEverything() {
        let all = ConsistencyOverride(
            exactly: Consistency(r: plan.options.n, w: 1, timeoutMs: 5000))
        for key in scene.history.keys {
            let one = Int.random(in: 1...cluster.nodes.count, using: &random)
            // Where contexts are cut, what was replaced may come back as a sibling when replicas
            // meet: then it takes more than one read.
            for node in scene.mayPrune ? Array(1...cluster.nodes.count) : [one] {
                check([cluster.submit([Array("DGET".utf8), key.bytes], at: node, all)])
            }
            guard !isBroken else { return }
        }
        cluster.wait(ms: 200)
        let nodes = Array(1...cluster.nodes.count)
        let groups = plan.isTight ? nodes.map { [$0] } : [nodes]
        for key in scene.history.keys {
            for group in groups {
                check(group.map { cluster.submit([Array("GET".utf8), key.bytes], at: $0) })
            }
            guard !isBroken else { return }
        }
    }

    /// With nothing wrong any more, everything must succeed.
    private func check(_ numbers: [UInt64]) {
        cluster.wait(ms: 20)
        guard comesToRest() else { return }
        for number in numbers {
            let request = cluster.clients[number]
            guard case .error(let text) = request.reply else { continue }
            scene.fail("everything works again", "\(Text.show(request.words[1])): \(text)")
        }
    }

    // MARK: Afterwards

    /// What this run has put to the test.
    var exercise: Exercise {
        var exercise = Exercise()
        exercise.faults = storm?.made ?? faults.made
        if let secondPart { exercise.faults.add(secondPart.made) }
        exercise.requests = requests
        if let pipelines { exercise.requests.add(pipelines.requests) }
        exercise.requests.add("changes of keyspaces", keyspaces.changes)
        let running = cluster.nodes.flatMap { $0.process?.shards.map(\.plane.counters) ?? [] }
        for counters in cluster.pastCounters + running {
            for child in Mirror(reflecting: counters).children {
                guard let name = child.label, let count = child.value as? UInt64 else { continue }
                exercise.engine.add(name, Int(count))
            }
        }
        for checker in checkers + lateCheckers { exercise.checks.add(checker.name, checker.cases) }
        exercise.excuses = scene.shares.excuses
        if storm == nil, scene.findings.isEmpty { countJudged(&exercise) }
        for promise in Agreement.Promise.allCases {
            exercise.checks.add(promise.name, cluster.agreement.cases(of: promise))
        }
        exercise.engine.add("elections", cluster.electionCount)
        exercise.agreement = cluster.agreement.occasions.tally
        return exercise
    }

    private func countJudged(_ exercise: inout Exercise) {
        exercise.judged = scene.shares.judgements
        for operation in scene.history.operations where operation.isAcknowledged {
            exercise.acknowledged += 1
            if scene.shares.isJudged(operation.number) {
                exercise.acknowledgedAndJudged += 1
            } else {
                exercise.excuses.add("nobody: \(operation.name)")
            }
        }
    }
}
