internal import Engine
internal import Wire

/// The requests that clients have made, and what they were answered.
struct Clients {
    struct Request {
        var node: Int
        var words: [[UInt8]]
        var reply: Reply?
        /// The node has ended without an answer: nobody knows whether it took effect.
        var isLost = false
    }

    private(set) var requests: [Request] = []

    /// Every request comes over a connection of its own, which the upper half of a number names;
    /// requests of one connection would keep their order.
    static func origin(of number: UInt64) -> UInt64 { number << 32 }
    static func number(of origin: UInt64) -> UInt64 { origin >> 32 }

    /// Numbers begin at 1.
    subscript(number: UInt64) -> Request { requests[Int(number) - 1] }

    mutating func add(_ words: [[UInt8]], at node: Int) -> UInt64 {
        requests.append(Request(node: node, words: words))
        return UInt64(requests.count)
    }

    /// Returns false for an answer that nobody waits for: a second one, or to a lost request.
    mutating func answer(_ number: UInt64, _ reply: Reply) -> Bool {
        let index = Int(number) - 1
        guard requests[index].reply == nil, !requests[index].isLost else { return false }
        requests[index].reply = reply
        return true
    }

    mutating func lose(at node: Int) {
        for index in requests.indices
        where requests[index].node == node && requests[index].reply == nil {
            requests[index].isLost = true
        }
    }

    /// Requests without an answer on a node that has not ended.
    var openCount: Int { requests.count { $0.reply == nil && !$0.isLost } }
}
