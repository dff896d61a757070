/// What is wrong between nodes, which are numbered from 0. Clients and admins are never cut off.
struct NetworkFaults: Sendable {
    /// From one node to another: the other way is a fault of its own.
    struct Way: Hashable, Sendable {
        let from: Int
        let to: Int
    }

    /// Nothing that is sent arrives, and nobody is told.
    private(set) var cuts: Set<Way> = []
    /// Whatever is sent is answered by a reset.
    private(set) var resets: Set<Way> = []
    /// So many of a hundred packets do not arrive, between any two nodes.
    var lossPercent = 0

    /// The senders' packets do not reach the receivers; those of the receivers arrive.
    static func cut(from senders: [Int], to receivers: [Int]) -> NetworkFaults {
        var faults = NetworkFaults()
        faults.cuts = ways(from: senders, to: receivers)
        return faults
    }

    /// Nothing passes between the two sides.
    static func split(_ side: [Int], _ other: [Int]) -> NetworkFaults {
        var faults = NetworkFaults()
        faults.cuts = ways(from: side, to: other).union(ways(from: other, to: side))
        return faults
    }

    /// Every connection between the two sides is reset, and none is made.
    static func reset(_ side: [Int], _ other: [Int]) -> NetworkFaults {
        var faults = NetworkFaults()
        faults.resets = ways(from: side, to: other).union(ways(from: other, to: side))
        return faults
    }

    static func loss(percent: Int) -> NetworkFaults {
        var faults = NetworkFaults()
        faults.lossPercent = percent
        return faults
    }

    private static func ways(from senders: [Int], to receivers: [Int]) -> Set<Way> {
        Set(senders.flatMap { from in receivers.map { Way(from: from, to: $0) } })
    }
}
