import Causality
import Essentials
import Objects
import Testing

/// The rule said plainly, and without a bound: every value and every increment stands under a dot
/// of its own, and a write drops those that its writer has seen. A plain write means to replace
/// what is older, too: an actor's increments do not count into it while the latest that is known of
/// them is older, and its next one goes on without them.
private struct Model {
    enum Content: Equatable {
        case register([UInt8], Timestamp, isCausal: Bool)
        case increment(FixedDecimal, Timestamp)
    }

    private(set) var seen: Set<Dot> = []
    private var contents: [Dot: Content] = [:]

    mutating func add(_ amount: FixedDecimal, _ dot: Dot, _ stamp: Timestamp) {
        if let winner = registers.first, !counts(dot.actor, into: winner) {
            contents = contents.filter { other, content in
                if case .increment = content { return other.actor != dot.actor }
                return true
            }
        }
        seen.insert(dot)
        contents[dot] = .increment(amount, stamp)
    }

    /// - Parameter covered: what the writer has seen; nil for all that is here.
    mutating func write(
        _ value: [UInt8]?, covering covered: Set<Dot>?, _ dot: Dot, _ stamp: Timestamp
    ) {
        let all = covered ?? seen
        contents = contents.filter { !all.contains($0.key) }
        seen.formUnion(all)
        seen.insert(dot)
        if let value { contents[dot] = .register(value, stamp, isCausal: covered != nil) }
    }

    mutating func merge(_ other: Model) {
        var merged = contents.filter {
            other.contents[$0.key] != nil || !other.seen.contains($0.key)
        }
        for (dot, content) in other.contents where contents[dot] != nil || !seen.contains(dot) {
            merged[dot] = content
        }
        contents = merged
        seen.formUnion(other.seen)
    }

    private typealias Register = (dot: Dot, stamp: Timestamp, value: [UInt8], isCausal: Bool)

    /// The winner first.
    private var registers: [Register] {
        var registers: [Register] = []
        for (dot, content) in contents {
            if case .register(let value, let stamp, let isCausal) = content {
                registers.append((dot, stamp, value, isCausal))
            }
        }
        return registers.sorted { ($0.stamp, $0.dot) > ($1.stamp, $1.dot) }
    }

    private func counts(_ actor: Actor, into register: Register) -> Bool {
        guard !register.isCausal else { return true }
        return contents.contains { dot, content in
            guard dot.actor == actor, case .increment(_, let stamp) = content else { return false }
            return stamp >= register.stamp
        }
    }

    /// What increments come to; nil where there are none.
    private func sum(into register: Register?) -> Int128? {
        var sum: Int128?
        for (dot, content) in contents {
            guard case .increment(let amount, _) = content,
                register.map({ counts(dot.actor, into: $0) }) ?? true
            else { continue }
            sum = (sum ?? 0) + amount.units
        }
        return sum
    }

    /// All concurrent values, the winner first.
    var siblings: [[UInt8]] {
        let registers = registers
        if registers.isEmpty { return sum(into: nil).map { [FixedDecimal(units: $0).text] } ?? [] }
        return registers.map { register in
            guard let sum = sum(into: register),
                let base = try? FixedDecimal(parsing: register.value)
            else { return register.value }
            return FixedDecimal(units: base.units + sum).text
        }
    }
}

/// Replicas that write at random, each beside its model.
private struct Cluster {
    /// What a client has read somewhere.
    struct Reading {
        var sighting: Sighting
        var seen: Set<Dot>
    }

    var objects: [Object]
    var models: [Model]
    private var readings: [Reading] = []
    private var epochs: [UInt64]
    private var random: SeededRandom
    private var stamp: UInt64 = 0

    init(seed: UInt64) {
        random = SeededRandom(seed: seed)
        let count = Int.random(in: 2...5, using: &random)
        objects = [Object](repeating: Object(), count: count)
        models = [Model](repeating: Model(), count: count)
        epochs = [UInt64](repeating: 1, count: count)
    }

    mutating func step() throws {
        let index = Int.random(in: objects.indices, using: &random)
        switch Int.random(in: 0..<20, using: &random) {
        case 0..<9: add(at: index)
        case 9, 10: write(at: index)
        case 11: readAndMaybeForget(at: index)
        case 12: put(at: index)
        default:
            let other = Int.random(in: objects.indices, using: &random)
            // As it arrives from a peer.
            _ = objects[index].merge(try Object(decoding: objects[other].encoded()))
            models[index].merge(models[other])
        }
    }

    private mutating func add(at index: Int) {
        let dot = nextDot(of: index)
        let amount = Int64.random(in: -9...9, using: &random)
        if random.oneIn(3) {
            let decimal = FixedDecimal(units: Int128(amount) << 56)
            write(.incrementDecimal(decimal), dot, at: index)
            models[index].add(decimal, dot, Timestamp(rawValue: stamp))
        } else {
            write(.increment(amount), dot, at: index)
            models[index].add(FixedDecimal(amount), dot, Timestamp(rawValue: stamp))
        }
    }

    private mutating func write(at index: Int) {
        let dot = nextDot(of: index)
        let value = random.oneIn(2) ? nil : Array("\(stamp * 100)".utf8)
        write(value.map { .assign($0, deadline: .remove) } ?? .delete, dot, at: index)
        models[index].write(value, covering: nil, dot, Timestamp(rawValue: stamp))
    }

    private mutating func readAndMaybeForget(at index: Int) {
        readings.append(Reading(sighting: objects[index].sighting, seen: models[index].seen))
        // As after a crash: the node goes on under another actor.
        if random.oneIn(3) { epochs[index] += 1 }
    }

    private mutating func put(at index: Int) {
        guard let reading = readings.randomElement(using: &random) else { return }
        let dot = nextDot(of: index)
        // A node whose client knows more of its dots than it does itself takes another actor.
        guard !reading.seen.contains(dot) else { return }
        let value = random.oneIn(2) ? nil : Array("\(stamp * 100)".utf8)
        objects[index].write(
            value, seen: reading.sighting, dot: dot, stamp: Timestamp(rawValue: stamp))
        models[index].write(value, covering: reading.seen, dot, Timestamp(rawValue: stamp))
    }

    private mutating func write(_ mutation: Mutation, _ dot: Dot, at index: Int) {
        objects[index].write(
            mutation, dot: dot, stamp: Timestamp(rawValue: stamp), nowMs: 10)
    }

    private mutating func nextDot(of index: Int) -> Dot {
        stamp += 1
        let actor = Actor(node: NodeNumber(rawValue: UInt16(index + 1)), epochMs: epochs[index])
        return Dot(
            actor: actor, counter: objects[index].context.highestCounter(of: actor) + 1)
    }
}

@Suite struct CounterModelTests {
    @Test(arguments: 0..<150)
    func `a counter shows what it would if every increment were kept by itself`(seed: Int) throws {
        var cluster = Cluster(seed: UInt64(seed))
        for step in 0..<120 {
            try cluster.step()
            for (object, model) in zip(cluster.objects, cluster.models) {
                guard object.siblings(nowMs: 10) == model.siblings else {
                    Issue.record("step \(step): \(object) is \(model.siblings)")
                    return
                }
            }
        }
    }

    @Test(arguments: 0..<60)
    func `counters merge alike in any order, and stay small`(seed: Int) throws {
        var cluster = Cluster(seed: UInt64(seed))
        func merged(_ left: Object, _ right: Object) -> Object {
            var result = left
            _ = result.merge(right)
            return result
        }
        for _ in 0..<80 {
            try cluster.step()
            let objects = cluster.objects
            let (a, b, c) = (objects[0], objects[1], objects[objects.count - 1])
            #expect(merged(a, b).encoded() == merged(b, a).encoded())
            #expect(merged(merged(a, b), c).encoded() == merged(a, merged(b, c)).encoded())
            #expect(merged(a, a) == a)
            for object in objects {
                // At most one mark an actor, and one run of increments.
                #expect(object.covered.count <= object.context.actorCount)
                let shares = object.entries.filter {
                    if case .share = $0.content { true } else { false }
                }
                #expect(shares.count <= object.context.actorCount)
            }
        }
    }
}
