import Causality
import Essentials
import Objects
import Wire

@testable import Engine
@testable import Simulator

/// One run of clients on a cluster that is made to suffer, all drawn from one seed.
///
/// First, safety: anything may go wrong. Then everything is healed and read once at every replica;
/// nothing may be missing, and all replicas must hold the same bytes.
struct RandomRun {
    /// A client, with at most one command under way.
    private struct Session {
        var node = 1
        var open: UInt64?
        /// The context that it holds of each key.
        var contexts: [[UInt8]: [UInt8]] = [:]
    }

    private static let counters = ["c0", "c1"].map { Array($0.utf8) }
    private static let registers = ["s0", "s1"].map { Array($0.utf8) }
    private static let siblings = ["d0", "d1"].map { Array($0.utf8) }
    private static let sessionsCount = 4
    private static let steps = 120

    let cluster: Cluster
    private var random: SeededRandom
    private var sessions: [Session]
    private(set) var history = History()
    private var lastValue = 0
    /// Whether power may fail: not where acknowledgements do not wait for the disk.
    private let losesPower: Bool

    init(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        var options = Cluster.Options()
        options.seed = seed
        options.nodes = random.oneIn(3) ? 4 : 3
        options.shards = random.oneIn(3) ? 2 : 1
        options.acknowledgesDurable = !random.oneIn(3)
        options.cacheBytesMax = random.oneIn(2) ? 800 : 1 << 20
        losesPower = options.acknowledgesDurable
        options.hasDetectors = random.oneIn(2)
        cluster = try Cluster(options)
        var weather = Weather()
        weather.messageMs = [0, 2, 20].randomElement(using: &random) ?? 0
        weather.passMs = [0, 1, 5].randomElement(using: &random) ?? 0
        weather.loadMs = [0, 5].randomElement(using: &random) ?? 0
        weather.syncMs = [0, 3, 30].randomElement(using: &random) ?? 0
        weather.lossOneIn = [nil, 100, 10].randomElement(using: &random) ?? nil
        weather.duplicateOneIn = [nil, 10].randomElement(using: &random) ?? nil
        cluster.weather = weather
        for index in 1...options.nodes {
            cluster[index].skewMs = Int64.random(in: -500...500, using: &random)
        }
        sessions = [Session](repeating: Session(), count: Self.sessionsCount)
        for index in sessions.indices {
            sessions[index].node = Int.random(in: 1...options.nodes, using: &random)
        }
        self.random = random
    }

    /// Returns the broken rules, in words.
    mutating func run() -> [String] {
        for _ in 0..<Self.steps {
            suffer()
            for index in sessions.indices { step(index) }
            cluster.wait(ms: UInt64.random(in: 0...10, using: &random))
        }
        heal()
        var checks = RandomRunChecks(cluster: cluster, history: history)
        checks.checkAll(sessions: Self.sessionsCount)
        return checks.violations
    }

    // MARK: Clients

    private mutating func step(_ index: Int) {
        if let open = sessions[index].open {
            let request = cluster.clients[open]
            guard request.reply != nil || request.isLost else { return }
            settle(index, open, request.reply)
        }
        if random.oneIn(6) {
            sessions[index].node = Int.random(in: 1...cluster.nodes.count, using: &random)
        }
        guard random.oneIn(2), cluster[sessions[index].node].isRunning else { return }
        let words = drawCommand(index)
        let consistency = Consistency(r: 2, w: random.oneIn(4) ? 3 : 2, timeoutMs: 100)
        let number = cluster.submit(words, at: sessions[index].node, consistency)
        history.note(number, words)
        sessions[index].open = number
    }

    private mutating func settle(_ index: Int, _ number: UInt64, _ reply: Reply?) {
        sessions[index].open = nil
        history.settle(number, reply)
        let key = cluster.clients[number].words[1]
        switch reply {
        case .bulk(let context)? where Self.siblings.contains(key):
            sessions[index].contexts[key] = context
        case .array(let parts)?:
            if case .bulk(let context)? = parts.first { sessions[index].contexts[key] = context }
        default: break
        }
    }

    private mutating func drawCommand(_ index: Int) -> [[UInt8]] {
        switch Int.random(in: 0..<3, using: &random) {
        case 0:
            let key = Self.counters.randomElement(using: &random) ?? []
            if random.oneIn(5) { return Self.words("GET", key) }
            return Self.words("INCRBY", key, "\(Int.random(in: 1...9, using: &random))")
        case 1: return drawRegisterCommand()
        default:
            let key = Self.siblings.randomElement(using: &random) ?? []
            guard let context = sessions[index].contexts[key], !random.oneIn(3) else {
                return Self.words("DGET", key)
            }
            if random.oneIn(5) { return [Array("DDEL".utf8), key, context] }
            return [Array("DPUT".utf8), key, context, drawValue()]
        }
    }

    private mutating func drawRegisterCommand() -> [[UInt8]] {
        let key = Self.registers.randomElement(using: &random) ?? []
        switch Int.random(in: 0..<8, using: &random) {
        case 0: return Self.words("DEL", key)
        case 1: return Self.words("PEXPIRE", key, "\(Int.random(in: 1...300, using: &random))")
        case 2: return Self.words("PERSIST", key)
        case 3: return Self.words("GET", key)
        case 4:
            let ms = "\(Int.random(in: 1...300, using: &random))"
            return [Array("SET".utf8), key, drawValue(), Array("PX".utf8), Array(ms.utf8)]
        case 5: return [Array("SET".utf8), key, drawValue(), Array("NX".utf8)]
        default: return [Array("SET".utf8), key, drawValue()]
        }
    }

    /// No two writes have the same value.
    private mutating func drawValue() -> [UInt8] {
        lastValue += 1
        return Array("v\(lastValue)".utf8)
    }

    private static func words(_ name: String, _ key: [UInt8], _ argument: String? = nil)
        -> [[UInt8]]
    {
        [Array(name.utf8), key] + (argument.map { [Array($0.utf8)] } ?? [])
    }

    // MARK: Faults

    private mutating func suffer() {
        let one = Int.random(in: 1...cluster.nodes.count, using: &random)
        let other = Int.random(in: 1...cluster.nodes.count, using: &random)
        switch Int.random(in: 0..<40, using: &random) {
        case 0 where one != other: cluster.cut(one, other)
        case 1...3 where one != other: cluster.heal(one, other)
        case 4 where one != other: cluster.reconnect(one, other)
        case 5: cluster.crash(one, losesPower: losesPower && random.oneIn(2))
        case 6: cluster.stop(one)
        case 7...10: cluster.start(one)
        case 11: cluster[one].skewMs = Int64.random(in: -500...500, using: &random)
        case 12: cluster.sweep(one)
        case 13 where losesPower && random.oneIn(3):
            for index in 1...cluster.nodes.count { cluster.crash(index, losesPower: true) }
            for index in 1...cluster.nodes.count { cluster.start(index) }
        default: break
        }
    }

    private mutating func heal() {
        cluster.weather = Weather()
        for one in 1...cluster.nodes.count {
            for other in 1...cluster.nodes.count where one != other { cluster.heal(one, other) }
            cluster.start(one)
            cluster[one].skewMs = 0
        }
        // Longer than any deadline and time-out, by whatever clock.
        cluster.wait(ms: 1000)
        for index in sessions.indices {
            if let open = sessions[index].open {
                settle(index, open, cluster.clients[open].reply)
            }
        }
        // A read at ALL merges what the replicas hold and repairs them. Deadlines pass first, so
        // that all of them come to the same payloads.
        for key in Self.counters + Self.registers + Self.siblings {
            for index in 1...cluster.nodes.count {
                _ = cluster.submit(
                    Self.words("DGET", key), at: index, Consistency(r: 3, w: 1, timeoutMs: 500))
                cluster.settle()
            }
        }
        for index in 1...cluster.nodes.count { cluster.sweep(index) }
        cluster.wait(ms: 1100)
    }
}
