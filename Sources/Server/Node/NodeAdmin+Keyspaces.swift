internal import Engine
internal import Essentials
internal import Membership
internal import Placement
internal import Platform

extension NodeAdmin {
    /// The control plane gives a change up sooner, and says why.
    private static let changeTimeoutMs: UInt64 = 20_000

    private var topology: Topology { services.reachability.current.topology }

    func keyspaces() throws(AdminError) -> KeyspaceReport { KeyspaceReport(topology) }

    func setKeyspace(
        prefix: [UInt8], _ quorums: Quorums
    ) throws(AdminError) -> KeyspaceReport {
        try change(.setKeyspace(prefix: prefix, quorums))
    }

    /// That there is none is said here and not by whoever decides, which is asked again when its
    /// answer is lost, and has nothing left to do then.
    func unsetKeyspace(prefix: [UInt8]) throws(AdminError) -> KeyspaceReport {
        guard topology.keyspaces[prefix] != nil else {
            throw .refused("no keyspace has this prefix")
        }
        return try change(.unsetKeyspace(prefix: prefix))
    }

    /// Returns what this node serves by once the change is made. Other nodes follow by themselves.
    private func change(_ change: TopologyChange) throws(AdminError) -> KeyspaceReport {
        do throws(TopologyRefusal) {
            _ = try topology.applying(change, clusterIsEmpty: false)
        } catch {
            throw .refused(error.description)
        }
        let latch = Latch<String?>()
        services.mailboxes[0].send(
            .call { host in host.shard?.control?.propose(change) { latch.open($0) } })
        guard let answer = latch.wait(timeoutMs: Self.changeTimeoutMs) else {
            throw NodeServices.silent
        }
        if let reason = answer { throw .unavailable(reason) }
        return KeyspaceReport(topology)
    }
}

extension KeyspaceReport {
    fileprivate init(_ topology: Topology) {
        self.init(epoch: topology.epoch, n: topology.n, keyspaces: topology.keyspaces.all)
    }
}
