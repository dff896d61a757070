import Histories
import Wire

/// Reads what each replica of a cluster holds, from that replica alone.
struct Survey {
    private static let depth = 64

    private let cluster: Cluster
    private let keys: [String]
    /// By the place of the node in the cluster: the keys of which it is a primary.
    private let held: [[String]]

    init(_ cluster: Cluster, keys: [String]) throws {
        self.cluster = cluster
        self.keys = keys
        let connection = try cluster[0].connect()
        let ranges = try connection.call("CLUSTER", "SLOTS").items?.map { try SlotRange($0) } ?? []
        let slots = try Self.pipeline(keys.map { ["CLUSTER", "KEYSLOT", $0] }, connection)
        var held = cluster.nodes.map { _ in [String]() }
        for (key, slot) in zip(keys, slots) {
            guard let slot = slot.integer, let range = ranges.first(where: { $0.contains(slot) })
            else { throw Failure("nobody has the slot of \(key)") }
            for index in cluster.nodes.indices
            where range.replicas.contains(cluster[index].place.client.text) {
                held[index].append(key)
            }
        }
        self.held = held
    }

    /// What every replica says when it answers by itself.
    func read() throws -> Ending {
        var ending = Ending()
        for (index, keys) in held.enumerated() {
            let replies = try Self.pipeline(
                keys.map { ["DGET", $0, "R", "1"] }, try cluster[index].connect())
            for (key, reply) in zip(keys, replies) {
                guard let (context, values) = reply.siblings else {
                    throw Failure("DGET \(key) at \(cluster[index].name): \(reply)")
                }
                ending.add(
                    Ending.Copy(
                        replica: cluster[index].name, context: context, values: values), of: key)
            }
        }
        return ending
    }

    /// Reads all replicas of all keys at once, which makes them equal.
    func repair() throws {
        let replies = try Self.pipeline(
            keys.map { ["DGET", $0, "R", "ALL"] }, try cluster[0].connect())
        if let error = replies.first(where: \.isError) { throw Failure("DGET R ALL: \(error)") }
    }

    /// Sends commands some at a time, so that neither side has to hold them all.
    private static func pipeline(
        _ commands: [[String]], _ connection: RedisConnection
    ) throws -> [Reply] {
        try stride(from: 0, to: commands.count, by: depth).flatMap { first in
            try connection.pipeline(Array(commands[first..<min(first + depth, commands.count)]))
        }
    }
}

/// One entry of CLUSTER SLOTS.
private struct SlotRange {
    let slots: ClosedRange<Int64>
    /// The client addresses of the replicas.
    let replicas: [String]

    init(_ reply: Reply) throws {
        guard let parts = reply.items, parts.count > 2, let first = parts[0].integer,
            let last = parts[1].integer, first <= last
        else { throw Failure("not what CLUSTER SLOTS answers: \(reply)") }
        slots = first...last
        replicas = parts[2...].compactMap { node in
            guard let host = node.items?[0].text, let port = node.items?[1].integer
            else { return nil }
            return "\(host):\(port)"
        }
    }

    func contains(_ slot: Int64) -> Bool { slots.contains(slot) }
}
