/// Deals out the replicas that are missing, like cards: round after round of the ring, to those who
/// are furthest behind their due, and among these to those who have met their peers least.
///
/// The last rounds may get stuck, so its result is only a preference for `PlacementFlow`. It is
/// what makes a new cluster's placement well mixed.
struct PlacementDealer {
    private var draft: PlacementDraft
    private let vnodes: [Int]
    private var meetings: Meetings

    static func deal(into draft: PlacementDraft, vnodes: [Int]) -> PlacementDraft {
        var dealer = PlacementDealer(
            draft: draft, vnodes: vnodes, meetings: Meetings(draft))
        for partition in 0..<draft.problem.partitionCount { dealer.deal(partition) }
        return dealer.draft
    }

    private mutating func deal(_ partition: Int) {
        while draft.replicas[partition].count < draft.problem.replicaCount {
            guard let member = choose(for: partition) else { return }
            for peer in draft.replicas[partition] { meetings.add(1, member, peer) }
            draft.insert(member, into: partition)
        }
    }

    private func choose(for partition: Int) -> Int? {
        let zones = draft.problem.shares.zones
        let bounds = draft.problem.shares.zoneBounds
        let extras = draft.extrasLeft(partition)
        var best: (member: Int, score: Double)?
        for member in 0..<draft.problem.memberCount {
            let inZone = draft.count(inZone: zones[member], partition)
            let bound = bounds[zones[member]]
            guard draft.counts[member] < vnodes[member], !draft.holds(member, partition),
                inZone < bound.lowerBound || (inZone < bound.upperBound && extras > 0)
            else { continue }
            let score = score(member, partition)
            if let chosen = best, chosen.score <= score { continue }
            best = (member, score)
        }
        return best?.member
    }

    /// Low for whom it is due. A vnode behind the due weighs as much as a peer met once too often.
    private func score(_ member: Int, _ partition: Int) -> Double {
        let ring = Double(draft.problem.partitionCount)
        let due = Double(vnodes[member]) * Double(partition + 1) / ring
        var excess = 0.0
        for peer in draft.replicas[partition] {
            let expected = meetings.expected(member, peer) * Double(partition + 1) / ring
            excess += Double(meetings.count(member, peer)) - expected
        }
        return Double(draft.counts[member]) - due + excess
    }
}
