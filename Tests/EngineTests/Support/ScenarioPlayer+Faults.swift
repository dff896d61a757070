import Essentials
import Membership
import Objects
import Placement

@testable import Engine
@testable import Simulator

/// What a scenario does to a cluster, and what it asks to see of it.
extension ScenarioPlayer {
    func rule(_ words: [String]) throws {
        let way = Network.Way(from: try node(words, 1), to: try node(words, 2))
        switch words[0] {
        case "lose": cluster.network.rules[way] = .lose
        case "hold": cluster.network.rules[way] = .hold
        case "double": cluster.network.rules[way] = .double
        case "pass":
            let envelopes = cluster.network.takeHeld(way)
            for envelope in words.last == "turned" ? envelopes.reversed() : envelopes {
                cluster.planArrival(envelope)
            }
        case "drop": _ = cluster.network.takeHeld(way)
        default:
            cluster.network.rules[way] = nil
            for envelope in cluster.network.takeHeld(way) { cluster.planArrival(envelope) }
        }
    }

    func live(_ words: [String]) throws {
        guard words[0] != "new" else { return cluster.addNode() }
        let node = try node(words, 1)
        switch words[0] {
        case "crash": cluster.crash(node, losesPower: words.last == "power")
        case "stop": cluster.stop(node)
        case "start": cluster.start(node)
        case "pause": cluster.pause(node)
        case "resume": cluster.resume(node)
        case "judge":
            let other = cluster[try self.node(words, 2)].number
            guard let liveness = Liveness.allCases.first(where: { "\($0)" == words.last }) else {
                throw misuse(words)
            }
            for shard in 0..<cluster.shardCount(node) {
                cluster.post(.peerJudged(other, liveness), to: node, shard: shard)
            }
        case "join": cluster.join(node, at: try self.node(words, 2))
        case "leave": cluster.propose(.leave(cluster[node].description.id), at: 1)
        case "keyspace": try changeKeyspace(words, at: node)
        default: cluster.flush(at: node)
        }
    }

    private func changeKeyspace(_ words: [String], at node: Int) throws {
        guard words.count > 2 else { throw misuse(words) }
        var quorums = Quorums()
        for word in words[3...] {
            guard try take(word, into: &quorums) else { throw misuse([word]) }
        }
        let prefix = Array(words[2].utf8)
        let isSet = words.count > 3
        cluster.propose(
            isSet ? .setKeyspace(prefix: prefix, quorums) : .unsetKeyspace(prefix: prefix),
            at: node)
    }

    func handle(_ words: [String]) throws {
        let node = try node(words, 1)
        switch (words[0], words.count > 2 ? words[2] : "") {
        case ("disk", "hold"): cluster[node].isDiskHeld = true
        case ("disk", "write"): cluster.writeBatches(node)
        case ("disk", "sync"):
            cluster.sync(node)
        case ("disk", "free"):
            cluster[node].isDiskHeld = false
            cluster.writeBatches(node)
            if cluster.options.acknowledgesDurable { cluster.sync(node) }
        case ("space", let state):
            for shard in 0..<cluster.shardCount(node) {
                cluster.post(.spaceChanged(isLow: state == "low"), to: node, shard: shard)
            }
        case ("forget", ""): cluster[node].disk.forgetAll()
        case ("forget", let key):
            cluster[node].disk.tamper(ObjectKey(Array(key.utf8))) { $0 = nil }
        case ("damage", let key):
            cluster[node].disk.tamper(ObjectKey(Array(key.utf8))) { $0?[4] ^= 1 }
        case ("skew", _): cluster[node].skewMs = Int64(try number(words, 2))
        case ("suspend", _):
            cluster[node].process?.clock.suspend(ms: Int64(try number(words, 2)))
        case ("sweep", _): cluster.sweep(node)
        default: throw misuse(words)
        }
    }

    // MARK: Looking

    /// What every node holds: in memory, or else on its disk.
    func show(_ words: [String]) throws -> [String] {
        guard words.count == 2 else { throw misuse(words) }
        let key = ObjectKey(Array(words[1].utf8))
        return cluster.nodes.map { node in
            guard let object = cluster.held(key, by: node.index) else {
                return "\(node.name): nothing"
            }
            return "\(node.name): \(cluster.trace.names.text(object, key: key.bytes))"
        }
    }

    func stored(_ words: [String]) throws -> [String] {
        guard words.count == 2 else { throw misuse(words) }
        let key = ObjectKey(Array(words[1].utf8))
        return cluster.nodes.map { node in
            guard let record = node.disk.records[key] else { return "\(node.name): nothing" }
            return "\(node.name): \(cluster.trace.names.text(record: record, key: key.bytes))"
        }
    }

    func hints(_ words: [String]) throws -> [String] {
        let node = try node(words, 1)
        guard let process = cluster[node].process else { return ["\(words[1]): down"] }
        let figures = process.shards.flatMap { $0.plane.hintFigures }
        return figures.map { figure in
            let dirty = figure.dirty.isEmpty ? "" : ", behind in \(figure.dirty.count) partitions"
            return "\(words[1]): \(figure.records) for \(Node.name(Int(figure.target.rawValue)))"
                + dirty
        }
    }

    func counts(_ node: Int, _ names: [String]) -> String {
        guard let process = cluster[node].process else { return "down" }
        return names.map { name in
            let sum = process.shards.reduce(0) { $0 + Self.counter(name, $1.plane) }
            return "\(name)=\(sum)"
        }.joined(separator: " ")
    }

    private static func counter(_ name: String, _ plane: DataPlane) -> Int {
        switch name {
        case "inFlight": return plane.inFlightCount
        case "parked": return plane.parkedCount
        case "liveKeys": return plane.liveKeys
        default:
            let children = Mirror(reflecting: plane.counters).children
            return children.first { $0.label == name }.flatMap { $0.value as? UInt64 }.map(Int.init)
                ?? -1
        }
    }
}
