internal import Essentials

/// Which commands were taken from each peer's connection: none is taken twice.
///
/// A peer numbers what it hands over, upwards. Frames of one connection come in their order and
/// once, so mostly the last number says it all; a few before it are remembered, too, so that this
/// does not hang on the network's word.
struct ForwardsTaken: Sendable {
    private struct Past {
        let link: LinkID
        var last: UInt64 = 0
        /// Bit i: whether `last - i` was taken.
        var taken: UInt64 = 0
        /// When it last took one.
        var atNs: UInt64 = 0
    }

    /// A connection that has brought nothing for so long brings nothing twice: nobody waits longer.
    private static let idleNs: UInt64 = 2 * 3_600_000_000_000

    private var pasts: [Past] = []

    /// Whether the command is new. What lies further back than is remembered counts as taken: its
    /// sender waits in vain, and that is safe.
    mutating func take(_ sequence: UInt64, _ link: LinkID, nowNs: UInt64) -> Bool {
        let index = pasts.firstIndex { $0.link == link } ?? add(link, nowNs: nowNs)
        pasts[index].atNs = nowNs
        let last = pasts[index].last
        if sequence > last {
            let step = sequence - last
            pasts[index].taken = (step < 64 ? pasts[index].taken << step : 0) | 1
            pasts[index].last = sequence
            return true
        }
        let back = last - sequence
        guard back < 64, pasts[index].taken & 1 << back == 0 else { return false }
        pasts[index].taken |= 1 << back
        return true
    }

    private mutating func add(_ link: LinkID, nowNs: UInt64) -> Int {
        pasts.removeAll { nowNs > $0.atNs + Self.idleNs }
        pasts.append(Past(link: link))
        return pasts.count - 1
    }
}
