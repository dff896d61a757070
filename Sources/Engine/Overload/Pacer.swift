/// Says how much background work a shard may do, so that clients' p99 stays what it is.
///
/// Background work (delivering and taking in hints, sweeping, counting, streams) asks for a grant
/// and says what it has spent; the shard reports how long foreground work took. The rate is found
/// the way TCP shares a network (Chiu and Jain, 1989; slow start as in RFC 5681), with the
/// foreground's p99 in the place of lost packets, as Dynamo's admission controller has it (section
/// 6.5): full speed when nobody is there to be disturbed, half of it whenever the p99 is well above
/// its quiet level, a little more in each interval that is calm. Work that begins anew begins
/// slowly: what the shard bears is only known of what it has borne lately.
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
    /// record, and 10 ns a byte for copying, checking and writing it. A hint of 150 bytes, with its
    /// share of flushes and compactions, was measured at 8 µs where it is taken in, and at 3 µs
    /// with those who keep it.
    public static let recordCost = 512

    /// How often the rate is judged, when there are samples enough; at the latest after ten times
    /// that.
    private static let intervalNs: UInt64 = 100_000_000
    private static let intervalNsMax: UInt64 = 1_000_000_000
    /// Fewer in an interval are waited for.
    private static let samplesWanted = 64
    /// Levels: full speed, and where it begins. A calm interval adds a thirty-second of the level,
    /// and at least `levelStep`: what half of it was too much for is tried again after two seconds,
    /// and full speed takes ten. The ramp of work that begins anew is four times as steep.
    private static let levelMax = 1024
    private static let levelStart = 64
    private static let levelStep = 4
    /// What may be spent at once: so much of a second's rate, since timers do not go finer than
    /// 1 ms. With clients there, no more than `burstMax`, some 50 small records or half a
    /// millisecond: it is the longest that they wait behind background work of one pass, but for
    /// the half more that arrears allow.
    private static let burstsPerSecond = 500
    private static let burstMax = 32 << 10
    private static let pauseNsMin: UInt64 = 1_000_000
    /// Of the least rate, as much is made up for later, half as fast again: on a busy machine a
    /// loop comes back to background work later than its timer says. A fiftieth of a second is
    /// longer than most waits for a processor.
    private static let arrearsPerSecond = 50

    public var settings: Settings
    private var level = Self.levelStart
    /// What work has come to since it began; no limit once above `level`.
    private var ramp = Self.levelStart
    private var commands = QuietLevel()
    private var passes = QuietLevel()
    private var intervalStartNs: UInt64 = 0
    private var spentInInterval = 0
    /// What may be spent now; below zero after a record that was larger than the grant.
    private var balance = 0
    private var balanceNs: UInt64 = 0
    /// What was spent in the pass of this time.
    private var passNs: UInt64 = 0
    private var spentInPass = 0
    /// What peers have asked for on behalf of their clients since the last interval.
    private var peerRequests = 0
    /// Whether there was nobody to disturb in the last interval, here or at a peer.
    private var isAlone = false

    public init(_ settings: Settings = Settings()) { self.settings = settings }

    /// The part of full speed that background work is held to, from 0 to 1.
    public var share: Double { Double(level) / Double(Self.levelMax) }

    /// Bytes a second that may be spent now.
    public var rate: Int {
        max(settings.rateMin, settings.rateMax / Self.levelMax * min(level, ramp))
    }

    private var levelMin: Int {
        min(Self.levelMax, settings.rateMin / max(1, settings.rateMax / Self.levelMax))
    }

    // MARK: What the shard reports

    /// A client's command was answered `serviceNs` after it came.
    public mutating func noteForeground(serviceNs: UInt64) { commands.note(ns: serviceNs) }

    /// A peer wants something on behalf of a client of its own.
    public mutating func notePeerRequest() { peerRequests &+= 1 }

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
        isAlone = verdicts.0 == .idle && peerRequests < QuietLevel.samplesMin
        peerRequests = 0
        switch verdicts {
        case (.disturbed, _), (_, .disturbed): slowDown()
        case (.idle, _): speedUp(by: level, ramp)
        case (.unsure, _): break
        case (.calm, _): speedUp(by: level / 32, ramp / 8)
        }
        if isQuiet { ramp = Self.levelStart }
    }

    private mutating func speedUp(by step: Int, _ rampStep: Int) {
        level = min(Self.levelMax, level + max(step, Self.levelStep))
        ramp = min(Self.levelMax, ramp + max(rampStep, Self.levelStep))
    }

    /// What was measured so far says nothing about the new rate, and is forgotten.
    private mutating func slowDown() {
        // Below the least the level would mean nothing, and take long to come back from.
        level = max(min(level, ramp) / 2, levelMin)
        commands.forget()
        passes.forget()
    }

    // MARK: What background work asks

    /// Bytes that background work may spend now; none until the last record is paid for.
    ///
    /// - Parameter nowNs: the same throughout a pass of the loop.
    public mutating func grant(nowNs: UInt64) -> Int {
        let rate = rate
        let burst = max(burst(of: rate), Self.recordCost)
        let elapsedNs = nowNs - min(nowNs, balanceNs)
        // A pause longer than a second saves no more up than one.
        let elapsedUs = Int(min(elapsedNs, 1_000_000_000) / 1000)
        let earned = rate * elapsedUs / 1_000_000
        if earned > 0 || balanceNs == 0 {
            let arrears = settings.rateMin / Self.arrearsPerSecond
            balance = min(balance + earned, max(burst, arrears))
            balanceNs = nowNs
        }
        if nowNs != passNs { (passNs, spentInPass) = (nowNs, 0) }
        let limit = balance > burst ? burst + burst / 2 : burst
        return max(0, min(balance, limit - spentInPass))
    }

    private func burst(of rate: Int) -> Int {
        let burst = rate / Self.burstsPerSecond
        // The least is kept up whatever it takes.
        let leastBurst = settings.rateMin / Self.burstsPerSecond
        return isAlone ? burst : min(burst, max(Self.burstMax, leastBurst))
    }

    /// When there will be a grant, if there is none now; not before a timer could tell.
    public func nextGrantNs(nowNs: UInt64) -> UInt64 {
        let lacking = UInt64(max(1, 1 - balance))
        return nowNs + max(Self.pauseNsMin, lacking * 1_000_000_000 / UInt64(max(rate, 1)))
    }

    /// Background work has spent `bytes`, its records' cost included. One record may exceed the
    /// grant.
    public mutating func spend(_ bytes: Int) {
        balance -= bytes
        spentInPass += bytes
        spentInInterval += bytes
    }

    /// A pause of work that is not paid by the byte, lengthened as the level demands: at most
    /// sixteenfold.
    public func lengthened(pauseMs: UInt64) -> UInt64 {
        pauseMs * UInt64(Self.levelMax) / UInt64(max(level, Self.levelMax / 16))
    }
}
