internal import Essentials
internal import Membership
internal import Placement

/// The keyspaces that a seed draws for a run, and how often admins change them.
///
/// Drawn from a stream of its own: without keyspaces, a seed's run is the one that it was before
/// there were any.
struct KeyspacePlan {
    /// Some of these are prefixes of others, and of the names of keys: see `Workload.Kind`.
    private static let prefixes: [String] =
        Workload.Kind.allCases.flatMap { kind in
            let letter = String(decoding: [kind.rawValue], as: UTF8.self)
            return [letter, letter + "0", letter + "1"]
        }

    private(set) var keyspaces: [Keyspace] = []
    /// One step in so many brings a change; 0 for none.
    private(set) var changeOneIn = 0
    /// Of each key.
    private let replicas: Int
    private var random: SeededRandom

    init(seed: UInt64, replicas: Int) {
        random = SeededRandom(seed: ~seed)
        self.replicas = replicas
        let count = [0, 0, 1, 2, 3].randomElement(using: &random) ?? 0
        guard count > 0 else { return }
        while keyspaces.count < count {
            let prefix = drawPrefix()
            guard !keyspaces.contains(where: { $0.prefix == prefix }) else { continue }
            keyspaces.append(Keyspace(prefix: prefix, quorums: drawQuorums()))
        }
        changeOneIn = [0, 20, 60].randomElement(using: &random) ?? 0
    }

    /// For people.
    var text: String {
        let names = keyspaces.map { "\(Text.show($0.prefix)) (\($0.quorums))" }
        return names.isEmpty ? "none" : names.joined(separator: " ")
    }

    /// Whether a step brings a change.
    mutating func drawIsDue() -> Bool { changeOneIn > 0 && random.oneIn(changeOneIn) }

    /// Another policy, or the end of one.
    mutating func drawChange() -> TopologyChange {
        let prefix = drawPrefix()
        return random.oneIn(4)
            ? .unsetKeyspace(prefix: prefix) : .setKeyspace(prefix: prefix, drawQuorums())
    }

    /// Draws who makes it.
    mutating func drawAdmin(_ running: [Int]) -> Int? { running.randomElement(using: &random) }

    mutating func drawHasRival() -> Bool { random.oneIn(3) }

    private mutating func drawPrefix() -> [UInt8] {
        Array((Self.prefixes.randomElement(using: &random) ?? "").utf8)
    }

    private mutating func drawQuorums() -> Quorums {
        var quorums = Quorums()
        for name in Quorums.Name.allCases where random.oneIn(name.mayBeZero ? 4 : 2) {
            let least = name.mayBeZero ? 0 : 1
            quorums[name] =
                switch Int.random(in: 0..<6, using: &random) {
                case 0: .quorum
                case 1: .all
                case 2: .one
                default: .number(Int.random(in: least...replicas, using: &random))
                }
        }
        return quorums
    }
}
