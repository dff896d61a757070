extension PlacementTable {
    /// Solves the placement of `partitions` partitions over `members`, near `previous`.
    ///
    /// The requirements, in their order. An earlier one is never given up for a later one:
    ///
    /// 1. The replicas of a partition are on different nodes. *Never relaxed.* With fewer nodes
    ///    than `n`, every partition is on all of them, and has fewer replicas.
    /// 2. The replicas of a partition are spread over the zones as evenly as the zones' numbers of
    ///    members permit: in different zones where there are n of them, else at most one more in
    ///    one zone than in another that still has room. *Never relaxed.*
    /// 3. Every node has as many vnodes as its weight asks, rounded down or up. What it asks above
    ///    the partition count, or above what requirement 2 lets its zone have, is shared out among
    ///    the others by their weights. *Never relaxed*: 1 to 3 can always be met together. So are
    ///    first places, of which a node can have no more than vnodes; *relaxed* only when weights
    ///    are so uneven that nodes were capped, and the vnodes leave no such choice.
    /// 4. As few vnodes as possible move from `previous`: exactly the least number with which 1 to
    ///    3 can be met. *Relaxed* by nothing that follows.
    /// 5. When a node dies, its load goes to many others in proportion to their weights: the nodes
    ///    it shares partitions with, and the second places behind its first places, are spread.
    ///    *Best effort*, among the placements that move least.
    ///
    /// Deterministic: equal arguments give equal tables on every machine, and the order of
    /// `members` does not matter. That 1 to 3 can be met together, and by which flow, is told at
    /// `PlacementFlow`; the requirements are modelled on those of Riak's fourth claim algorithm
    /// (riak_core, `docs/claim-version4.md`), which derived replicas from adjacency on the ring
    /// and could not always meet them.
    ///
    /// Members of weight 0 get nothing.
    ///
    /// - Precondition: `Partitioning.isValid(count: partitions)`; `1 <= n <= replicasMax`; members
    ///   have different numbers, and one has a weight above 0.
    public static func solve(
        partitions: Int, n: Int, members: [Capacity], previous: PlacementTable? = nil
    ) -> PlacementTable {
        let problem = PlacementProblem(
            partitioning: Partitioning(count: partitions), n: n, members: members,
            previous: previous)
        let owned = problem.ownership
        let complete = PlacementFlow.complete(PlacementDraft(problem), preferring: owned)
        var kept = PlacementDraft(problem)
        for partition in 0..<problem.partitionCount {
            for member in problem.previous[partition] where complete.holds(member, partition) {
                kept.insert(member, into: partition)
            }
        }
        let dealt = PlacementDealer.deal(into: kept, vnodes: complete.counts)
        var draft = PlacementFlow.complete(
            kept, vnodes: complete.counts, preferring: dealt.ownership)
        PeerSpread.improve(&draft, owned: owned)
        let order = PlaceOrder.order(draft)
        return PlacementTable(
            partitioning: problem.partitioning, replicaCount: problem.replicaCount,
            nodes: order.flatMap { $0.map { problem.members[$0].node } })
    }
}
