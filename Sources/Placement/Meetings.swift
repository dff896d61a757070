/// How many partitions each two members share.
struct Meetings {
    private var counts: [Int]
    private let vnodes: [Double]
    private let scale: Double

    init(_ draft: PlacementDraft) {
        let shares = draft.problem.shares
        vnodes = shares.vnodes
        // Two members of the same partition: n - 1 chances in all of the other's Q * n places.
        let places = Double(shares.partitionCount * shares.replicaCount)
        scale = Double(max(1, shares.replicaCount - 1)) / places
        counts = Array(repeating: 0, count: vnodes.count * vnodes.count)
        for replicas in draft.replicas {
            for (place, member) in replicas.enumerated() {
                for peer in replicas[..<place] { add(1, member, peer) }
            }
        }
    }

    func count(_ member: Int, _ peer: Int) -> Int { counts[member * vnodes.count + peer] }

    /// What perfect mixing would give them; zones are left out of account.
    func expected(_ member: Int, _ peer: Int) -> Double { vnodes[member] * vnodes[peer] * scale }

    /// Returns by how much this makes the sum of all `count^2 / expected` grow.
    @discardableResult
    mutating func add(_ change: Int, _ member: Int, _ peer: Int) -> Double {
        let before = counts[member * vnodes.count + peer]
        counts[member * vnodes.count + peer] += change
        counts[peer * vnodes.count + member] += change
        return Double(change * (2 * before + change)) / expected(member, peer)
    }
}
