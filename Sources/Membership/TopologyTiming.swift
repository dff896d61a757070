internal import Essentials

/// How long authority and members wait for each other, in nanoseconds.
///
/// The relation that safety needs: a member holds client writes for longer than the authority waits
/// for answers. Then all holds are in force when the authority commits, since a hold begins after
/// the request was sent; what is left of the time is for distributing the decision.
public struct TopologyTiming: Hashable, Sendable {
    /// The authority waits this long until all members have answered that they are prepared. An
    /// answer takes a round trip and a look into the storage: 2 s is ample, and an admin who joins
    /// a node to a cluster with a dead member waits no longer for the refusal.
    public let prepareNs: UInt64
    /// A member that answered holds client writes this long for want of a decision. It is an empty
    /// cluster's writes that wait, and only while its authority is cut off.
    public let holdNs: UInt64
    /// A flush waits this long until all members have adopted it: they drop ranges of files, which
    /// does not depend on the amount of data.
    public let adoptNs: UInt64
    /// What was not answered is sent again after this time.
    public let resendNs: UInt64

    /// - Precondition: `holdNs >= 2 * prepareNs`; `resendNs < prepareNs`.
    public init(
        prepareNs: UInt64 = 2_000_000_000, holdNs: UInt64 = 10_000_000_000,
        adoptNs: UInt64 = 5_000_000_000, resendNs: UInt64 = 500_000_000
    ) {
        invariant(holdNs / 2 >= prepareNs, "members would stop holding before the decision")
        invariant(resendNs < prepareNs, "nothing would be sent again in time")
        self.prepareNs = prepareNs
        self.holdNs = holdNs
        self.adoptNs = adoptNs
        self.resendNs = resendNs
    }
}
