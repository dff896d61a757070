internal import Engine
internal import Essentials
internal import Membership
internal import Placement
internal import Platform

extension NodeAdmin {
    /// The control plane gives a change up sooner, and says why.
    private static let removalTimeoutMs: UInt64 = 20_000

    func planRemoval(
        _ removal: Removal, of words: [String]
    ) throws(AdminError) -> RemovalReport {
        let state = services.currentState
        let members = try members(words, state.topology)
        let consensus = try consensus()
        return RemovalReport(
            nodes: nodes(members, state.topology), epoch: state.topology.epoch, isMade: false,
            obstacle: obstacle(to: removal, members, state, consensus),
            consequences: consequences(of: removal, members, state.topology, consensus))
    }

    func remove(_ removal: Removal, _ words: [String]) throws(AdminError) -> RemovalReport {
        var report = try planRemoval(removal, of: words)
        if let obstacle = report.obstacle { throw .refused(obstacle) }
        let members = try members(words, services.reachability.current.topology)
        let latch = Latch<String?>()
        services.mailboxes[0].send(
            .call { host in
                guard let control = host.shard?.control else { return }
                switch removal {
                case .forget:
                    control.propose(.forget(members.map(\.id))) { latch.open($0) }
                case .recover:
                    control.recover(without: members.map(\.number)) { latch.open($0) }
                }
            })
        guard let answer = latch.wait(timeoutMs: Self.removalTimeoutMs) else {
            throw NodeServices.silent
        }
        if let reason = answer {
            let isStuck = removal == .forget && reason.contains("no majority of the voters")
            throw .refused(
                isStuck ? reason + ". If most are lost for good: martletctl help recover" : reason)
        }
        report.isMade = true
        report.epoch = services.reachability.current.topology.epoch
        return report
    }

    private func consensus() throws(AdminError) -> ConsensusStatus? {
        let readings = try services.collect(timeoutMs: Self.loopTimeoutMs) {
            $0.control?.consensus
        }
        return readings.compactMap { $0 }.first
    }

    // MARK: Who

    /// Nodes are named by their numbers, or by their ids.
    private func members(_ words: [String], _ topology: Topology) throws(AdminError) -> [Member] {
        guard !words.isEmpty else { throw .refused("say which nodes: by their numbers or ids") }
        guard words.count <= TopologyChange.forgottenMax else {
            throw .refused("at most \(TopologyChange.forgottenMax) nodes at once")
        }
        var members: [Member] = []
        for word in words {
            let number = UInt16(word).map { NodeNumber(rawValue: $0) }
            let found = topology.members.first {
                $0.number == number || $0.id.description == word.lowercased()
            }
            guard let found else {
                let isGone = number.map { topology.standing(of: $0) == .removed } ?? false
                throw .refused("node \(word) is no member" + (isGone ? " any more" : ""))
            }
            if !members.contains(found) { members.append(found) }
        }
        return members.sorted { $0.number < $1.number }
    }

    private func nodes(_ members: [Member], _ topology: Topology) -> [RemovalReport.Node] {
        members.map { member in
            RemovalReport.Node(
                number: Int(member.number.rawValue), id: member.id.description,
                peerAddress: member.peerAddress, vnodes: vnodes(of: [member], topology))
        }
    }

    /// Places that these members have in the table.
    private func vnodes(of members: [Member], _ topology: Topology) -> Int {
        topology.partitioning.all.reduce(0) { count, partition in
            count
                + topology.placement.replicas(of: partition).count { replica in
                    members.contains { $0.number == replica }
                }
        }
    }

    // MARK: Whether

    /// What this node can say before anybody else is asked.
    private func obstacle(
        to removal: Removal, _ members: [Member], _ state: Reachability.State,
        _ consensus: ConsensusStatus?
    ) -> String? {
        if members.contains(where: { $0.number == number }) {
            return "node \(number) is the one that is asked: a node does not give itself up; stop "
                + "it and ask another one"
        }
        let reachable = state.reachable
        for member in members where reachable.contains(member.number) {
            return "node \(member.number) can be reached: stop it first, only members that are "
                + "lost are given up"
        }
        guard let consensus else { return "the node is starting, or stopping" }
        let voters = consensus.voters
        let left = voters.filter { voter in !members.contains { $0.number == voter } }
        switch removal {
        case .forget: return nil
        case .recover:
            guard left.count > voters.count / 2 else { return nil }
            return "a majority of the voters is left without them (\(left.count) of "
                + "\(voters.count)): start those, and use 'martletctl forget'"
        }
    }

    // MARK: What it costs

    private func consequences(
        of removal: Removal, _ members: [Member], _ topology: Topology,
        _ consensus: ConsensusStatus?
    ) -> [String] {
        let isOne = members.count == 1
        let numbers = members.map(\.number.description).joined(separator: ", ")
        let who = (isOne ? "Node " : "Nodes ") + numbers
        let it = isOne ? "it" : "they"
        var texts = [
            "\(who) \(isOne ? "is" : "are") refused from now on: started again, \(it) "
                + "\(isOne ? "ends" : "end") as soon as another member is met, and can only join "
                + "as new nodes, with empty data directories.",
            "What \(it) alone \(isOne ? "has" : "have") acknowledged is lost: writes at w = 1, and "
                + "writes whose other replicas are lost, too.",
        ]
        let placed = vnodes(of: members, topology)
        let partitions = topology.partitioning.count
        switch removal {
        case .forget where placed == 0: texts.append("No partition is replicated there.")
        case .forget:
            texts.append(
                "The cluster must be empty: \(placed) of \(partitions * topology.placement.replicaCount) "
                    + "vnodes get other places, and nothing is moved.")
        case .recover:
            texts.append(
                "What only the lost voters have agreed on is lost: the latest changes of members, "
                    + "keyspaces and addresses, and flushes.")
            texts.append(
                "They must be off, or cut off from all others, for good: where they meet nobody "
                    + "else, they are a cluster of their own.")
            if placed > 0 {
                texts.append(
                    "Nothing is moved: they stay listed for the \(placed) vnodes that they "
                        + "have, which count as unreachable; where fewer than r or w replicas are "
                        + "left, requests fail until lower quorums are asked for.")
            }
        }
        let voters = consensus?.voters ?? []
        let left = voters.filter { voter in !members.contains { $0.number == voter } }
        if left.count < voters.count, !left.isEmpty {
            texts.append(
                "Of \(voters.count) voters \(left.count) \(left.count == 1 ? "is" : "are") left: "
                    + "\((left.count - 1) / 2) of them may fail.")
        }
        return texts
    }
}
