internal import Causality

/// The last dot that this node made of each key as a stand-in.
///
/// A primary goes on under the actor that it finds in its own copy, which it does not forget
/// unawares. A stand-in forgets as a rule: its hints go when they are delivered, and what it finds
/// of its own dots afterwards, be it in a hint or in another's answer, may be older than the newest
/// that it made. Going on from there would use dots twice. So it goes on only from what this memory
/// says, and begins a new actor otherwise, above every epoch that it may have used before.
///
/// Confined to its shard.
struct StandInDots: Sendable {
    /// Keys remembered; past it all are forgotten, which costs each of them one more actor.
    static let countMax = 8192

    /// Looked up by key and never iterated.
    private var latest: [ObjectKey: Dot] = [:]
    /// No epoch above was used before this memory began. In ms, as all epochs.
    private var usedMs: UInt64
    /// The most that a stand-in's actor has reached in this run; 0 when there was none.
    private(set) var reachedMs: UInt64 = 0

    init(usedMs: UInt64) { self.usedMs = usedMs }

    /// The dot to go on from, if `known`, all that is known of the key now, holds nothing newer of
    /// that actor and nothing less.
    func latest(of key: ObjectKey, in known: CausalContext) -> Dot? {
        guard let dot = latest[key], known.highestCounter(of: dot.actor) == dot.counter else {
            return nil
        }
        return dot
    }

    /// The least epoch that a new actor of the key may have.
    func freshEpochMs(of key: ObjectKey) -> UInt64 {
        max(usedMs, latest[key]?.actor.epochMs ?? 0) + 1
    }

    /// - Parameter reachedMs: the most that epochs of this shard have reached.
    mutating func note(_ dot: Dot, of key: ObjectKey, reachedMs: UInt64) {
        if latest.count >= Self.countMax, latest[key] == nil { forget(usedMs: reachedMs) }
        latest[key] = dot
        self.reachedMs = max(self.reachedMs, dot.actor.epochMs)
    }

    /// Begins anew: no actor made so far is continued.
    mutating func forget(usedMs: UInt64) {
        latest.removeAll()
        self.usedMs = max(self.usedMs, usedMs)
    }
}
