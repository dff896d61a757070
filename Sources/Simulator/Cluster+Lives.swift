internal import Consensus
internal import Engine
internal import Essentials
internal import Membership

/// Starts and ends of nodes.
extension Cluster {
    /// Starts a node on what its disk holds. One without a topology waits to join, and one that
    /// knows that it was removed ends at once.
    func start(_ index: Int) {
        guard !self[index].isRunning, !self[index].isRetired,
            let topology = self[index].disk.facts.topology,
            topology.member(id: self[index].description.id) != nil
        else { return }
        var facts = self[index].disk.facts
        let horizonMs = horizonMs(index, after: facts)
        facts.trustHorizonMs = horizonMs
        // What was put back, or copied, may lack votes and entries that it has confirmed.
        if facts.isRestored { facts.consensus.doubt() }
        facts.isRestored = false
        facts.wasStoppedCleanly = false
        self[index].disk.facts = facts
        var settings = DataPlane.Settings(
            node: self[index].number, acknowledgesDurable: options.acknowledgesDurable,
            cacheBytesMax: options.cacheBytesMax, contextActorsMax: options.contextActorsMax,
            driftMsMax: options.driftMsMax, trustHorizonMs: horizonMs,
            epochsUsedMs: facts.epochCeilingMs)
        settings.hintBytesMax = options.hintBytesMax
        settings.hintAgeMsMax = options.hintAgeMsMax
        settings.inFlightMax = options.inFlightMax
        settings.parkedMax = options.parkedMax
        settings.valueSizeMax = options.valueSizeMax
        if let bytes = options.bounds.writeBytes { settings.writeBytesMax = bytes }
        if let bytes = options.bounds.parkedBytes { settings.parkedBytesMax = bytes }
        if let count = options.bounds.lingering { settings.lingeringMax = count }
        if let count = options.bounds.siblings { settings.siblingsMax = count }
        if let count = options.bounds.tokenExceptions { settings.tokenExceptionsMax = count }
        settings.confirmsEpoch = options.confirmsEpoch
        settings.waitsForClock =
            options.confirmsEpoch && options.bug != .trustsOwnClock && topology.members.count > 1
        settings.bug = options.bug
        let shards = (0..<self[index].shards).map { _ in
            var plane = DataPlane(settings: settings, topology: topology)
            plane.admission.waitNsMax = UInt64(options.waitMsMax) * 1_000_000
            return Process.Shard(plane: plane, topology: topology, rules: rules(of: topology))
        }
        self[index].life += 1
        // Recovery writes what it found in the log to table files, and syncs those.
        _ = self[index].disk.sync(.max)
        self[index].process = Process(
            shards: shards,
            control: ControlPlane(
                id: self[index].description.id, topology: topology, consensus: facts.consensus,
                seed: random.next(), settings: options.control),
            detector: FailureDetector(
                node: self[index].number, incarnation: machineNow(index).wallMs,
                seed: random.next()),
            clock: CommonClock(
                node: self[index].number, members: topology.members.map(\.number),
                boundMs: options.driftMsMax, now: machineNow(index)),
            book: book(index, topology))
        agreement.noteStart(of: index, facts.consensus)
        control(.ticked, at: index)
        tickDetector(index)
        for shard in 0..<shardCount(index) {
            post(
                .hintsFound(self[index].disk.hintAccounts(shard: shard, of: sharding(of: index))),
                to: index, shard: shard)
        }
        mix(UInt64(index))
        observer?(.started(node: index))
        for other in nodes.indices.map({ $0 + 1 }) { open(index, other) }
    }

    /// The process ends at once. With `losesPower`, so does the page cache; chance decides how much
    /// of the log had reached the disk all the same.
    func crash(_ index: Int, losesPower: Bool) {
        guard self[index].isRunning else { return }
        end(index)
        if losesPower {
            let survivors = Int.random(in: 0...self[index].disk.unsynced.count, using: &random)
            let lost = self[index].disk.losePower(survivors: weather.syncMs == 0 ? 0 : survivors)
            for key in lost { observer?(.damaged(node: index, key, .powerLoss)) }
        }
    }

    /// Stops in order: what was stored is written and synced, and the marker says so.
    func stop(_ index: Int) {
        guard self[index].isRunning else { return }
        writeBatches(index)
        _ = self[index].disk.sync(.max)
        self[index].disk.facts.trustHorizonMs = trustHorizonMs(index)
        self[index].disk.facts.wasStoppedCleanly = true
        end(index)
    }

    /// A stopped node's disk is as it was at an earlier orderly stop. What it had taken since is
    /// gone, and the file system tells the next start that it is another directory.
    func putBack(_ index: Int, to earlier: Disk) {
        guard !self[index].isRunning else { return }
        let lost = self[index].disk.keysThatDiffer(from: earlier)
        self[index].disk = earlier
        self[index].disk.facts.isRestored = true
        for key in lost { observer?(.damaged(node: index, key, .putBack)) }
    }

    /// One step of a process's work is about to be made; false if the process has ended instead.
    func step(_ index: Int) -> Bool {
        guard self[index].isRunning else { return false }
        guard var fuse = self[index].fuse else { return true }
        fuse.steps -= 1
        self[index].fuse = fuse
        guard fuse.steps < 0 else { return true }
        crash(index, losesPower: fuse.losesPower)
        return false
    }

    /// - Parameter target: to whom the node has said it, if it was said.
    func spring(_ trap: Node.Trap, at index: Int, towards target: Int? = nil) {
        guard let place = self[index].traps.firstIndex(of: trap) else { return }
        self[index].traps.remove(at: place)
        observer?(.trapped(node: index, trap, target: target))
    }

    /// The process stands still: time passes, messages come in, and nothing is done.
    func pause(_ index: Int) {
        if self[index].isRunning { self[index].isPaused = true }
    }

    func resume(_ index: Int) {
        guard self[index].isPaused else { return }
        self[index].isPaused = false
        observer?(.resumed(node: index))
        let waiting = self[index].waiting
        self[index].waiting = []
        for happening in waiting { plan(happening) }
    }

    private func end(_ index: Int) {
        if let counters = self[index].process?.shards.map(\.plane.counters) {
            pastCounters += counters
        }
        pastElections += elections(of: index)
        // The server promises a ceiling before it gives epochs out; this is the lowest one.
        let ceilingMs = max(self[index].disk.facts.epochCeilingMs, epochReachedMs(index))
        self[index].disk.facts.epochCeilingMs = ceilingMs
        // What is on its way to the disk is there as a whole, or not at all.
        if let write = self[index].process?.persisting {
            if random.oneIn(2) { persist(write, index) } else { agreement.noteLoss(of: write) }
        }
        self[index].process = nil
        self[index].fuse = nil
        self[index].stall = nil
        self[index].traps = []
        resume(index)
        for number in clients.lose(at: index) { observer?(.lost(number)) }
        breakConnections(at: index)
        mix(UInt64(index))
        observer?(.ended(node: index))
        for other in nodes.indices.map({ $0 + 1 }) where other != index {
            network.breakConnections(of: index, with: other, lastWordsArrive: random.oneIn(2))
            close(index, other)
        }
    }

    private func rules(of topology: Topology) -> ConsistencyRules {
        var rules = ConsistencyRules(settings: options.consistency, topology: topology)
        rules.bug = options.bug
        return rules
    }

    /// A shard serves by another topology from now on.
    func follow(_ topology: Topology, _ index: Int, _ shard: Int) {
        guard topology.epoch > self[index].process?.shards[shard].topology.epoch ?? .max else {
            return
        }
        self[index].process?.shards[shard].topology = topology
        self[index].process?.shards[shard].rules = rules(of: topology)
    }

    /// No actor of an earlier run is continued, whatever the disk says about it.
    private func horizonMs(_ index: Int, after facts: Disk.Facts) -> UInt64 {
        if options.bug == .continuesLife, facts.wasStoppedCleanly { return facts.trustHorizonMs }
        return Life.begin(
            wallMs: now(index).wallMs, usedMs: max(facts.trustHorizonMs, facts.epochCeilingMs),
            using: &random)
    }

    private func epochReachedMs(_ index: Int) -> UInt64 {
        self[index].process?.shards.map(\.plane.epochReachedMs).max() ?? 0
    }

    private func trustHorizonMs(_ index: Int) -> UInt64 {
        self[index].process?.shards.map(\.plane.horizonAtStopMs).max() ?? 0
    }
}
