internal import Essentials
internal import Membership

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

    func observe(_ observation: Observation, in scene: Scene) {
        switch observation {
        case .proposed(let id, let change, let mayBeMade): proposed[id] = (change, mayBeMade)
        case .decided(let id, let isMade): settle(id, isMade: isMade, scene)
        case .followed(_, let topology):
            for member in topology.members
            where addresses[member.id]?.last != member.description.addresses {
                addresses[member.id, default: []].append(member.description.addresses)
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
        for case .updateAddresses(let id, let wanted) in made {
            cases += 1
            guard addresses[id]?.contains(wanted) != true else { continue }
            scene.fail(self, "an address was accepted and in no topology: \(wanted.peer)")
        }
    }
}
