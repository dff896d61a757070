/// How many requests may be sent beyond what is needed: a twentieth of the reads, and a few at
/// once.
///
/// Hedging helps against one slow replica; when all are slow because there is too much to do, more
/// requests make it worse ("The Tail at Scale", Dean and Barroso, 2013: with 5 % at most, both
/// hold).
public struct HedgeBudget: Sendable {
    /// An extra request is paid by so many reads: 5 %.
    static let readsPerExtra = 20
    /// Extra requests that may be sent at once after a quiet time: about the reads of a busy shard
    /// that a replica owes at the moment in which it stops.
    static let burstMax = 16

    private var credit = readsPerExtra * burstMax

    public init() {}

    /// A read was begun.
    public mutating func noteRead() {
        if credit < Self.readsPerExtra * Self.burstMax { credit += 1 }
    }

    /// Returns whether an extra request may be sent.
    public mutating func spend() -> Bool {
        guard credit >= Self.readsPerExtra else { return false }
        credit -= Self.readsPerExtra
        return true
    }
}
