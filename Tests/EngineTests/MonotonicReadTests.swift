import Causality
import Commands
import Essentials
import Objects
import Testing
import Wire

@testable import Engine
@testable import Simulator

/// A failed write that was seen by a quorum read is seen by all that begin after it: reads are
/// monotonic whoever makes them, wherever, and whatever fails meanwhile.
@Suite struct MonotonicReadTests {
    @Test(arguments: 0..<50) func `what a quorum read has shown, later ones show`(
        seed: Int
    ) throws {
        var run = try MonotonicRun(seed: UInt64(seed))
        let violations = try run.play()
        #expect(violations.isEmpty)
        #expect(run.readsAnswered > 0)
    }
}

/// Clients that write so that many writes fail, and read at a quorum, on nodes that suffer.
private struct MonotonicRun {
    private struct Read {
        var number: UInt64
        var key: [UInt8]
        var startNs: UInt64
        var node: String
    }

    private static let keys = ["a", "b"].map { Array($0.utf8) }
    private static let steps = 250

    private let cluster: Cluster
    private var random: SeededRandom
    private var open: [Read] = []
    /// What was shown by when, by key: what a read that begins later must contain.
    private var shown: [(key: [UInt8], atNs: UInt64, context: CausalContext)] = []
    private var written = 0
    private(set) var readsAnswered = 0
    private var violations: [String] = []

    init(seed: UInt64) throws {
        random = SeededRandom(seed: seed)
        var options = Cluster.Options()
        options.seed = seed
        // Crashes forget nothing, or a quorum might.
        options.acknowledgesDurable = true
        cluster = try Cluster(options)
        var weather = Weather()
        weather.messageMs = [0, 2, 20].randomElement(using: &random) ?? 0
        weather.passMs = [0, 1].randomElement(using: &random) ?? 0
        weather.syncMs = [0, 3].randomElement(using: &random) ?? 0
        weather.lossOneIn = [nil, 20, 5].randomElement(using: &random) ?? nil
        weather.duplicateOneIn = [nil, 10].randomElement(using: &random) ?? nil
        cluster.weather = weather
    }

    mutating func play() throws -> [String] {
        for _ in 0..<Self.steps {
            suffer()
            write()
            read()
            cluster.wait(ms: UInt64.random(in: 0...8, using: &random))
            try takeReplies()
        }
        return violations
    }

    private func strict(w: Int) -> ConsistencyOverride {
        // Primaries only: a fallback's copy is no other reader's.
        ConsistencyOverride(exactly: Consistency(r: 2, w: w, pr: 2, timeoutMs: 60))
    }

    private mutating func write() {
        let node = Int.random(in: 1...3, using: &random)
        guard random.oneIn(3), cluster[node].isRunning,
            let key = Self.keys.randomElement(using: &random)
        else { return }
        written += 1
        let value = Array("v\(written)".utf8)
        _ = cluster.submit([Array("SET".utf8), key, value], at: node, strict(w: 2))
    }

    private mutating func read() {
        let node = Int.random(in: 1...3, using: &random)
        guard cluster[node].isRunning, let key = Self.keys.randomElement(using: &random) else {
            return
        }
        let number = cluster.submit([Array("DGET".utf8), key], at: node, strict(w: 2))
        open.append(
            Read(number: number, key: key, startNs: cluster.timeNs, node: cluster[node].name))
    }

    /// - Complexity: quadratic in the reads of a key, of which there are some hundred.
    private mutating func takeReplies() throws {
        for read in open {
            guard case .array(let parts)? = cluster.clients[read.number].reply,
                case .bulk(let token)? = parts.first
            else { continue }
            readsAnswered += 1
            let context = try ContextToken.decode(token, of: read.key).context
            for earlier in shown where earlier.key == read.key && earlier.atNs < read.startNs {
                var joined = context
                joined.merge(earlier.context)
                guard joined != context else { continue }
                violations.append(
                    "\(Text.show(read.key)) at \(read.node): less than what was shown before")
            }
            shown.append((read.key, cluster.timeNs, context))
        }
        open.removeAll { read in
            let request = cluster.clients[read.number]
            return request.reply != nil || request.isLost
        }
    }

    private mutating func suffer() {
        let one = Int.random(in: 1...3, using: &random)
        let other = Int.random(in: 1...3, using: &random)
        switch Int.random(in: 0..<30, using: &random) {
        case 0 where one != other: cluster.cut(one, other)
        case 1...3 where one != other: cluster.heal(one, other)
        case 4 where one != other: cluster.reconnect(one, other)
        case 5: cluster.crash(one, losesPower: random.oneIn(2))
        case 6...8: cluster.start(one)
        case 9: cluster.pause(one)
        case 10...12: cluster.resume(one)
        default: break
        }
    }
}
