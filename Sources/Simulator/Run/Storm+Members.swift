internal import Engine
internal import Essentials
internal import Membership

// Members that come and go in the storm.

extension Storm {
    /// One newcomer after the other, since nodes are numbered here as the topology numbers them.
    func letJoin() -> Bool {
        guard joinsLeft > 0, newcomer == nil else { return false }
        joinsLeft -= 1
        cluster.addNode()
        newcomer = cluster.nodes.count
        askForNewcomer()
        return true
    }

    func askForNewcomer() {
        guard let newcomer else { return }
        askAgainNs = cluster.timeNs + Self.askAgainMs * 1_000_000
        for member in drawRunning(2) where member != newcomer {
            cluster.join(newcomer, at: member)
        }
    }

    func noteArrival() {
        if let newcomer, cluster[newcomer].disk.facts.topology != nil { self.newcomer = nil }
    }

    /// Two admins want it now and then, at nodes that may themselves be those that go.
    func removeMember() -> Bool {
        guard !leaversLeft.isEmpty else { return false }
        let leaver = leaversLeft.removeFirst()
        leavers.append(leaver)
        for admin in drawRunning(Int.random(in: 1...2, using: &random)) {
            remove(leaver, at: admin)
        }
        return true
    }

    func remove(_ leaver: Int, at admin: Int) {
        cluster.propose(.leave(cluster[leaver].description.id), at: admin)
    }
}
