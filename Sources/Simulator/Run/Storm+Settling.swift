internal import Consensus
internal import Engine
internal import Essentials
internal import Membership

// After the storm: what was asked for comes about, and all agree.

extension Storm {
    /// Heals everything; then what was asked for must come about, and all must agree on it.
    func settle() {
        for node in cluster.nodes { cluster[node.index].traps = [] }
        while let way = blocks.popFirst() { cluster.network.rules[way] = nil }
        while let node = slowed.popFirst() { cluster[node].diskSlowness = 1 }
        faults.healAll()
        cluster.weather = Weather(messageMs: min(cluster.options.weather.messageMs, 5))
        guard letNewcomerIn(), removeLeavers() else { return }
        guard wait(for: { self.areAgreed }) else {
            return fail("no agreement: \(cluster.nodes.map { describe($0) })")
        }
    }

    private func letNewcomerIn() -> Bool {
        guard newcomer != nil else { return true }
        return repeatedly("a join", ask: askForNewcomer) {
            self.noteArrival()
            return self.newcomer == nil
        }
    }

    private func removeLeavers() -> Bool {
        for leaver in leavers {
            guard let admin = drawStaying() else { return false }
            let id = cluster[leaver].description.id
            let isGone = repeatedly("a removal") {
                self.remove(leaver, at: admin)
            } until: {
                let topology = self.cluster[admin].process?.control.topology
                return topology?.member(id: id) == nil
            }
            guard isGone else { return false }
            cluster.crash(leaver, losesPower: false)
            cluster[leaver].isRetired = true
        }
        return true
    }

    private func repeatedly(
        _ what: String, ask: () -> Void, until isDone: () -> Bool
    ) -> Bool {
        let endNs = cluster.timeNs + Self.changeMsMax * 1_000_000
        while cluster.timeNs < endNs, !cluster.isBroken {
            if isDone() { return true }
            ask()
            if wait(msMax: Self.askAgainMs, for: isDone) { return true }
        }
        fail("\(what) is not made")
        return false
    }

    private func wait(msMax: UInt64 = changeMsMax, for isDone: () -> Bool) -> Bool {
        for _ in 0..<msMax / 50 {
            if isDone() { return true }
            cluster.wait(ms: 50)
        }
        return isDone()
    }

    private func fail(_ text: @autoclosure () -> String) {
        if !cluster.isBroken { scene.fail("everything works again", text()) }
    }

    /// Whether all follow one leader and one topology, have all that is in its log, and the voters
    /// are who they should be.
    private var areAgreed: Bool {
        let staying = cluster.nodes.filter { !$0.isRetired }
        let statuses = staying.compactMap { cluster.status(of: $0.index) }
        let epochs = staying.flatMap { $0.process?.shards.map(\.plane.epoch) ?? [] }
        guard let one = statuses.first, statuses.count == staying.count, one.leader != nil,
            Set(epochs).count == 1
        else { return false }
        return one.voters.count == min(staying.count, Electorate.votersMax)
            && one.voters.count + one.learners.count == staying.count
            && statuses.allSatisfy {
                $0.term == one.term && $0.leader == one.leader && $0.voters == one.voters
                    && $0.lastIndex == one.lastIndex && $0.commitIndex == one.lastIndex
            }
    }

    private func describe(_ node: Node) -> String {
        guard let status = cluster.status(of: node.index) else { return "\(node.name) is down" }
        let epoch = node.process?.control.topology?.epoch ?? 0
        return "\(node.name): term \(status.term), leader \(status.leader?.description ?? "none"), "
            + "voters \(status.voters), learners \(status.learners), "
            + "\(status.commitIndex) of \(status.lastIndex), epoch \(epoch)"
    }
}
