public import Essentials

/// A node that could be a voter.
public struct Candidate: Hashable, Sendable {
    public let node: NodeNumber
    /// Its failure domain.
    public let zone: String

    public init(node: NodeNumber, zone: String) {
        self.node = node
        self.zone = zone
    }
}

extension Electorate {
    /// Chooses who should vote: all, if there are at most `votersMax`, else so many, dealt out over
    /// the zones as evenly as their sizes allow, so that the loss of a zone costs few votes.
    ///
    /// Deterministic, whatever the order of `candidates`. Who votes already goes on, as long as its
    /// zone's part allows: each change is a round of agreement.
    public func choosing(from candidates: [Candidate]) -> [NodeNumber] {
        let count = min(Self.votersMax, candidates.count)
        var zones = Self.byZone(candidates).map { Zone(nodes: $0, voters: voters) }
        for _ in 0..<count {
            let open = zones.indices.filter { zones[$0].seats < zones[$0].nodes.count }
            guard let next = open.min(by: { zones[$0].isBefore(zones[$1]) }) else { break }
            zones[next].seats += 1
        }
        return zones.flatMap { $0.nodes.prefix($0.seats) }.sorted()
    }

    private struct Zone {
        /// Present voters first, then ascending.
        let nodes: [NodeNumber]
        let voterCount: Int
        var seats = 0

        init(nodes: [NodeNumber], voters: [NodeNumber]) {
            let present = nodes.filter { voters.contains($0) }
            self.nodes = present.sorted() + nodes.filter { !voters.contains($0) }.sorted()
            voterCount = present.count
        }

        /// Who gets the next seat: the zone with the fewest; among those the one with the most
        /// voters left to seat, then the first by name, which is the order of the zones.
        func isBefore(_ other: Zone) -> Bool {
            (seats, other.voterCount - other.seats) < (other.seats, voterCount - seats)
        }
    }

    /// The candidates' nodes, a list a zone, in the order of the zones' names.
    private static func byZone(_ candidates: [Candidate]) -> [[NodeNumber]] {
        var zones: [[NodeNumber]] = []
        var last: String?
        for candidate in candidates.sorted(by: { ($0.zone, $0.node) < ($1.zone, $1.node) }) {
            if candidate.zone != last { zones.append([]) }
            last = candidate.zone
            zones[zones.count - 1].append(candidate.node)
        }
        return zones
    }

    /// The next step towards `wanted`: one voter less or one more, and everybody else a learner.
    /// Nil when there is nothing to do, or when the learners to promote are not ready.
    ///
    /// A voter goes before another comes where both would be more than `votersMax`; else the new
    /// one comes first, so that as many failures as before are survived meanwhile.
    ///
    /// - Parameter members: everybody who is to get the log.
    /// - Parameter isReady: whether a learner has caught up.
    public func step(
        towards wanted: [NodeNumber], members: [NodeNumber], isReady: (NodeNumber) -> Bool
    ) -> Electorate? {
        let coming = wanted.filter { !voters.contains($0) && learners.contains($0) && isReady($0) }
        let going = voters.filter { !wanted.contains($0) }
        let gone = going.filter { !members.contains($0) }
        var next = voters
        if let first = coming.first, voters.count < Self.votersMax {
            next.append(first)
        } else if let first = gone.first ?? (coming.isEmpty ? nil : going.first), next.count > 1 {
            next.removeAll { $0 == first }
        }
        let electorate = Electorate(voters: next, learners: members)
        return electorate == self ? nil : electorate
    }
}
