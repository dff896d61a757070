public import Essentials
internal import Placement

extension Topology {
    /// Returns the topology of the next epoch, with `change` made.
    ///
    /// A change that is made already changes nothing: the result is this topology, at this epoch.
    /// So whoever did not hear the answer may ask again.
    ///
    /// - Parameter clusterIsEmpty: no member stores anything later than `flushStamp`. Without that,
    ///   a change that moves vnodes is refused.
    public func applying(
        _ change: TopologyChange, clusterIsEmpty: Bool
    ) throws(TopologyRefusal) -> Topology {
        var next = self
        switch change {
        case .join(let description): try next.join(description)
        case .updateAddresses(let id, let addresses):
            let index = try indexOfMember(id)
            next.members[index].description.addresses = addresses
            try checkDescription(next.members[index].description)
        case .flush(let stamp): next.flushStamp = max(flushStamp, stamp)
        case .leave(let id):
            let index = try indexOfMember(id)
            guard members.count > 1 else { throw .lastMemberCannotLeave }
            next.members.remove(at: index)
        case .forget(let ids):
            next.members.removeAll { ids.contains($0.id) }
            guard !next.members.isEmpty else { throw .lastMemberCannotLeave }
        case .weigh(let id, let weight):
            let index = try indexOfMember(id)
            next.members[index].description.weight = weight
            try checkDescription(next.members[index].description)
        case .setKeyspace(let prefix, let quorums):
            next.keyspaces.set(prefix, quorums)
            if let defect = next.keyspaces.defect(n: n) { throw .keyspaceInvalid(defect) }
        case .unsetKeyspace(let prefix): next.keyspaces.unset(prefix)
        }
        guard next != self else { return self }
        if movesVnodes(by: change) {
            guard clusterIsEmpty else { throw .clusterHoldsData(change) }
            next.solvePlacement()
        }
        next.epoch += 1
        return next
    }

    /// What survivors of the loss of a majority go on with: see `ControlPlane`'s recovery.
    ///
    /// - Precondition: `epoch` is greater than any that the members can have reached.
    public func recovered(without lost: [NodeNumber], epoch: UInt64) -> Topology {
        invariant(epoch > self.epoch, "epoch \(epoch) after \(self.epoch)")
        var next = self
        next.epoch = epoch
        for index in members.indices where lost.contains(members[index].number) {
            next.members[index].isLost = true
        }
        return next
    }

    private mutating func join(_ description: MemberDescription) throws(TopologyRefusal) {
        guard member(id: description.id) == nil else { return }
        try checkDescription(description)
        guard members.count < Self.membersMax else { throw .tooManyMembers(max: Self.membersMax) }
        guard nextNumber.rawValue < .max else { throw .numbersUsedUp }
        members.append(Member(number: nextNumber, description: description))
        nextNumber = NodeNumber(rawValue: nextNumber.rawValue + 1)
    }

    private func indexOfMember(_ id: UniqueID) throws(TopologyRefusal) -> Int {
        guard let index = members.firstIndex(where: { $0.id == id }) else {
            throw .memberUnknown(id)
        }
        return index
    }

    private func checkDescription(
        _ description: MemberDescription
    ) throws(TopologyRefusal) {
        if let defect = description.defect { throw .memberInvalid(defect) }
    }

    /// From scratch, not near the present table: nothing has to be moved in an empty cluster, and
    /// a fresh placement mixes the peers best.
    private mutating func solvePlacement() {
        placement = .solve(
            partitions: partitioning.count, n: n, members: members.map(Capacity.init))
    }
}
