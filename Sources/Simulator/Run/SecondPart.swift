internal import Commands
internal import Engine
internal import Essentials
internal import Membership
internal import Placement
internal import Wire

/// What some runs do once everything is healed and checked: they flush all data while clients write
/// and links break, let nodes join the empty cluster and one leave it, and write again.
///
/// The checkers of the first part know nothing of flushes, and look away.
final class SecondPart {
    private static let steps = 60
    private static let keys = 8
    /// How long a healed cluster may take for one change, in ms: an admin waits for the members'
    /// preparation, and asks again.
    private static let changeMsMax: UInt64 = 20_000
    private static let askAgainMs: UInt64 = 2000
    private static let kinds: [Fault] = [
        .cut, .isolation, .split, .flapping, .reconnect, .loss, .delay, .pause, .crash,
        .crashInPass, .stop, .addressChange, .rivalAdmins, .exchangedAddresses, .takenAddress,
        .clockSkew, .clockJump,
    ]

    private let scene: Scene
    private let faults: FaultMaker
    /// Of requests here, whatever their keyspace says: the checks that follow rest on it.
    private let consistency: ConsistencyOverride
    private let loose = ConsistencyOverride(
        exactly: Consistency(r: 1, w: 1, timeoutMs: 300))
    private let keyspaces: KeyspaceAdmins
    private var random: SeededRandom
    private var lastValue = 0
    private var cluster: Cluster { scene.cluster }

    init(
        _ scene: Scene, _ plan: Plan, _ keyspaces: KeyspaceAdmins, _ random: inout SeededRandom
    ) {
        self.scene = scene
        self.keyspaces = keyspaces
        var plan = plan
        plan.faults = Self.kinds
        plan.faultOneIn = 10
        faults = FaultMaker(scene, plan, &random)
        let majority = min(plan.options.n, plan.options.nodes) / 2 + 1
        consistency = ConsistencyOverride(
            exactly: Consistency(r: majority, w: majority, timeoutMs: 300))
        self.random = SeededRandom(seed: random.next())
    }

    var made: Tally { faults.made }

    func run() {
        suffer(flushes: true)
        settle()
        guard flushAtLast(), joinAll(), leaveOne() else { return }
        // A flush that an admin had asked for earlier may come late, or again.
        _ = wait { !self.isAnybodyWaiting && self.areAgreed }
        writeAndRead()
        // What an admin has asked for in the midst of it may be made only now.
        _ = wait { self.areAgreed }
    }

    /// Clients write, links break, admins flush.
    private func suffer(flushes: Bool) {
        for step in 0..<Self.steps {
            faults.step()
            keyspaces.step()
            if flushes {
                submit()
                if step % (Self.steps / 3) == 10, let admin = drawRunning() { flush(admin) }
            }
            cluster.wait(ms: UInt64.random(in: 0...20, using: &random))
        }
    }

    private func settle() {
        faults.healAll()
        _ = wait { self.cluster.areAllInReach }
        awaitAnswers()
        cluster.wait(ms: 1000)
    }

    // MARK: Changes

    private func flush(_ admin: Int) {
        scene.cluster.flush(at: admin)
    }

    /// Until the newest flush is confirmed: one that is made and not confirmed in time may drop
    /// what was written after the one that was.
    private func flushAtLast() -> Bool {
        repeatedly("a flush", ask: { self.flush(1) }) {
            let stamp = self.cluster[1].process?.control.topology?.flushStamp ?? .max
            return self.areEmpty && self.scene.confirmedFlush >= stamp
        }
    }

    /// Nodes join the empty cluster while links break, and ask until they are in: one after the
    /// other, since nodes are numbered here as the topology numbers them.
    private func joinAll() -> Bool {
        for _ in 0..<Int.random(in: 1...2, using: &random) {
            cluster.addNode()
            let newcomer = cluster.nodes.count
            ask(for: newcomer)
            suffer(flushes: false)
            settle()
            let isIn = repeatedly("a join") {
                if !self.cluster[newcomer].isRunning { self.ask(for: newcomer) }
            } until: {
                self.cluster[newcomer].isRunning && self.areAgreed
            }
            guard isIn else { return false }
        }
        return true
    }

    /// Two members at once, as an impatient admin does.
    private func ask(for newcomer: Int) {
        for _ in 0..<2 {
            if let member = drawRunning() { cluster.join(newcomer, at: member) }
        }
    }

    /// A member is removed, and its process ended for good. None of those that have just come: what
    /// they asked twice might let them in again.
    private func leaveOne() -> Bool {
        let leaver = Int.random(in: 1...cluster.options.nodes, using: &random)
        let admin = leaver == 1 ? 2 : 1
        let id = cluster[leaver].description.id
        let isDone = repeatedly("a removal") {
            self.cluster.propose(.leave(id), at: admin)
        } until: {
            self.cluster[admin].process?.control.topology?.member(id: id) == nil
        }
        cluster.crash(leaver, losesPower: false)
        cluster[leaver].isRetired = true
        return isDone && wait { self.areAgreed }
    }

    private func repeatedly(
        _ what: String, ask: () -> Void, until isDone: () -> Bool
    ) -> Bool {
        let endNs = cluster.timeNs + Self.changeMsMax * 1_000_000
        while cluster.timeNs < endNs {
            ask()
            if wait(msMax: Self.askAgainMs, isDone) { return true }
        }
        scene.fail("everything works again", "\(what) is not made")
        return false
    }

    private func wait(msMax: UInt64 = changeMsMax, _ isDone: () -> Bool) -> Bool {
        for _ in 0..<msMax / 50 {
            if isDone() { return true }
            cluster.wait(ms: 50)
        }
        return isDone()
    }

    private var areEmpty: Bool {
        areAgreed && cluster.nodes.allSatisfy { $0.disk.keys.isEmpty }
    }

    /// Whether some admin has not been told what has become of a change.
    private var isAnybodyWaiting: Bool {
        cluster.nodes.contains { $0.process?.control.hasProposals ?? false }
    }

    /// Whether all that run follow the same topology, and serve by it.
    private var areAgreed: Bool {
        let epochs = cluster.nodes.flatMap { $0.process?.shards.map(\.plane.epoch) ?? [] }
        let known = cluster.nodes.compactMap { $0.process?.control.topology?.epoch }
        return Set(epochs + known).count == 1
    }

    // MARK: Clients

    private func submit() {
        guard let node = drawRunning() else { return }
        let key = "f\(Int.random(in: 0..<Self.keys, using: &random))"
        guard random.oneIn(3) else {
            cluster.submit(drawWrite(key), at: node, consistency)
            return
        }
        // One replica is enough to tell that something is gone.
        let isLoose = random.oneIn(2)
        cluster.submit("GET \(key)", at: node, isLoose ? loose : consistency)
    }

    /// After all of it the cluster works as any other.
    private func writeAndRead() {
        guard let topology = cluster.nodes.lazy.compactMap({ $0.process?.control.topology }).first
        else { return }
        cluster.placement = topology.placement
        let keys = (0..<Self.keys).map { "f\($0)" }
        var numbers: [UInt64] = []
        for key in keys {
            guard let node = drawRunning() else { continue }
            numbers.append(cluster.submit(drawWrite(key), at: node, consistency))
            awaitAnswers()
        }
        awaitAnswers()
        let all = ConsistencyOverride(
            exactly: Consistency(
                r: topology.placement.replicaCount, w: 1, timeoutMs: 5000))
        for key in keys {
            guard let node = drawRunning() else { continue }
            numbers.append(cluster.submit("GET \(key)", at: node, all))
            awaitAnswers()
        }
        awaitAnswers()
        for number in numbers {
            let request = cluster.clients[number]
            guard case .error(let text) = request.reply else { continue }
            scene.fail("everything works again", "\(Text.show(request.words[1])): \(text)")
        }
    }

    private func awaitAnswers() { _ = wait { self.cluster.clients.openCount == 0 } }

    private func drawWrite(_ key: String) -> String {
        lastValue += 1
        return "SET \(key) w\(lastValue)"
    }

    private func drawRunning() -> Int? {
        cluster.nodes.filter { cluster.isServing($0.index) && !$0.isPaused }
            .randomElement(using: &random)?.index
    }
}
