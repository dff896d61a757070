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
        var atNs: UInt64
        var reply: Reply?
        /// The node has ended without an answer: nobody knows whether it took effect.
        var isLost = false
    }

    private(set) var requests: [Request] = []

    /// The upper half of an origin names the connection. A request has one of its own, unless it is
    /// said to come on another, whose requests keep their order.
    static func origin(of number: UInt64, on connection: UInt64?) -> UInt64 {
        (connection ?? number | 1 << 31) << 32 | number
    }
    static func number(of origin: UInt64) -> UInt64 { origin & 0xFFFF_FFFF }

    /// Numbers begin at 1.
    subscript(number: UInt64) -> Request { requests[Int(number) - 1] }

    mutating func add(
        _ words: [[UInt8]], at node: Int,
        _ terms: (consistency: Consistency, isUnderKeyspace: Bool), atNs: UInt64
    ) -> UInt64 {
        requests.append(
            Request(
                node: node, words: words, consistency: terms.consistency,
                isUnderKeyspace: terms.isUnderKeyspace, atNs: atNs))
        let number = UInt64(requests.count)
        open.append(number)
        return number
    }

    /// Returns false for an answer that nobody waits for: a second one, or to a lost request.
    mutating func answer(_ number: UInt64, _ reply: Reply) -> Bool {
        let index = Int(number) - 1
        guard requests[index].reply == nil, !requests[index].isLost else { return false }
        requests[index].reply = reply
        open.removeAll { $0 == number }
        return true
    }

    /// What waits for an answer. In the order of the numbers.
    private(set) var open: [UInt64] = []

    mutating func lose(at node: Int) {
        let lost = open.filter { self[$0].node == node }
        open = open.filter { self[$0].node != node }
        for number in lost { requests[Int(number) - 1].isLost = true }
    }

    /// Requests without an answer on a node that has not ended.
    var openCount: Int { open.count }
}
