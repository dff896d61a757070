import Causality
import Essentials
import Objects
import Testing

/// Three replicas that write, merge and expire at random, from a seed.
private struct Cluster {
    var replicas = [Object](repeating: Object(), count: 3)
    var random: SeededRandom
    var stamp: UInt64 = 1
    var nowMs: UInt64 = 1_000

    init(seed: UInt64) { random = SeededRandom(seed: seed) }

    mutating func step() {
        let index = Int.random(in: 0..<3, using: &random)
        nowMs += UInt64.random(in: 0..<20, using: &random)
        switch Int.random(in: 0..<10, using: &random) {
        case 0..<6: write(at: index)
        case 6: replicas[index].expire(nowMs: nowMs)
        default: _ = replicas[index].merge(replicas[Int.random(in: 0..<3, using: &random)])
        }
    }

    mutating func write(at index: Int) {
        stamp += 1
        let actor = Actor(node: NodeNumber(rawValue: UInt16(index + 1)), epochMs: 7)
        let counter = replicas[index].context.highestCounter(of: actor) + 1
        let dot = Dot(actor: actor, counter: counter)
        let time = Timestamp(rawValue: stamp)
        let mutation: Mutation =
            switch Int.random(in: 0..<8, using: &random) {
            case 0: .assign(Array("\(stamp)".utf8), deadline: .remove)
            case 1: .assign(Array("\(stamp)".utf8), deadline: .set(nowMs + 30))
            case 2: .increment(Int64(stamp))
            case 3: .incrementDecimal(FixedDecimal(1))
            case 4: .setDeadline(.set(nowMs + 25))
            case 5: .setDeadline(.remove)
            case 6: .delete
            default: .assign(Array("text".utf8), deadline: .keep)
            }
        if case .setDeadline = mutation, !replicas[index].isLive(nowMs: nowMs) { return }
        replicas[index].write(mutation, dot: dot, stamp: time, nowMs: nowMs)
    }
}

@Suite struct ObjectLawTests {
    private func merged(_ left: Object, _ right: Object) -> Object {
        var result = left
        _ = result.merge(right)
        return result
    }

    @Test(arguments: 0..<200) func `merge is commutative, associative and idempotent`(seed: Int) {
        var cluster = Cluster(seed: UInt64(seed))
        for _ in 0..<60 {
            cluster.step()
            let (a, b, c) = (cluster.replicas[0], cluster.replicas[1], cluster.replicas[2])
            #expect(merged(a, b) == merged(b, a))
            #expect(merged(merged(a, b), c) == merged(a, merged(b, c)))
            #expect(merged(a, a) == a)
        }
    }

    @Test(arguments: 0..<200) func `replicas that saw the same events hold the same bytes`(
        seed: Int
    ) {
        var cluster = Cluster(seed: UInt64(seed))
        for _ in 0..<80 { cluster.step() }
        let all = cluster.replicas
        var first = merged(merged(all[0], all[1]), all[2])
        var second = merged(all[2], merged(all[0], all[1]))
        first.expire(nowMs: cluster.nowMs)
        second.expire(nowMs: cluster.nowMs)
        #expect(first.encoded() == second.encoded())
    }

    @Test(arguments: 0..<100) func `a record decodes to the object it was made of`(
        seed: Int
    ) throws {
        var cluster = Cluster(seed: UInt64(seed))
        for _ in 0..<40 {
            cluster.step()
            for object in cluster.replicas {
                #expect(try Object(decoding: object.encoded()) == object)
            }
        }
    }

    @Test func `every flipped bit of a record is noticed`() {
        var object = Object()
        let dot = Dot(actor: Actor(node: NodeNumber(rawValue: 1), epochMs: 9), counter: 1)
        object.write(
            .assign(Array("value".utf8), deadline: .set(99)), dot: dot,
            stamp: Timestamp(rawValue: 5), nowMs: 1)
        let record = object.encoded()
        for bit in 0..<record.count * 8 {
            var damaged = record
            damaged[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(throws: DecodingError.self) { try Object(decoding: damaged) }
        }
        for length in 0..<record.count {
            #expect(throws: DecodingError.self) {
                try Object(decoding: Array(record.prefix(length)))
            }
        }
    }
}
