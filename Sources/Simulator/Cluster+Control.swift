internal import Consensus
internal import Engine
internal import Essentials
internal import Membership
internal import Wire

/// Control planes: their messages, and that nothing follows a topology before it is stored.
extension Cluster {
    func control(_ event: ControlPlane.Event, at index: Int) {
        guard self[index].isRunning else { return }
        var effects: [ControlPlane.Effect] = []
        let now = now(index)
        self[index].process?.control.apply(event, now: now, into: &effects)
        self[index].process?.controlEffects.append(contentsOf: effects)
        runControlEffects(index)
    }

    private func runControlEffects(_ index: Int) {
        while let process = self[index].process, process.persisting == nil,
            let effect = process.controlEffects.first
        {
            guard step(index) else { return }
            self[index].process?.controlEffects.removeFirst()
            if effect.waitsForTopology {
                self[index].process?.topologyEffects.append(effect)
                runTopologyEffects(index)
            } else {
                carryOut(effect, index)
            }
        }
    }

    private func runTopologyEffects(_ index: Int) {
        while let process = self[index].process, !process.isStoringTopology,
            process.adopting == nil, let effect = process.topologyEffects.first
        {
            self[index].process?.topologyEffects.removeFirst()
            carryOut(effect, index)
        }
    }

    private func carryOut(_ effect: ControlPlane.Effect, _ index: Int) {
        let name = self[index].name
        switch effect {
        case .send(let node, let message):
            if case .consensus(let message) = message {
                agreement.note(message, from: index, stored: self[index].disk.facts.consensus)
            }
            send(message, to: Int(node.rawValue), from: index)
        case .answer(let link, let message):
            let connection = Connection(link)
            sendAnswer(.control(message.encoded()), from: index, shard: 0, on: connection)
        case .persist(let write):
            self[index].process?.persisting = write
            plan(
                .persisted(node: index, life: self[index].life),
                inNs: random.durationNs(upToMs: weather.syncMs * self[index].diskSlowness))
        case .store(let topology):
            self[index].disk.facts.topology = topology
            observer?(.followed(node: index, topology))
            self[index].process?.isStoringTopology = true
            plan(
                .topologyStored(node: index, life: self[index].life),
                inNs: random.durationNs(upToMs: weather.syncMs * self[index].diskSlowness))
        case .adopt(let topology):
            trace.note(.control, name, "adopt epoch \(topology.epoch)")
            self[index].process?.adopting = topology.epoch
            self[index].process?.book.update(topology)
            for shard in 0..<shardCount(index) {
                post(.topologyAdopted(topology), to: index, shard: shard)
            }
        case .holdWrites(let areHeld):
            for shard in 0..<shardCount(index) {
                post(.writesHeld(areHeld), to: index, shard: shard)
            }
        case .inspect(let preparation):
            self[index].process?.inspections.append(preparation)
            checkInspections(index)
        case .accepted(let id):
            trace.note(.control, name, "change \(id.rawValue) is made")
            observer?(.decided(id, isMade: true))
        case .refused(let id, let reason):
            trace.note(.control, name, "change \(id.rawValue) is refused: \(reason)")
            observer?(.decided(id, isMade: false))
        case .report(let text): trace.note(.control, name, "\(text)")
        case .observed(let observation):
            guard let status = status(of: index) else { return }
            agreement.note(
                observation, by: index, status, stored: self[index].disk.facts.consensus)
            if case .applied = observation, status.leader == self[index].number {
                spring(.commit, at: index)
            }
        }
    }

    func persisted(_ index: Int) {
        guard let write = self[index].process?.persisting else { return }
        persist(write, index)
        self[index].process?.persisting = nil
        runControlEffects(index)
    }

    /// The write has reached the disk.
    func persist(_ write: RaftWrite, _ index: Int) {
        let before = self[index].disk.facts.consensus
        self[index].disk.facts.consensus.apply(write)
        agreement.note(write, by: index, before: before, after: self[index].disk.facts.consensus)
    }

    func status(of index: Int) -> ConsensusStatus? {
        self[index].process?.control.consensusStatus(now: now(index))
    }

    func topologyStored(_ index: Int) {
        self[index].process?.isStoringTopology = false
        runTopologyEffects(index)
    }

    /// Lets the first voters make the others voters, too.
    func formElectorate() {
        let wanted = min(options.nodes, Electorate.votersMax)
        for _ in 0..<100 {
            let statuses = nodes.indices.compactMap { status(of: $0 + 1) }
            if statuses.allSatisfy({ $0.leader != nil && $0.voters.count == wanted }) { break }
            wait(ms: 100)
        }
        _ = trace.take()
    }

    /// Goes on once every shard serves by the new topology, and what it drops is gone durably.
    func checkAdoption(_ index: Int) {
        guard let process = self[index].process, let epoch = process.adopting,
            process.shards.allSatisfy({ $0.plane.epoch >= epoch && $0.changes.isEmpty })
        else { return }
        guard process.unwritten.isEmpty, self[index].disk.unsynced.isEmpty else {
            return sync(index)
        }
        self[index].process?.adopting = nil
        runTopologyEffects(index)
    }

    /// Answers the authority once no client's write is under way.
    func checkInspections(_ index: Int) {
        guard let process = self[index].process, !process.inspections.isEmpty,
            process.unwritten.isEmpty,
            process.shards.allSatisfy({
                $0.plane.inFlightCount == 0 && $0.plane.parkedCount == 0 && $0.isIdle
            })
        else { return }
        let inspections = process.inspections
        process.inspections = []
        let isEmpty = self[index].disk.records.isEmpty
        for preparation in inspections {
            control(.inspected(preparation, isEmpty: isEmpty), at: index)
        }
    }

    /// - Parameter mayBeMade: false for a change that has to be refused.
    func propose(_ change: TopologyChange, at index: Int, mayBeMade: Bool = true) {
        let id = drawProposalID()
        observer?(.proposed(id, change, mayBeMade: mayBeMade))
        control(.proposed(id, change), at: index)
    }

    /// Somebody proposes other voters to a node that may lead.
    func propose(_ electorate: Electorate, at index: Int) {
        var effects: [ControlPlane.Effect] = []
        self[index].process?.control.propose(electorate, now: now(index), into: &effects)
        self[index].process?.controlEffects.append(contentsOf: effects)
        runControlEffects(index)
    }

    /// A node that is no member asks `seed` to let it in.
    ///
    /// - Parameter stranger: what a process says that was started in the place of a member, on
    ///   another disk: it has to be refused.
    func join(_ index: Int, at seed: Int, as stranger: MemberDescription? = nil) {
        let id = drawProposalID()
        let description = stranger ?? self[index].description
        observer?(.proposed(id, .join(description), mayBeMade: stranger == nil))
        let message = ControlMessage.joinRequest(id, description)
        trace.note(.control(message.encoded()), from: index, to: seed)
        let connection = Connection(
            opener: index, shard: 0, generation: network.generation(index, seed))
        control(.joinRequested(message, link: connection.link), at: seed)
    }

    func takeControl(_ bytes: [UInt8], from: Int, to index: Int, _ connection: Connection) {
        if let excess = talk.note(from: from, to: index, atNs: timeNs) { violations.append(excess) }
        do {
            let message = try ControlMessage(decoding: bytes)
            if case .clock(let message) = message {
                return clock(
                    .received(message, from: self[from].number), at: index, on: connection)
            }
            if case .detector(let message) = message {
                return detect(
                    .received(message, from: self[from].number), at: index, on: connection)
            }
            if case .addresses(let notices) = message {
                return take(notices, from: from, at: index, connection)
            }
            if case .consensus(let message) = message {
                agreement.noteArrival(
                    of: message, from: from, at: index, self[index].disk.facts.consensus)
            }
            control(.received(message, from: self[from].number), at: index)
        } catch {
            violations.append("a control message could not be read: \(error)")
        }
    }

    /// What a node that has asked to join is answered.
    func takeJoinAnswer(_ bytes: [UInt8], to index: Int) {
        do {
            switch try ControlMessage(decoding: bytes) {
            case .accepted(let id, let topology):
                observer?(.decided(id, isMade: true))
                guard self[index].disk.facts.topology == nil else { return }
                self[index].disk.facts.topology = topology
                self[index].disk.facts.consensus = .empty
                start(index)
            case .refused(let id, _, _): observer?(.decided(id, isMade: false))
            default: break
            }
        } catch {
            violations.append("a control message could not be read: \(error)")
        }
    }
}
