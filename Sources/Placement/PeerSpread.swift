internal import Essentials

/// Spreads each member's partitions over many peers, so that a dead member's load finds many
/// shoulders: local search by exchanges that keep every member's count.
///
/// Two partitions exchange one member each, when neither rule about zones nor the number of moves
/// suffers, and the sum over all pairs of `meetings^2 / expected` falls. That sum is least when the
/// meetings are in proportion to the shares.
struct PeerSpread {
    private var draft: PlacementDraft
    private let owned: [Bool]
    private var meetings: Meetings
    private var random: SeededRandom

    /// Exchanges tried for each vnode. More than a dozen changes little: the dealer has mixed the
    /// bulk already, and exchanges repair what the flow and the moves have made uneven.
    private static let triesPerVnode = 12

    static func improve(_ draft: inout PlacementDraft, owned: [Bool]) {
        let problem = draft.problem
        guard problem.memberCount > problem.replicaCount, problem.replicaCount > 1 else { return }
        var search = PeerSpread(
            draft: draft, owned: owned, meetings: Meetings(draft),
            // Any fixed seed will do: the search only has to be the same everywhere.
            random: SeededRandom(seed: UInt64(problem.memberCount)))
        for _ in 0..<triesPerVnode {
            for partition in 0..<problem.partitionCount {
                for place in 0..<problem.replicaCount { search.tryExchange(partition, place) }
            }
        }
        draft = search.draft
    }

    private mutating func tryExchange(_ partition: Int, _ place: Int) {
        let problem = draft.problem
        let other = Int.random(in: 0..<problem.partitionCount, using: &random)
        let otherPlace = Int.random(in: 0..<problem.replicaCount, using: &random)
        let member = draft.replicas[partition][place]
        let peer = draft.replicas[other][otherPlace]
        let zone = problem.shares.zones[member]
        let peerZone = problem.shares.zones[peer]
        guard !draft.holds(peer, partition), !draft.holds(member, other),
            movesSaved(member, peer, from: partition, to: other) >= 0,
            draft.canMove(fromZone: zone, toZone: peerZone, in: partition),
            draft.canMove(fromZone: peerZone, toZone: zone, in: other)
        else { return }
        let growth =
            replace(member, by: peer, in: partition) + replace(peer, by: member, in: other)
        // Rounding errors must not make the search walk in circles.
        if growth < -1e-9 {
            draft.replace(member, by: peer, in: partition)
            draft.replace(peer, by: member, in: other)
        } else {
            _ = replace(peer, by: member, at: member, in: partition)
            _ = replace(member, by: peer, at: peer, in: other)
        }
    }

    private func movesSaved(_ member: Int, _ peer: Int, from: Int, to: Int) -> Int {
        func isOwned(_ member: Int, _ partition: Int) -> Int {
            owned[partition * draft.problem.memberCount + member] ? 1 : 0
        }
        return isOwned(peer, from) + isOwned(member, to) - isOwned(member, from) - isOwned(peer, to)
    }

    /// Counts the meetings as if `member` stood for `other`; `standing` is who the draft still has
    /// there.
    private mutating func replace(
        _ other: Int, by member: Int, at standing: Int? = nil, in partition: Int
    ) -> Double {
        var growth = 0.0
        for companion in draft.replicas[partition] where companion != (standing ?? other) {
            growth += meetings.add(-1, other, companion)
            growth += meetings.add(1, member, companion)
        }
        return growth
    }
}
