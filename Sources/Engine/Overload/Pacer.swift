/// Says how much background work a shard may do, so that clients' p99 stays what it is.
///
/// Background work (delivering and taking in hints, sweeping, counting, streams) asks for a grant
/// and says what it has spent; the shard reports how long foreground work took. The rate follows
/// the rule by which TCP shares a network (additive increase, multiplicative decrease: Chiu and
/// Jain, 1989), with the foreground's p99 in the place of lost packets, as Dynamo's admission
/// controller has it (section 6.5): full speed when nobody is there to be disturbed, half of it
/// whenever the p99 is well above its quiet level, a little more in each interval that is calm.
///
/// Invariant: the rate never falls below `rateMin`, so that healing ends, however busy the
/// foreground is.
/// Confined to its shard.
public struct Pacer: Sendable {
    /// In bytes a second; small records count as `recordCost` bytes.
    public struct Settings: Sendable {
        /// With nobody to disturb.
        public var rateMax: Int
        /// Whatever the foreground does.
        public var rateMin: Int

        public init(rateMax: Int = 64 << 20, rateMin: Int = 1 << 20) {
            self.rateMax = rateMax
            self.rateMin = rateMin
        }
    }

    /// What handling a record costs besides its bytes, in bytes that cost the same: some 5 µs a
    /// record, and 10 ns a byte for copying, checking and writing it.
    public static let recordCost = 512

    /// How often the rate is judged, when there are samples enough; at the latest after ten times
    /// that.
    private static let intervalNs: UInt64 = 100_000_000
    private static let intervalNsMax: UInt64 = 1_000_000_000
    /// Fewer give no p99 to speak of.
    private static let samplesWanted = 64
    /// Levels: full speed, and what a calm interval adds: full speed takes three seconds.
    private static let levelMax = 1024
    private static let levelStep = 32
    /// What may be spent at once: so much of a second's rate. A loop that does it in one go is
    /// blocked for no longer than that.
    private static let burstsPerSecond = 50

    public var settings: Settings
    private var level = 0
    private var commands = QuietLevel()
    private var passes = QuietLevel()
    private var intervalStartNs: UInt64 = 0
    private var spentInInterval = 0
    /// What may be spent now; below zero after a record that was larger than the grant.
    private var balance = 0
    private var balanceNs: UInt64 = 0

    public init(_ settings: Settings = Settings()) { self.settings = settings }

    /// The part of full speed that background work is held to, from 0 to 1.
    public var share: Double { Double(level) / Double(Self.levelMax) }

    /// Bytes a second that may be spent now.
    public var rate: Int { max(settings.rateMin, settings.rateMax / Self.levelMax * level) }

    // MARK: What the shard reports

    /// A client's command was answered `serviceNs` after it came.
    public mutating func noteForeground(serviceNs: UInt64) { commands.note(ns: serviceNs) }

    /// A pass of the loop took so long: what came meanwhile has waited, clients' and peers' alike.
    public mutating func notePass(ns: UInt64) { passes.note(ns: ns) }

    /// Judges an interval when one is over. To be called every few ms.
    public mutating func tick(nowNs: UInt64) {
        guard intervalStartNs > 0 else { return intervalStartNs = nowNs }
        let elapsedNs = nowNs - min(nowNs, intervalStartNs)
        guard elapsedNs >= Self.intervalNs else { return }
        let isSampled = max(commands.sampleCount, passes.sampleCount) >= Self.samplesWanted
        guard isSampled || elapsedNs >= Self.intervalNsMax else { return }
        let floor = Int(clamping: elapsedNs / 1000) * settings.rateMin / 1_000_000
        let isQuiet = spentInInterval <= floor
        // Both, always: each learns its own quiet level.
        let verdicts = (commands.judge(isQuiet: isQuiet), passes.judge(isQuiet: isQuiet))
        intervalStartNs = nowNs
        spentInInterval = 0
        switch verdicts {
        case (.disturbed, _), (_, .disturbed): level /= 2
        case (.idle, _): level = min(Self.levelMax, max(2 * level, Self.levelMax / 8))
        case (.calm, _): level = min(Self.levelMax, level + Self.levelStep)
        }
    }

    // MARK: What background work asks

    /// Bytes that background work may spend now; none until the last record is paid for.
    public mutating func grant(nowNs: UInt64) -> Int {
        let rate = rate
        let elapsedNs = nowNs - min(nowNs, balanceNs)
        // A pause longer than a second saves no more up than one.
        let elapsedUs = Int(min(elapsedNs, 1_000_000_000) / 1000)
        let earned = rate * elapsedUs / 1_000_000
        if earned > 0 || balanceNs == 0 {
            balance = min(balance + earned, max(rate / Self.burstsPerSecond, Self.recordCost))
            balanceNs = nowNs
        }
        return max(0, balance)
    }

    /// Background work has spent `bytes`, its records' cost included. One record may exceed the
    /// grant.
    public mutating func spend(_ bytes: Int) {
        balance -= bytes
        spentInInterval += bytes
    }

    /// A pause of work that is not paid by the byte, lengthened as the level demands: at most
    /// sixteenfold.
    public func lengthened(pauseMs: UInt64) -> UInt64 {
        pauseMs * UInt64(Self.levelMax) / UInt64(max(level, Self.levelMax / 16))
    }
}
