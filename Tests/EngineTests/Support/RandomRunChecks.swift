import Causality
import Essentials
import Objects
internal import Placement
import Wire

@testable import Engine
@testable import Simulator

/// What must hold after a random run, when everything is healed and every key was read at ALL.
struct RandomRunChecks {
    let cluster: Cluster
    let history: History
    private(set) var violations: [String] = []

    init(cluster: Cluster, history: History) {
        self.cluster = cluster
        self.history = history
    }

    mutating func checkAll(sessions: Int) {
        violations += cluster.violations + cluster.ledger.violations
        if cluster.clients.openCount > 0 {
            violations.append("\(cluster.clients.openCount) requests were never answered")
        }
        var keys: [[UInt8]] = []
        for operation in history.operations where !keys.contains(operation.key) {
            keys.append(operation.key)
        }
        for bytes in keys {
            let key = ObjectKey(bytes)
            guard let object = checkEquality(key) else { continue }
            let operations = history.operations.filter { $0.key == bytes }
            checkNothingLost(key, object, operations)
            switch bytes.first {
            case UInt8(ascii: "c"): checkCounter(key, object, operations)
            case UInt8(ascii: "d"): checkSiblings(key, object, operations, sessions: sessions)
            default: checkOverwritten(key, object)
            }
        }
        checkLeaks()
    }

    private mutating func fail(_ key: ObjectKey, _ text: String) {
        violations.append("\(Text.show(key.bytes)): \(text)")
    }

    /// All replicas hold the same bytes, in memory and on disk; returns what they hold.
    private mutating func checkEquality(_ key: ObjectKey) -> Object? {
        guard let table = cluster[1].process?.shards[0].plane.routing.table else { return nil }
        let replicas = table.replicas(of: table.partitioning.partition(of: key.position))
        let first = Int(replicas[replicas.startIndex].rawValue)
        let record = cluster[first].disk.records[key]
        for replica in replicas {
            let index = Int(replica.rawValue)
            if cluster[index].disk.records[key] != record {
                let names = [first, index].map { cluster.text(key, on: $0) }
                fail(key, "the replicas differ: \(names)")
            }
            if cluster.held(key, by: index)?.encoded() != cluster[index].disk.records[key] {
                let name = cluster[index].name
                fail(key, "\(name) holds something else than its disk")
            }
        }
        return record.flatMap { try? Object(decoding: $0) }
    }

    /// Every acknowledged write is known everywhere: it is there, or something that has seen it.
    private mutating func checkNothingLost(
        _ key: ObjectKey, _ object: Object, _ operations: [History.Operation]
    ) {
        for operation in operations {
            guard case .acknowledged(let reply) = operation.outcome, reply != .null,
                ["SET", "DPUT"].contains(operation.name)
            else { continue }
            let value = operation.words[operation.name == "SET" ? 2 : 3]
            guard let dot = cluster.ledger.dot(of: value, key) else {
                fail(key, "\(Text.show(value)) was acknowledged and never made")
                continue
            }
            if !object.context.contains(dot) {
                fail(key, "\(Text.show(value)) was acknowledged and is lost")
            }
        }
    }

    /// The counter is the sum of what was acknowledged, and of some of what is unknown.
    private mutating func checkCounter(
        _ key: ObjectKey, _ object: Object, _ operations: [History.Operation]
    ) {
        var least = 0
        var most = 0
        for operation in operations where operation.name == "INCRBY" {
            let amount = Int(String(decoding: operation.words[2], as: UTF8.self)) ?? 0
            switch operation.outcome {
            case .acknowledged: least += amount
            case .unknown: break
            case .refused: continue
            }
            most += amount
        }
        let text = object.visible(nowMs: 0)?.bytes ?? Array("0".utf8)
        let sum = Int(String(decoding: text, as: UTF8.self)) ?? -1
        if !(least...most).contains(sum) { fail(key, "\(sum) is not in \(least)...\(most)") }
    }

    /// A value is gone when a write has seen it, and only then.
    private mutating func checkSiblings(
        _ key: ObjectKey, _ object: Object, _ operations: [History.Operation], sessions: Int
    ) {
        var unknown = 0
        var seenByAcknowledged = CausalContext()
        var seenByAny = CausalContext()
        for operation in operations where operation.name.hasPrefix("D") && operation.name != "DGET"
        {
            guard let seen = try? ContextToken.decode(operation.words[2], of: key.bytes) else {
                continue
            }
            switch operation.outcome {
            case .acknowledged: seenByAcknowledged.merge(seen)
            case .unknown: unknown += 1
            case .refused: continue
            }
            seenByAny.merge(seen)
        }
        for entry in object.entries where seenByAcknowledged.contains(entry.dot) {
            fail(key, "\(entry.dot) was replaced and is there")
        }
        for dot in cluster.ledger.made[key] ?? [] where object.context.contains(dot) {
            guard cluster.ledger.fact(key, dot)?.value != nil, !seenByAny.contains(dot) else {
                continue
            }
            if !object.entries.contains(where: { $0.dot == dot }) {
                fail(key, "\(dot) is gone, and nobody had seen it")
            }
        }
        if object.entries.count > sessions + unknown {
            fail(key, "\(object.entries.count) siblings of \(sessions) sessions")
        }
    }

    /// A SET that is known everywhere has replaced all that its coordinator knew.
    private mutating func checkOverwritten(_ key: ObjectKey, _ object: Object) {
        for dot in cluster.ledger.made[key] ?? [] where object.context.contains(dot) {
            guard let fact = cluster.ledger.fact(key, dot), fact.value != nil else { continue }
            for entry in object.entries where entry.dot != dot && fact.context.contains(entry.dot) {
                fail(key, "\(entry.dot) is there, though \(dot) had seen it")
            }
        }
    }

    /// Nothing is left under way.
    private mutating func checkLeaks() {
        for node in cluster.nodes {
            for shard in node.process?.shards ?? [] {
                if shard.plane.inFlightCount > 0 || shard.plane.parkedCount > 0
                    || !shard.held.isEmpty
                {
                    violations.append("\(node.name) still has something under way")
                }
            }
        }
    }
}

extension Cluster {
    /// What a node's disk holds of a key.
    fileprivate func text(_ key: ObjectKey, on index: Int) -> String {
        let record = self[index].disk.records[key]
        let text = record.map { trace.names.text(record: $0, key: key.bytes) } ?? "nothing"
        return "\(self[index].name): \(text)"
    }
}
