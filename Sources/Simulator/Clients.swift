internal import Engine
internal import Wire

/// The requests that clients have made, and what they were answered.
struct Clients {
    struct Request {
        var node: Int
        var words: [[UInt8]]
        /// What it has to run under.
        var consistency: Consistency
        var isUnderKeyspace: Bool
        /// When its client has sent it, and when its node has begun with it.
        var sentNs: UInt64
        var atNs: UInt64
        /// The `ClientConnection` that it came on, if it came on one.
        var connection: Int?
        var reply: Reply?
        /// The node has ended without an answer: nobody knows whether it took effect.
        var isLost = false

        /// Behind the subcommand for the one container of commands with keys.
        var key: [UInt8] {
            let place = words[0] == Array("OBJECT".utf8) ? 2 : 1
            return words.count > place ? words[place] : []
        }
    }

    private(set) var requests: [Request] = []

    /// Every request that comes on no `ClientConnection` has a connection of its own, which the
    /// upper half of a number names.
    static func origin(of number: UInt64) -> UInt64 { number << 32 }
    static func number(of origin: UInt64) -> UInt64 { origin >> 32 }

    /// Numbers begin at 1.
    subscript(number: UInt64) -> Request { requests[Int(number) - 1] }

    mutating func add(
        _ words: [[UInt8]], at node: Int,
        _ terms: (consistency: Consistency, isUnderKeyspace: Bool), sentNs: UInt64, atNs: UInt64,
        connection: Int? = nil
    ) -> UInt64 {
        requests.append(
            Request(
                node: node, words: words, consistency: terms.consistency,
                isUnderKeyspace: terms.isUnderKeyspace, sentNs: sentNs, atNs: atNs,
                connection: connection))
        let number = UInt64(requests.count)
        open.append(number)
        return number
    }

    /// Returns false for an answer that nobody waits for: a second one, or to a lost request.
    mutating func answer(_ number: UInt64, _ reply: Reply) -> Bool {
        let index = Int(number) - 1
        guard requests[index].reply == nil, !requests[index].isLost else { return false }
        requests[index].reply = reply
        if let place = openPlace(of: number) { open.remove(at: place) }
        return true
    }

    /// What waits for an answer. In the order of the numbers.
    private(set) var open: [UInt64] = []

    /// Numbers are sorted.
    private func openPlace(of number: UInt64) -> Int? {
        var (low, high) = (0, open.count)
        while low < high {
            let middle = (low + high) / 2
            if open[middle] < number { low = middle + 1 } else { high = middle }
        }
        return low < open.count && open[low] == number ? low : nil
    }

    /// Returns what nobody answers any more.
    @discardableResult
    mutating func lose(at node: Int) -> [UInt64] {
        let lost = open.filter { self[$0].node == node }
        open = open.filter { self[$0].node != node }
        for number in lost { requests[Int(number) - 1].isLost = true }
        return lost
    }

    /// Requests without an answer on a node that has not ended.
    var openCount: Int { open.count }
}
