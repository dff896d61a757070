internal import Engine
internal import Essentials
internal import Objects

/// Makes things go wrong in a cluster, and right again after a while.
///
/// Most faults last: each one that is made is also planned to end. `healAll` ends them all.
final class FaultMaker {
    /// What ends a fault.
    private enum End {
        case heal(Int, Int)
        case clear(Network.Way)
        case resume(Int)
        case start(Int)
        case quicken(Int)
        case relax(Int)
        case weather
        case space(Int)
        /// Cuts and heals in turn, so many times more.
        case flap(Int, Int, Int)
    }

    /// New work is let in for a second although it waits too long; faults that are to be seen by
    /// that go on for longer, up to this, in ms.
    private static let lagMsMax = 6000
    /// Longer than anybody waits for anything, in ms.
    private static let stallMsMax = 4000

    private let scene: Scene
    private var cluster: Cluster { scene.cluster }
    private let plan: Plan
    private var random: SeededRandom
    private var ends = Schedule<End>()
    private(set) var made = Tally()
    private var admins: Administration
    /// A key of which one replica is corrupt must not lose another one: nothing could bring it
    /// back.
    private var corrupted: [ObjectKey] = []
    /// The disk of one node as it was at an orderly stop.
    private var backup: (node: Int, disk: Disk)?

    init(_ scene: Scene, _ plan: Plan, _ random: inout SeededRandom) {
        self.scene = scene
        self.plan = plan
        self.random = SeededRandom(seed: random.next())
        admins = Administration(scene.cluster, &self.random)
    }

    /// One step of the run: ends what is due, and perhaps makes something new.
    func step() {
        while let dueNs = ends.nextNs, dueNs <= cluster.timeNs, let end = ends.popFirst() {
            carryOut(end)
        }
        guard !plan.faults.isEmpty, random.oneIn(plan.faultOneIn) else { return }
        make(plan.faults[Int.random(in: 0..<plan.faults.count, using: &random)])
    }

    func healAll() {
        while let end = ends.popFirst() {
            if case .flap(let one, let other, _) = end {
                heal(one, other)
            } else {
                carryOut(end)
            }
        }
        for index in 1...cluster.nodes.count {
            cluster[index].fuse = nil
            cluster.endStalls(index)
            cluster.start(index)
            skew(index, 0)
        }
        repairCorruption()
    }

    // MARK: Making

    private func make(_ fault: Fault) {
        let node = drawNode()
        guard carryOut(fault, node) else { return }
        made.add(fault.name)
        cluster.mix(UInt64(fault.rawValue))
        cluster.trace.note(.faults, cluster[node].name, fault.name)
    }

    /// Returns false if it could not happen here.
    private func carryOut(_ fault: Fault, _ node: Int) -> Bool {
        switch fault {
        case .cut, .oneWayCut, .isolation, .split, .flapping, .reconnect: cut(fault, node)
        case .loss, .duplication, .delay, .stragglers: changeWeather(fault)
        case .loopStall, .processStall: stall(node, isOfProcess: fault == .processStall)
        case .pause, .longPause, .crash, .crashInPass, .powerLoss, .powerLossInPass, .blackout,
            .stop,
            .longAbsence, .wipedNode, .otherLoops, .diskPutBack:
            end(fault, node)
        case .diskError, .slowDisk, .corruption, .nearlyFull: harmDisk(fault, node)
        case .busyLoops: keepBusy(node)
        case .addressChange: admins.moveMember(rivals: 1)
        case .addressSwap: admins.exchangeAddresses()
        case .rivalAdmins: admins.moveMember(rivals: 2)
        case .exchangedAddresses: start(admins.rotateNodes())
        case .takenAddress: start(admins.takeAddress())
        case .earlyMove: admins.tryToMovePartitions()
        case .clockSkew: skew(node, Int64.random(in: -500...500, using: &random))
        case .clockLost: loseClock(node)
        case .clockJump:
            skew(
                node,
                Int64.random(in: -Int64(Plan.skewMsMax)...Int64(Plan.skewMsMax), using: &random))
        }
    }

    /// Nodes that have ended start again, not all at once.
    private func start(_ nodes: [Int]) -> Bool {
        for node in nodes { plan(.start(node), upToMs: 600) }
        return !nodes.isEmpty
    }

    private func cut(_ fault: Fault, _ node: Int) -> Bool {
        guard let other = drawOther(than: node) else { return false }
        switch fault {
        case .oneWayCut:
            let way = Network.Way(from: node, to: other)
            guard cluster.network.rules[way] == nil else { return false }
            cluster.network.rules[way] = .lose
            plan(.clear(way), upToMs: 800)
        case .isolation:
            for peer in 1...cluster.nodes.count where peer != node { part(node, peer) }
        case .split:
            for one in 1...cluster.nodes.count where one % 2 == 0 {
                for peer in 1...cluster.nodes.count where peer % 2 == 1 { part(one, peer) }
            }
        case .flapping:
            ends.plan(.flap(node, other, 8), atNs: cluster.timeNs)
        case .reconnect: cluster.reconnect(node, other)
        default: part(node, other)
        }
        return true
    }

    private func part(_ one: Int, _ other: Int) {
        cluster.cut(one, other)
        plan(.heal(one, other), upToMs: 1000)
    }

    private func changeWeather(_ fault: Fault) -> Bool {
        switch fault {
        case .loss: cluster.weather.lossOneIn = Int.random(in: 5...50, using: &random)
        case .duplication: cluster.weather.duplicateOneIn = Int.random(in: 2...20, using: &random)
        case .stragglers: cluster.weather.stragglerOneIn = Int.random(in: 5...50, using: &random)
        default: cluster.weather.messageMs = Int.random(in: 20...200, using: &random)
        }
        plan(.weather, upToMs: 600)
        return true
    }

    private func end(_ fault: Fault, _ node: Int) -> Bool {
        guard cluster[node].isRunning, !cluster[node].isPaused else { return false }
        switch fault {
        case .pause, .longPause:
            cluster.pause(node)
            plan(.resume(node), upToMs: fault == .pause ? 800 : Self.stallMsMax)
            return true
        case .otherLoops:
            cluster.stop(node)
            cluster[node].shards = Int.random(in: 1...3, using: &random)
        case .crash: cluster.crash(node, losesPower: false)
        case .powerLoss: cluster.crash(node, losesPower: true)
        case .crashInPass, .powerLossInPass:
            cluster[node].fuse = Node.Fuse(
                steps: Int.random(in: 0...30, using: &random),
                losesPower: fault == .powerLossInPass)
        case .blackout:
            for index in 1...cluster.nodes.count {
                cluster.crash(index, losesPower: true)
                plan(.start(index), upToMs: 300)
            }
        case .longAbsence:
            cluster.crash(node, losesPower: random.oneIn(2))
            // Back when everything is healed.
            return true
        case .wipedNode: guard admins.startWiped(node) else { return false }
        case .diskPutBack: return putBackDisk(node)
        default: cluster.stop(node)
        }
        plan(.start(node), upToMs: 600)
        return true
    }

    /// What it has decided alone nobody else need have.
    private func isOnlyVoter(_ node: Int) -> Bool {
        let status = cluster[node].process?.control.consensusStatus(now: cluster.now(node))
        return status?.voters == [cluster[node].number]
    }

    /// A node's data directory is copied after an orderly stop, and the copy takes its place after
    /// a later one. All of this happens to one node of a run: what only it and one other had would
    /// be lost with both.
    private func putBackDisk(_ drawn: Int) -> Bool {
        let node = backup?.node ?? drawn
        guard cluster.nodes.count > 1, cluster[node].isRunning, !cluster[node].isPaused,
            !isOnlyVoter(node)
        else { return false }
        cluster.stop(node)
        if let backup, random.oneIn(2) {
            cluster.putBack(node, to: backup.disk)
        } else {
            backup = (node, cluster[node].disk)
        }
        plan(.start(node), upToMs: 600)
        return true
    }

    /// A loop stands still between any two parts of its work, for as long as it takes to be
    /// scheduled again or for much longer; or its whole process does.
    private func stall(_ node: Int, isOfProcess: Bool) -> Bool {
        guard cluster[node].isRunning, !cluster[node].isPaused, cluster[node].stall == nil else {
            return false
        }
        let ms = Self.stallMsMax >> Int.random(in: 0...11, using: &random)
        cluster[node].stall = Node.Stall(
            steps: Int.random(in: 0...60, using: &random),
            ns: random.durationNs(upToMs: ms) + 1_000_000, isOfProcess: isOfProcess)
        return true
    }

    private func harmDisk(_ fault: Fault, _ node: Int) -> Bool {
        guard cluster[node].isRunning else { return false }
        switch fault {
        case .diskError:
            // The next write or sync fails, and the process ends rather than trust the disk.
            cluster[node].isDiskFailing = true
            plan(.start(node), upToMs: 800)
        case .slowDisk:
            guard cluster[node].diskSlowness == 1 else { return false }
            cluster[node].diskSlowness = Int.random(in: 2...20, using: &random)
            plan(.quicken(node), upToMs: random.oneIn(3) ? Self.lagMsMax : 1000)
        case .nearlyFull:
            for shard in 0..<cluster.shardCount(node) {
                cluster.post(.spaceChanged(isLow: true), to: node, shard: shard)
            }
            plan(.space(node), upToMs: 800)
        default: return corrupt(node)
        }
        return true
    }

    /// Something else takes the machine's processors.
    private func keepBusy(_ node: Int) -> Bool {
        guard cluster[node].passMsMin == 0 else { return false }
        cluster[node].passMsMin = Int.random(in: 5...60, using: &random)
        plan(.relax(node), upToMs: random.oneIn(2) ? Self.lagMsMax : 1000)
        return true
    }

    private func corrupt(_ node: Int) -> Bool {
        let keys = cluster[node].disk.durableKeys.filter { !corrupted.contains($0) }
        // Another one stays: a cluster whose last record an operator drops is empty.
        guard plan.options.n > 1, keys.count > 1 else { return false }
        let key = keys[Int.random(in: 0..<keys.count, using: &random)]
        let bit = UInt8(1) << Int.random(in: 0..<8, using: &random)
        let place = Int.random(in: 0..<1 << 20, using: &random)
        cluster[node].disk.tamper(key) { record in
            guard let count = record?.count, count > 0 else { return }
            record?[place % count] ^= bit
        }
        corrupted.append(key)
        cluster.observer?(.damaged(node: node, key, .corruption))
        return true
    }

    /// A machine has lost the time. Most others have it.
    private func loseClock(_ node: Int) -> Bool {
        let bound = plan.options.driftMsMax
        let wrong = cluster.nodes.count { $0.index != node && $0.skewMs.magnitude > bound }
        guard 2 * (wrong + 1) < cluster.nodes.count else { return false }
        return skew(node, drawLoss())
    }

    /// By an hour, a month or three years; seldom back, since clocks begin here at 0.
    private func drawLoss() -> Int64 {
        if random.oneIn(4) { return -Int64.random(in: 100_000...900_000, using: &random) }
        let hours = [1, 24 * 30, 24 * 365 * 3][Int.random(in: 0..<3, using: &random)]
        return Int64(hours) * Int64.random(in: 3_000_000...3_600_000, using: &random)
    }

    @discardableResult
    private func skew(_ node: Int, _ ms: Int64) -> Bool {
        guard cluster[node].skewMs != ms else { return false }
        cluster[node].skewMs = ms
        return true
    }

    // MARK: Ending

    private func plan(_ end: End, upToMs ms: Int) {
        let delayNs = random.durationNs(upToMs: ms) + 1_000_000
        ends.plan(end, atNs: cluster.timeNs + delayNs)
    }

    private func heal(_ one: Int, _ other: Int) { cluster.heal(one, other) }

    private func carryOut(_ end: End) {
        switch end {
        case .heal(let one, let other): heal(one, other)
        case .clear(let way): cluster.network.rules[way] = nil
        case .resume(let node):
            cluster.resume(node)
            scene.lastResumeNs = cluster.timeNs
        case .start(let node):
            cluster[node].isDiskFailing = false
            cluster.start(node)
            scene.lastResumeNs = cluster.timeNs
        case .quicken(let node):
            cluster[node].diskSlowness = 1
            scene.lastResumeNs = cluster.timeNs
        case .relax(let node):
            cluster[node].passMsMin = 0
            scene.lastResumeNs = cluster.timeNs
        case .weather: cluster.weather = plan.options.weather
        case .space(let node):
            for shard in 0..<cluster.shardCount(node) {
                cluster.post(.spaceChanged(isLow: false), to: node, shard: shard)
            }
        case .flap(let one, let other, let times):
            if times.isMultiple(of: 2) {
                cluster.cut(one, other)
            } else {
                heal(one, other)
            }
            guard times > 1 else { return heal(one, other) }
            ends.plan(
                .flap(one, other, times - 1),
                atNs: cluster.timeNs + random.durationNs(upToMs: 60) + 1_000_000)
        }
    }

    /// What an operator does with records that cannot be read: the node is ended, they are dropped,
    /// and it starts as one that has forgotten something.
    private func repairCorruption() {
        for key in corrupted {
            for index in 1...cluster.nodes.count {
                guard let record = cluster[index].disk.records[key],
                    (try? Object(decoding: record)) == nil
                else { continue }
                cluster.crash(index, losesPower: false)
                cluster[index].disk.tamper(key) { $0 = nil }
                cluster.observer?(.damaged(node: index, key, .dropped))
                cluster.start(index)
            }
        }
    }

    // MARK: Drawing

    private func drawNode() -> Int { Int.random(in: 1...cluster.nodes.count, using: &random) }

    private func drawOther(than node: Int) -> Int? {
        guard cluster.nodes.count > 1 else { return nil }
        let other = Int.random(in: 1..<cluster.nodes.count, using: &random)
        return other >= node ? other + 1 : other
    }
}
