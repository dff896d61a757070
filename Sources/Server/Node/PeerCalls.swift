internal import Essentials
internal import Wire

/// Commands that this shard's clients had another member carry out, and that are not answered yet.
///
/// For what a node must be asked and not a key's replicas: SCAN and its like. Confined to its
/// shard.
final class PeerCalls {
    private struct Call {
        let node: NodeNumber
        let done: (Reply?) -> Void
    }

    /// Calls under way at once. Each stands for a command of a client of ours.
    private static let callsMax = 4096

    private var calls: [UInt64: Call] = [:]
    private var lastID: UInt64 = 0

    /// Has `node` carry out a command. `done` gets the reply, or nil when there will be none.
    func start(
        _ arguments: [[UInt8]], on node: NodeNumber, _ shard: Shard, timeoutMs: UInt64,
        done: @escaping (Reply?) -> Void
    ) {
        lastID += 1
        let id = lastID
        guard calls.count < Self.callsMax,
            shard.peers.send(.execute(id: id, arguments: arguments), to: node)
        else { return done(nil) }
        calls[id] = Call(node: node, done: done)
        shard.after(ms: timeoutMs) { [weak self] in self?.end(id, nil) }
    }

    func answered(_ id: UInt64, _ bytes: [UInt8], by node: NodeNumber) {
        guard calls[id]?.node == node else { return }
        var parser = ReplyParser()
        parser.append(bytes)
        if case .reply(let reply) = parser.next() { end(id, reply) } else { end(id, nil) }
    }

    /// The connection to `node` broke.
    func fail(_ node: NodeNumber) {
        for id in calls.filter({ $0.value.node == node }).keys.sorted() { end(id, nil) }
    }

    private func end(_ id: UInt64, _ reply: Reply?) { calls.removeValue(forKey: id)?.done(reply) }
}
