internal import Essentials

/// The numbers of the failure detector. All follow from the protocol period; nodes need not agree.
///
/// Sources: SWIM is Das, Gupta, Motivala, "SWIM: Scalable Weakly-consistent Infection-style Process
/// Group Membership Protocol" (DSN 2002); Lifeguard is Dadgar, Phillips, Currey, "Lifeguard: Local
/// Health Awareness for More Accurate Failure Detection" (arXiv 1707.00788).
public struct DetectorTiming: Sendable, Equatable {
    /// One member is probed in each period (SWIM section 3.1).
    public let periodNs: UInt64
    /// A member that has not answered after so long is asked about through others. Two fifths of a
    /// period: a few round trips between data centres, and the way through a helper fits into what
    /// is left.
    let probeTimeoutNs: UInt64
    /// A helper that got no answer after so long says so: before the period ends (Lifeguard IV.A).
    let helpTimeoutNs: UInt64
    /// A dead member is probed so often, so that its return is noticed without its doing.
    let deadPeriodNs: UInt64
    /// So often a member compares all it knows with another, in a small cluster.
    private let syncPeriodNs: UInt64
    /// Requests that time out within this time are counted together.
    let timeoutWindowNs: UInt64

    /// SWIM's k: members that are asked to probe in our stead.
    static let helpersMax = 3
    /// Other members' suspicions that shorten ours to its minimum: Lifeguard's K.
    static let confirmationsMax = 3
    /// The shortest suspicion is so many periods, times log10 of the members: Lifeguard's α. Its
    /// authors take 5; TCP loses no message, so that 4 has the same effect.
    static let suspicionPeriods: UInt64 = 4
    /// The longest suspicion is so many of the shortest: Lifeguard's β. Its authors take 6; what a
    /// suspected member may be asked last meanwhile needs no such patience.
    static let suspicionStretch: UInt64 = 3
    /// After its start a member compares with another in each of so many periods: knowledge of all
    /// incarnations doubles in each, and without it suspicions are taken for outdated.
    static let firstSyncs = 16
    /// The worst score of the node's own health (Lifeguard IV.A: S = 8): periods are then 9 times
    /// as long.
    static let healthScoreMax = 8
    /// A rumour is passed on so many times log2 of the members: SWIM's λ. 3 reaches everybody with
    /// high probability (section 4.1).
    static let retransmissionsFactor = 3
    /// Members that are told in a period what is new, besides the one that is probed: memberlist's
    /// `GossipNodes`.
    static let newsTargets = 3
    /// Members that a node accuses and reminds of it in a period. It probes one a period itself, so
    /// more only come together while it is cut off, and then they do not hear it anyway.
    static let remindersMax = 3
    /// Requests to a member that time out within the window until it is probed out of turn.
    static let timeoutsUntilProbe = 3
    /// Probes in a row that reached a member only through others, until this node takes its own
    /// way to it for broken.
    static let detoursUntilDoubt = 3

    /// - Precondition: a period has ten ticks at least, which tell a probe's phases apart.
    public init(periodMs: UInt64 = 500) {
        invariant(periodMs >= 10 * FailureDetector.tickMs, "the period is too short for its ticks")
        periodNs = periodMs * 1_000_000
        probeTimeoutNs = periodNs * 2 / 5
        helpTimeoutNs = probeTimeoutNs * 4 / 5
        deadPeriodNs = 4 * periodNs
        syncPeriodNs = 20 * periodNs
        timeoutWindowNs = 2 * periodNs
    }

    /// How long a suspicion lasts at most when `confirmations` of `wanted` others share it, among
    /// `members` (Lifeguard IV.B):
    ///
    ///     max(min, max - (max - min) · log(C + 1) / log(K + 1))
    func suspicionNs(confirmations: Int, of wanted: Int, members: Int) -> UInt64 {
        let shortestNs = periodNs * Self.suspicionPeriods * Self.log10Permille(members) / 1000
        guard wanted > 0 else { return shortestNs }
        let longestNs = shortestNs * Self.suspicionStretch
        let shortening = Self.shorteningPermille[min(wanted, Self.confirmationsMax) - 1]
        let permille = shortening[min(confirmations, wanted)]
        return longestNs - (longestNs - shortestNs) * permille / 1000
    }

    /// log(C + 1) / log(K + 1) in thousandths, for K from 1 to 3 and C from 0 to K.
    private static let shorteningPermille: [[UInt64]] = [
        [0, 1000], [0, 631, 1000], [0, 500, 792, 1000],
    ]

    /// log10 of `count`, at least 1, in thousandths, from log2 rounded up.
    private static func log10Permille(_ count: Int) -> UInt64 {
        max(1000, UInt64(log2(count)) * 301)
    }

    /// How long until a member compares all it knows with another again. Past 32 members the time
    /// grows by one for each doubling (memberlist's `pushPullScale`), since what is said grows with
    /// them.
    func syncNs(members: Int) -> UInt64 {
        syncPeriodNs * UInt64(max(1, Self.log2(members) - 4))
    }

    /// How often a rumour is passed on among `members`.
    static func retransmissions(members: Int) -> Int {
        retransmissionsFactor * max(1, log2(members + 1))
    }

    /// Rounded up; 0 for 1.
    static func log2(_ count: Int) -> Int {
        count <= 1 ? 0 : Int.bitWidth - (count - 1).leadingZeroBitCount
    }
}
