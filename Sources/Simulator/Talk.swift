/// How much control planes say to each other. Nodes that answer answers, or that say what they have
/// said whenever they are told the same, go on for ever, and look as if they worked.
struct Talk {
    /// One node to one other, in one second of the run. A leader with a follower that is far behind
    /// says the most.
    static let messagesMax = 2000

    private struct Way: Hashable {
        var from: Int
        var to: Int
    }

    private var second: UInt64 = 0
    /// Looked up and never iterated.
    private var counts: [Way: Int] = [:]

    /// - Returns: what is wrong with it, in words.
    mutating func note(from: Int, to: Int, atNs timeNs: UInt64) -> String? {
        if second != timeNs / 1_000_000_000 {
            second = timeNs / 1_000_000_000
            counts.removeAll(keepingCapacity: true)
        }
        let count = counts[Way(from: from, to: to), default: 0] + 1
        counts[Way(from: from, to: to)] = count
        guard count == Self.messagesMax else { return nil }
        return "node \(from) has said \(count) things to node \(to) within a second"
    }
}
