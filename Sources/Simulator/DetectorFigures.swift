/// What a failure detector of so many nodes costs and how well it sees, measured in virtual time.
public struct DetectorFigures: Sendable {
    public internal(set) var nodes: Int
    public internal(set) var lossPercent: Int
    /// Sent by each node in a second of good health: in the mean, and by the busiest.
    public internal(set) var messages: Double
    public internal(set) var messagesMax: Double
    public internal(set) var bytes: Double
    /// The largest message that is no comparison of all members, in bytes.
    public internal(set) var messageSizeMax: Int
    /// From a crash until the first suspects the node, takes it for dead, and until all do, in ms;
    /// nil: not within a minute.
    public internal(set) var suspectedMs: UInt64?
    public internal(set) var deadMs: UInt64?
    public internal(set) var everywhereMs: UInt64?
    /// Suspicions that somebody began though nothing was wrong, in an hour of each node.
    public internal(set) var falseSuspicions: Double
    /// Members that somebody took for dead though nothing was wrong with them: in good health; and
    /// besides it, while one node gets processor time for an eighth only.
    public internal(set) var falseDeaths: Int
    public internal(set) var starvedDeaths: Int
    /// After a node stood still for 20 s: how many others it took for dead, and how long until all
    /// take it for alive again, in ms.
    public internal(set) var pausedDeaths: Int
    public internal(set) var resumedMs: UInt64?
    /// After a cut through the middle has healed: until everybody takes everybody for alive, in ms.
    public internal(set) var healedMs: UInt64?
}
