internal import Essentials

/// How long things take and what goes wrong by chance. Calm weather takes no time and loses
/// nothing.
///
/// Times are the longest ones, in ms; each is drawn between nothing and that.
struct Weather {
    var messageMs = 0
    /// Between an event's arrival at a loop and the pass that takes it.
    var passMs = 0
    /// 0: a record is read in the pass that asks for it, as RocksDB's cache does.
    var loadMs = 0
    var syncMs = 0
    /// One message in so many is lost without anybody being told; nil for none.
    var lossOneIn: Int?
    /// One message in so many is later than anybody waits; nil for none.
    var stragglerOneIn: Int?
    /// One message in so many arrives twice. TCP does not repeat, but nobody relies on that.
    var duplicateOneIn: Int?

    /// How late such a message is at most, in ms.
    static let stragglerMsMax = 3000

    static let calm = Weather()
}

extension SeededRandom {
    /// A duration between nothing and `ms`, in ns.
    mutating func durationNs(upToMs ms: Int) -> UInt64 {
        ms == 0 ? 0 : UInt64.random(in: 0...UInt64(ms) * 1_000_000, using: &self)
    }

    mutating func happens(oneIn count: Int?) -> Bool { count.map { oneIn($0) } ?? false }
}
