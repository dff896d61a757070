internal import Essentials
internal import Membership
internal import Placement

/// An admin who is told that a change is made finds it in the topology, and no change is made that
/// has to be refused: partitions do not move while they hold data, and nobody takes the place of a
/// member without its disk.
final class ChangeChecker: Checker {
    let name = "changes as answered"
    private(set) var cases = 0
    /// Looked up and never iterated.
    private var proposed: [ProposalID: (change: TopologyChange, mayBeMade: Bool)] = [:]
    private var made: [TopologyChange] = []
    /// Where members have been said to listen by any topology. Looked up and never iterated.
    private var addresses: [UniqueID: [MemberAddresses]] = [:]
    /// What the keyspaces have been by any topology, by its epoch.
    private var keyspaces: [(epoch: UInt64, Keyspaces)] = []

    func observe(_ observation: Observation, in scene: Scene) {
        switch observation {
        case .proposed(let id, let change, let mayBeMade): proposed[id] = (change, mayBeMade)
        case .decided(let id, let isMade): settle(id, isMade: isMade, scene)
        case .followed(_, let topology):
            for member in topology.members
            where addresses[member.id]?.last != member.description.addresses {
                addresses[member.id, default: []].append(member.description.addresses)
            }
            if !keyspaces.contains(where: { $0.epoch == topology.epoch }) {
                keyspaces.append((topology.epoch, topology.keyspaces))
            }
        case .healed, .changed: checkMade(scene)
        default: break
        }
    }

    private func settle(_ id: ProposalID, isMade: Bool, _ scene: Scene) {
        guard let (change, mayBeMade) = proposed.removeValue(forKey: id) else { return }
        if mayBeMade {
            if isMade { made.append(change) }
        } else {
            cases += 1
            if isMade { scene.fail(self, "this change was made: \(change)") }
        }
    }

    private func checkMade(_ scene: Scene) {
        defer { made = [] }
        for change in made {
            switch change {
            case .updateAddresses(let id, let wanted):
                cases += 1
                guard addresses[id]?.contains(wanted) != true else { continue }
                scene.fail(self, "an address was accepted and in no topology: \(wanted.peer)")
            case .setKeyspace, .unsetKeyspace:
                cases += 1
                guard !keyspaces.contains(where: { $0.1.show(change) }) else { continue }
                scene.fail(self, "this was accepted and is in no topology: \(change)")
            case .join, .flush, .leave, .forget, .weigh: break
            }
        }
    }
}

extension Keyspaces {
    /// Whether they are as they are after this change.
    fileprivate func show(_ change: TopologyChange) -> Bool {
        switch change {
        case .unsetKeyspace(let prefix): return self[prefix] == nil
        case .setKeyspace(let prefix, let wanted):
            guard let quorums = self[prefix]?.quorums else { return false }
            return Quorums.Name.allCases.allSatisfy { name in
                guard let quorum = wanted[name] else { return true }
                return quorums[name] == (quorum == .default ? nil : quorum)
            }
        default: return false
        }
    }
}
