internal import Essentials

/// What a node knows of another one's clocks, in terms of its own monotonic clock: a time that is
/// kept as the distance from that clock needs no message to be told at any moment.
struct ClockPeer: Sendable {
    /// A frame that is so much later than the fastest one says nothing of the present, unless the
    /// other machine was started anew; then the next round trip tells.
    private static let lateNsMax: Int64 = 2_000_000_000
    /// Until a round trip was measured.
    private static let unmeasuredNs: Int64 = 500_000_000
    /// By how much two monotonic clocks drift apart in a second, at most.
    private static let driftNsPerS: Int64 = 200_000
    /// Beyond what was measured: the granularity of ms, and loops that do not run at once.
    private static let grainNs: Int64 = 20_000_000

    let node: NodeNumber
    /// Its monotonic clock, and how wrong that may be; nil before it was heard.
    private var monotonic: (ns: Int64, errorNs: Int64, atNs: UInt64)?
    private var wallNs: Int64 = 0
    private var commonNs: Int64?
    /// When it was heard last.
    private(set) var heardNs: UInt64 = 0

    init(node: NodeNumber) { self.node = node }

    /// How much later its wall clock is than this node's monotonic one.
    var wall: Int64? { monotonic.map { $0.ns + wallNs } }

    /// The same of what it takes for the common clock.
    var common: Int64? {
        guard let monotonic, let commonNs else { return nil }
        return monotonic.ns + commonNs
    }

    /// How wrong these may be.
    func errorNs(nowNs: UInt64) -> Int64 {
        guard let monotonic else { return .max }
        let ageS = Int64((nowNs - min(nowNs, monotonic.atNs)) / 1_000_000_000)
        return monotonic.errorNs + ageS * Self.driftNsPerS + Self.grainNs
    }

    /// It has said something.
    mutating func take(_ message: ClockMessage, nowNs: UInt64) {
        let theirNs = Int64(message.monotonicNs)
        if message.echoNs > 0, message.echoNs <= nowNs {
            measure(theirNs, sentNs: message.echoNs, nowNs: nowNs)
        } else {
            let apart = theirNs - Int64(nowNs)
            if let known = monotonic {
                guard apart > known.ns - known.errorNs - Self.lateNsMax else { return }
                // It cannot have come before it was sent: one of the machines has stood still.
                if apart > known.ns + errorNs(nowNs: nowNs) {
                    monotonic = (apart, Self.unmeasuredNs, nowNs)
                }
            } else {
                monotonic = (apart, Self.unmeasuredNs, nowNs)
            }
        }
        heardNs = nowNs
        wallNs = Int64(message.wallMs) * 1_000_000 - theirNs
        commonNs = message.commonMs > 0 ? Int64(message.commonMs) * 1_000_000 - theirNs : nil
    }

    /// A round trip says how the clocks stand, to half its time.
    private mutating func measure(_ theirNs: Int64, sentNs: UInt64, nowNs: UInt64) {
        let errorNs = Int64((nowNs - sentNs) / 2)
        let ns = theirNs - Int64(sentNs) - errorNs
        if let known = monotonic {
            let knownErrorNs = self.errorNs(nowNs: nowNs)
            let isOther = abs(ns - known.ns) > knownErrorNs + errorNs + Self.grainNs
            guard isOther || errorNs <= knownErrorNs else { return }
        }
        monotonic = (ns, errorNs, nowNs)
    }
}
