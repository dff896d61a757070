import Causality
import Essentials
import Objects
import Testing

/// Replicas of one key by name, for tests that read as scripts.
private struct Script {
    private var objects: [Object] = [Object(), Object(), Object()]
    private var stamp: UInt64 = 0
    var nowMs: UInt64 = 100

    subscript(index: Int) -> Object { objects[index] }

    mutating func write(_ index: Int, _ mutation: Mutation, stamp given: UInt64? = nil) {
        stamp += 1
        objects[index].write(
            mutation, dot: next(index), stamp: Timestamp(rawValue: given ?? stamp), nowMs: nowMs)
    }

    mutating func put(_ index: Int, _ value: String?, seen: Sighting) {
        stamp += 1
        objects[index].write(
            value.map { Array($0.utf8) }, seen: seen, dot: next(index),
            stamp: Timestamp(rawValue: stamp))
    }

    mutating func merge(_ index: Int, from other: Int) { _ = objects[index].merge(objects[other]) }

    mutating func expire(_ index: Int) { objects[index].expire(nowMs: nowMs) }

    mutating func mergeAll() {
        for _ in 0..<2 {
            for index in 0..<3 { for other in 0..<3 { merge(index, from: other) } }
        }
    }

    func text(_ index: Int) -> String? {
        objects[index].visible(nowMs: nowMs).map { String(decoding: $0.bytes, as: UTF8.self) }
    }

    func siblings(_ index: Int) -> [String] {
        objects[index].siblings(nowMs: nowMs).map { String(decoding: $0, as: UTF8.self) }
    }

    private func next(_ index: Int) -> Dot {
        let actor = Actor(node: NodeNumber(rawValue: UInt16(index + 1)), epochMs: 1)
        return Dot(
            actor: actor, counter: objects[index].context.highestCounter(of: actor) + 1)
    }
}

private func set(_ text: String, _ deadline: DeadlineChange = .remove) -> Mutation {
    .assign(Array(text.utf8), deadline: deadline)
}

@Suite struct ObjectRuleTests {
    @Test func `increments at two replicas at once both count`() {
        var key = Script()
        key.write(0, set("10"))
        key.merge(1, from: 0)
        key.write(0, .increment(5))
        key.write(1, .increment(-2))
        key.write(1, .increment(4))
        key.mergeAll()
        #expect((0..<3).map { key.text($0) } == ["17", "17", "17"])
        key.mergeAll()
        #expect(key.text(0) == "17")
    }

    @Test func `a write overwrites the increments it has seen and no others`() {
        var key = Script()
        key.write(0, .increment(3))
        key.merge(1, from: 0)
        key.write(0, set("100"))
        key.write(1, .increment(7))
        key.mergeAll()
        #expect(key.text(2) == "107")
    }

    @Test func `a write overwrites the increments it has seen also of an actor that goes on`() {
        var key = Script()
        key.write(0, .increment(5))
        key.merge(1, from: 0)
        key.write(1, set("100"))
        key.write(0, .increment(3))
        key.mergeAll()
        #expect((0..<3).map { key.text($0) } == ["103", "103", "103"])
        key.write(2, .delete)
        key.write(0, .incrementDecimal(FixedDecimal(2)))
        key.write(1, .increment(1))
        key.mergeAll()
        #expect((0..<3).map { key.text($0) } == ["3", "3", "3"])
        #expect(key[0].encoded() == key[2].encoded())
    }

    @Test func `two writes that overwrite different parts of one share cover the longer`() {
        var key = Script()
        key.write(0, .increment(1))
        key.merge(1, from: 0)
        key.write(0, .increment(10))
        key.merge(2, from: 0)
        key.write(0, .increment(100))
        key.write(1, .delete)
        key.write(2, .delete)
        key.mergeAll()
        #expect((0..<3).map { key.text($0) } == ["100", "100", "100"])
    }

    @Test func `a client overwrites the increments it has seen, at a replica that has not`() {
        var key = Script()
        key.write(0, .increment(1))
        key.merge(1, from: 0)
        key.write(0, .increment(10))
        let seen = key[0].sighting
        key.write(0, .increment(100))
        key.put(1, "1000", seen: seen)
        key.put(2, nil, seen: seen)
        key.mergeAll()
        #expect((0..<3).map { key.text($0) } == ["1100", "1100", "1100"])
    }

    @Test func `what was overwritten costs nothing once its actor has begun again`() {
        var key = Script()
        key.write(0, .increment(1))
        key.mergeAll()
        key.write(1, .delete)
        #expect(key[1].covered.count == 1)
        key.mergeAll()
        key.write(0, .increment(1))
        #expect(key[0].covered.isEmpty)
        key.mergeAll()
        #expect((0..<3).map { key[$0].covered.count } == [0, 0, 0])
        #expect(key.text(2) == "1")
    }

    @Test func `an increment does not undo a concurrent EXPIRE`() {
        var key = Script()
        key.write(0, .increment(1))
        key.mergeAll()
        key.write(1, .setDeadline(.set(300)))
        key.write(0, .increment(1))
        key.mergeAll()
        #expect(key.text(2) == "2")
        #expect(key[2].deadlineMs == 300)
    }

    @Test func `a delete drops what it has seen; a concurrent write survives`() {
        var key = Script()
        key.write(0, set("a"))
        key.merge(1, from: 0)
        key.write(0, .delete)
        key.write(1, set("b"))
        key.mergeAll()
        #expect(key.text(0) == "b")
        key.write(2, .delete)
        key.mergeAll()
        #expect(key.text(0) == nil)
        #expect(!key[0].isUnknown)
    }

    @Test func `causally later wins over a later clock`() {
        var key = Script()
        key.write(0, set("first"), stamp: 1_000)
        key.merge(1, from: 0)
        key.write(1, set("second"), stamp: 2)
        key.mergeAll()
        #expect(key.text(0) == "second")
    }

    @Test func `concurrent values are siblings with one winner everywhere`() {
        var key = Script()
        key.write(0, set("a"), stamp: 9)
        key.write(1, set("b"), stamp: 9)
        key.write(2, set("c"), stamp: 3)
        key.mergeAll()
        for index in 0..<3 { #expect(key.siblings(index) == ["b", "a", "c"]) }
    }

    @Test func `interleaved writers make no more siblings than there are writers`() {
        var key = Script()
        var seen = [Sighting(), Sighting()]
        for round in 0..<50 {
            key.put(0, "client \(round % 2)", seen: seen[round % 2])
            seen[round % 2] = key[0].sighting
            #expect(key.siblings(0).count <= 2)
        }
    }

    @Test func `an expiry that one replica carried out does not undo a refresh elsewhere`() {
        var key = Script()
        key.write(0, set("session", .set(200)))
        key.merge(1, from: 0)
        key.write(1, .setDeadline(.set(900)))
        key.nowMs = 300
        key.expire(0)
        #expect(key.text(0) == nil)
        key.mergeAll()
        #expect((0..<3).map { key.text($0) } == ["session", "session", "session"])
    }

    @Test func `every replica comes to the same record at the deadline`() {
        var key = Script()
        key.write(0, set("v", .set(200)))
        key.mergeAll()
        key.nowMs = 200
        key.expire(0)
        key.expire(1)
        #expect(key[0].encoded() == key[1].encoded())
        #expect(key[0].context == key[2].context)
        #expect(key.text(2) == nil)
        key.write(0, .increment(1))
        key.mergeAll()
        #expect(key.text(1) == "1")
    }

    @Test func `the longest of concurrent deadlines wins, and never is longest`() {
        var key = Script()
        key.write(0, set("v"))
        key.mergeAll()
        key.write(0, .setDeadline(.set(300)))
        key.write(1, .setDeadline(.set(400)))
        key.mergeAll()
        #expect(key[2].deadlineMs == 400)
        key.write(0, .setDeadline(.set(500)))
        key.write(1, .setDeadline(.remove))
        key.mergeAll()
        #expect(key[2].deadlineMs == nil)
    }

    @Test func `a concurrent set is neither hidden nor expired by EXPIRE`() {
        var key = Script()
        key.write(0, set("old"))
        key.mergeAll()
        key.write(1, set("new"), stamp: 5)
        key.write(0, .setDeadline(.set(300)), stamp: 9)
        key.mergeAll()
        key.nowMs = 1_000
        #expect(key.text(0) == "new")
    }

    @Test func `a share that leaves its range folds into a register`() {
        var key = Script()
        key.write(0, .increment(.max))
        key.merge(1, from: 0)
        key.write(1, .increment(.min + 1))
        key.merge(0, from: 1)
        #expect(key.text(0) == "0")
        // Further than 64 bits, and then further than decimals reach.
        key.write(0, .increment(5))
        #expect(key.text(0) == "5")
        let most = FixedDecimal(units: .max)
        key.write(1, .incrementDecimal(FixedDecimal(units: 1 - .max)))
        key.merge(0, from: 1)
        key.write(0, .incrementDecimal(most))
        key.mergeAll()
        #expect(key.text(1) == key.text(0))
        let folded = Array((key.text(0) ?? "").utf8)
        #expect(key[0].entries.contains { $0.content == .register(folded) })
    }
}
