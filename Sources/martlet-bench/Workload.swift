/// What one operation does.
enum OperationKind: Int, CaseIterable, Sendable {
    case get, set, insert, readModifyWrite, increment, delete, getMany, setMany, ping

    /// As results show it: the command, or YCSB's word.
    var label: String {
        switch self {
        case .get: "get"
        case .set: "set"
        case .insert: "insert"
        case .readModifyWrite: "read-modify-write"
        case .increment: "incr"
        case .delete: "del"
        case .getMany: "mget"
        case .setMany: "mset"
        case .ping: "ping"
        }
    }
}

/// A mix of operations, by the name under which it is asked for.
struct Workload: Sendable {
    let name: String
    let summary: String
    /// The operations with their shares, which make 100.
    let mix: [(kind: OperationKind, percent: Int)]
    /// Used unless another one is asked for.
    let distribution: KeyDistribution

    /// In the order of the help. The letters are YCSB's core workloads; E scans, which a hashed
    /// keyspace does not do in order of the keys.
    static let all: [Workload] = [
        Workload("get", "read a key", [(.get, 100)]),
        Workload("set", "overwrite a key", [(.set, 100)]),
        Workload("incr", "increment a counter (keys of their own)", [(.increment, 100)]),
        Workload("del", "delete a key", [(.delete, 100)]),
        Workload("mget", "read several keys at once", [(.getMany, 100)]),
        Workload("mset", "overwrite several keys at once", [(.setMany, 100)]),
        Workload("ping", "do nothing", [(.ping, 100)]),
        Workload("a", "YCSB A: 50 % reads, 50 % updates", [(.get, 50), (.set, 50)], .zipfian),
        Workload("b", "YCSB B: 95 % reads, 5 % updates", [(.get, 95), (.set, 5)], .zipfian),
        Workload("c", "YCSB C: reads only", [(.get, 100)], .zipfian),
        Workload(
            "d", "YCSB D: 95 % reads of the latest, 5 % inserts", [(.get, 95), (.insert, 5)],
            .latest),
        Workload(
            "f", "YCSB F: 50 % reads, 50 % read-modify-writes",
            [(.get, 50), (.readModifyWrite, 50)], .zipfian),
        .load,
    ]

    static let load = Workload("load", "write each key once", [(.set, 100)], .sequential)

    private init(
        _ name: String, _ summary: String, _ mix: [(kind: OperationKind, percent: Int)],
        _ distribution: KeyDistribution = .uniform
    ) {
        self.name = name
        self.summary = summary
        self.mix = mix
        self.distribution = distribution
    }

    static func named(_ name: String) -> Workload? { all.first { $0.name == name } }

    /// Whether it has commands with several keys.
    var takesSeveralKeys: Bool { mix.contains { $0.kind == .getMany || $0.kind == .setMany } }

    /// The kind that a number from 0 to 99 falls on.
    func kind(at percentile: Int) -> OperationKind {
        var rest = percentile
        for part in mix {
            if rest < part.percent { return part.kind }
            rest -= part.percent
        }
        return mix[0].kind
    }
}
