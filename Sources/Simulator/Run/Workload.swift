internal import Commands
internal import Engine
internal import Essentials
internal import Placement
internal import Wire

/// What clients ask for: their keys, their commands, and what they remember of the answers.
struct Workload {
    /// What a key is used for; the first letter of its name.
    enum Kind: UInt8, CaseIterable {
        /// Only ever incremented: the sum says whether anything was lost or doubled.
        case counter = 0x63
        /// Plain SET, DEL, EXPIRE and so on.
        case register = 0x72
        /// Every value has a deadline.
        case expiring = 0x65
        /// DGET, DPUT and DDEL: every value that nobody replaced must be there.
        case siblings = 0x64

        /// Whether reads show only what a SET or a DPUT has brought.
        var holdsWrittenValues: Bool { self != .counter }

        init?(of key: ObjectKey) {
            guard let letter = key.bytes.first else { return nil }
            self.init(rawValue: letter)
        }
    }

    /// A client: one command after the other, to one node for a while.
    struct Session {
        var node = 1
        var open: UInt64?
        /// The contexts that it was answered with, the oldest first, by key.
        var contexts: [[UInt8]: [[UInt8]]] = [:]
    }

    /// The longest that values of expiring keys live, in ms.
    static let lifeMsMax = 300
    /// Contexts that a session keeps of a key: stale ones come from here.
    private static let contextsMax = 4

    let plan: Plan
    private(set) var sessions: [Session]
    /// The sums of the weights of each kind's keys up to each.
    private var weights: [Double] = []
    private var lastValue = 0

    init(_ plan: Plan, random: inout SeededRandom) {
        self.plan = plan
        sessions = [Session](repeating: Session(), count: plan.sessions)
        for index in sessions.indices {
            sessions[index].node = Int.random(in: 1...plan.options.nodes, using: &random)
        }
        var sum = 0.0
        for rank in 1...plan.keysPerKind {
            sum += Self.weight(rank: rank, skewTenths: plan.skewTenths)
            weights.append(sum)
        }
    }

    /// Zipf's law: rank to the power of minus the exponent. Whole and half powers are enough, and
    /// come out the same on every machine.
    private static func weight(rank: Int, skewTenths: Int) -> Double {
        switch skewTenths {
        case ..<5: 1
        case ..<10: 1 / Double(rank).squareRoot()
        case 10: 1 / Double(rank)
        default: 1 / (Double(rank) * Double(rank).squareRoot())
        }
    }

    // MARK: Sessions

    mutating func move(_ index: Int, to node: Int) { sessions[index].node = node }

    mutating func open(_ index: Int, _ number: UInt64?) { sessions[index].open = number }

    /// A session reads its answer, and learns what it may say that it has seen.
    mutating func settle(_ index: Int, _ key: [UInt8], _ reply: Reply?) {
        sessions[index].open = nil
        switch reply {
        case .bulk(let context)? where key.first == Kind.siblings.rawValue:
            remember(context, of: key, index)
        case .array(let parts)?:
            if case .bulk(let context)? = parts.first { remember(context, of: key, index) }
        default: break
        }
    }

    private mutating func remember(_ context: [UInt8], of key: [UInt8], _ index: Int) {
        guard key.first == Kind.siblings.rawValue else { return }
        var known = sessions[index].contexts[key] ?? []
        known.append(context)
        if known.count > Self.contextsMax { known.removeFirst() }
        sessions[index].contexts[key] = known
    }

    // MARK: Commands

    /// What the session asks for: mostly nothing.
    mutating func drawWishes(_ random: inout SeededRandom) -> ConsistencyOverride {
        var wanted = ConsistencyOverride()
        let replicas = min(plan.options.n, plan.options.nodes)
        switch Int.random(in: 0..<12, using: &random) {
        case 0: wanted.quorums.w = .number(replicas)
        case 1: wanted.quorums.r = .number(replicas)
        case 2: wanted.quorums.w = .one
        case 3: wanted.quorums.pw = .number(replicas / 2 + 1)
        case 4: wanted.quorums.pr = .number(replicas / 2 + 1)
        case 5: wanted.quorums.dw = .number(Int.random(in: 1...replicas, using: &random))
        default: break
        }
        return wanted
    }

    mutating func drawCommand(_ index: Int, _ random: inout SeededRandom) -> [[UInt8]] {
        let kind = Kind.allCases[Int.random(in: 0..<Kind.allCases.count, using: &random)]
        let key = drawKey(kind, &random)
        switch kind {
        case .counter:
            if random.oneIn(5) { return Self.words(random.oneIn(2) ? "GET" : "DGET", key) }
            // Sums of different increments are different, nearly always.
            return Self.words("INCRBY", key, "\(Int.random(in: 1...1 << 40, using: &random))")
        case .register: return drawRegisterCommand(key, &random)
        case .expiring:
            if random.oneIn(2) { return Self.words("GET", key) }
            let ms = Int.random(in: 1...Self.lifeMsMax, using: &random)
            return Self.words("SET", key, drawValue(), "PX", "\(ms)")
        case .siblings: return drawSiblingCommand(key, index, &random)
        }
    }

    private mutating func drawRegisterCommand(
        _ key: [UInt8], _ random: inout SeededRandom
    ) -> [[UInt8]] {
        let ms = Int.random(in: 1...Self.lifeMsMax, using: &random)
        switch Int.random(in: 0..<12, using: &random) {
        case 0, 1: return Self.words("DEL", key)
        case 2: return Self.words("PEXPIRE", key, "\(ms)")
        case 3: return Self.words("PERSIST", key)
        case 4, 5: return Self.words("GET", key)
        case 6: return Self.words("DGET", key)
        case 7: return Self.words("SET", key, drawValue(), "PX", "\(ms)")
        case 8: return Self.words("SET", key, drawValue(), "NX")
        default: return Self.words("SET", key, drawValue())
        }
    }

    /// With a fresh context, a stale one, or none at all.
    private mutating func drawSiblingCommand(
        _ key: [UInt8], _ index: Int, _ random: inout SeededRandom
    ) -> [[UInt8]] {
        let known = sessions[index].contexts[key] ?? []
        guard let fresh = known.last, !random.oneIn(3) else { return Self.words("DGET", key) }
        var context = fresh
        if random.oneIn(6) { context = known[0] }
        if random.oneIn(12) { context = [] }
        if random.oneIn(5) { return [Array("DDEL".utf8), key, context] }
        return [Array("DPUT".utf8), key, context, Array(drawValue().utf8)]
    }

    private func drawKey(_ kind: Kind, _ random: inout SeededRandom) -> [UInt8] {
        let point = Double(Int.random(in: 0..<1 << 20, using: &random)) / Double(1 << 20)
        let place = weights.firstIndex { $0 > point * (weights.last ?? 1) } ?? 0
        return [kind.rawValue] + Array("\(place)".utf8)
    }

    /// No two writes have the same value.
    private mutating func drawValue() -> String {
        lastValue += 1
        return "v\(lastValue)"
    }

    private static func words(_ name: String, _ key: [UInt8], _ rest: String...) -> [[UInt8]] {
        [Array(name.utf8), key] + rest.map { Array($0.utf8) }
    }
}
