internal import Placement
internal import Platform
internal import Wire

/// Which server has which hash slot, as a cluster tells its clients.
struct SlotMap: Sendable {
    /// Every server that has slots, in the order of their first one.
    private(set) var servers: [SocketAddress] = []
    /// For each slot the indices of its servers, the one that takes writes first.
    private(set) var owners: [[Int]] = Array(repeating: [], count: slotCount)

    var isComplete: Bool { owners.allSatisfy { !$0.isEmpty } }

    /// Takes note that a slot is elsewhere, and returns the server's index.
    mutating func move(_ slot: Int, to address: SocketAddress) -> Int {
        let server = index(of: address)
        if owners.indices.contains(slot) { owners[slot] = [server] }
        return server
    }

    /// The index of a server, which is added when it is new.
    mutating func index(of address: SocketAddress) -> Int {
        if let known = servers.firstIndex(of: address) { return known }
        servers.append(address)
        return servers.count - 1
    }

    private mutating func assign(_ slots: ClosedRange<Int>, to nodes: [SocketAddress]) {
        let indices = nodes.map { index(of: $0) }
        for slot in slots where owners.indices.contains(slot) { owners[slot] = indices }
    }

    // MARK: Replies

    /// Reads the reply to CLUSTER SLOTS: `[[first, last, [host, port, …], …], …]`. A server that
    /// does not know its own name leaves the host empty: it is the one that was asked.
    init?(slots reply: Reply, askedAt asked: SocketAddress) {
        guard case .array(let ranges) = reply else { return nil }
        for case .array(let fields) in ranges {
            guard fields.count >= 3, let slots = Self.range(fields[0], fields[1]) else {
                return nil
            }
            let nodes = fields.dropFirst(2).compactMap { Self.address($0, askedAt: asked) }
            assign(slots, to: nodes)
        }
    }

    /// Reads the reply to CLUSTER SHARDS: an array of maps with `slots` and `nodes`, each node
    /// being a map with `ip`, `port`, `role` and `health`.
    init?(shards reply: Reply, askedAt asked: SocketAddress) {
        guard case .array(let shards) = reply else { return nil }
        for shard in shards {
            guard case .array(let bounds) = Self.field("slots", of: shard),
                case .array(let members) = Self.field("nodes", of: shard)
            else { return nil }
            let isMaster = { Self.text(Self.field("role", of: $0)) == "master" }
            let ordered = members.filter(isMaster) + members.filter { !isMaster($0) }
            let nodes = ordered.compactMap { Self.member($0, askedAt: asked) }
            for index in stride(from: 0, to: bounds.count - 1, by: 2) {
                guard let slots = Self.range(bounds[index], bounds[index + 1]) else { return nil }
                assign(slots, to: nodes)
            }
        }
    }

    private static func member(_ member: Reply, askedAt asked: SocketAddress) -> SocketAddress? {
        guard case .integer(let port) = field("port", of: member) else { return nil }
        return address(host: text(field("ip", of: member)), port: port, askedAt: asked)
    }

    private static func range(_ first: Reply, _ last: Reply) -> ClosedRange<Int>? {
        guard case .integer(let low) = first, case .integer(let high) = last else { return nil }
        guard 0 <= low, low <= high, high < slotCount else { return nil }
        return Int(low)...Int(high)
    }

    private static func address(_ node: Reply, askedAt asked: SocketAddress) -> SocketAddress? {
        guard case .array(let fields) = node, fields.count >= 2, case .integer(let port) = fields[1]
        else { return nil }
        return address(host: text(fields[0]), port: port, askedAt: asked)
    }

    private static func address(
        host: String, port: Int64, askedAt asked: SocketAddress
    ) -> SocketAddress? {
        guard let port = UInt16(exactly: port), port > 0 else { return nil }
        return SocketAddress(host: host.isEmpty || host == "?" ? asked.host : host, port: port)
    }

    private static func text(_ reply: Reply?) -> String {
        switch reply {
        case .bulk(let bytes): String(decoding: bytes, as: UTF8.self)
        case .simple(let text): text
        default: ""
        }
    }

    /// The value of a map, which RESP2 writes as a flat array.
    private static func field(_ name: String, of map: Reply) -> Reply? {
        let items: [Reply]
        switch map {
        case .map(let pairs): items = pairs
        case .array(let pairs): items = pairs
        default: return nil
        }
        for index in stride(from: 0, to: items.count - 1, by: 2) where text(items[index]) == name {
            return items[index + 1]
        }
        return nil
    }
}

/// Where a command has to go instead: `MOVED 866 127.0.0.1:7001` or `ASK 866 127.0.0.1:7001`.
struct Redirection: Equatable {
    var isLasting: Bool
    var slot: Int
    var target: SocketAddress

    /// Reads the line of an error; nil when it is another error.
    init?(_ line: String, askedAt asked: SocketAddress) {
        let words = line.split(separator: " ")
        guard words.count == 3, words[0] == "MOVED" || words[0] == "ASK" else { return nil }
        guard let slot = Int(words[1]), let target = SocketAddress(String(words[2])) else {
            return nil
        }
        isLasting = words[0] == "MOVED"
        self.slot = slot
        self.target =
            target.host.isEmpty ? SocketAddress(host: asked.host, port: target.port) : target
    }
}
