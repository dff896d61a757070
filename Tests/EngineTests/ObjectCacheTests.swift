import Causality
import Essentials
import Objects
import Placement
import Testing

@testable import Engine

@Suite struct ObjectCacheTests {
    private func key(_ number: Int) -> ObjectKey { ObjectKey(Array("key\(number)".utf8)) }

    private func object(_ number: Int, size: Int = 10) -> Object {
        var object = Object()
        let actor = Actor(node: NodeNumber(rawValue: 1), epochMs: 1)
        let value = [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: size)
        object.write(
            .assign(value, deadline: .remove), dot: Dot(actor: actor, counter: UInt64(number) + 1),
            stamp: .zero, nowMs: 0)
        return object
    }

    @Test func `what was put in is found`() {
        var cache = ObjectCache(bytesMax: .max)
        for number in 0..<5000 {
            let found = cache.find(key(number))
            #expect(found == nil)
            let slot = cache.insert(key(number), object(number), writtenBatch: 0)
            #expect(cache[slot].key == key(number))
        }
        #expect(cache.count == 5000)
        for number in 0..<5000 {
            guard let slot = cache.find(key(number)) else {
                Issue.record("\(number) is not found")
                return
            }
            #expect(cache[slot].object == object(number))
        }
    }

    @Test func `keys that share all bits of the table's index are told apart`() {
        var cache = ObjectCache(bytesMax: .max)
        let keys = (0..<50).map { number in
            ObjectKey(position: Position(rawValue: UInt64(number) << 60), bytes: [UInt8(number)])
        }
        for (number, key) in keys.enumerated() {
            _ = cache.insert(key, object(number), writtenBatch: 0)
        }
        for (number, key) in keys.enumerated() {
            let slot = cache.find(key)
            #expect(slot.map { cache[$0].object } == object(number))
        }
    }

    @Test func `it stays near its bound, and keeps what is pinned or not written`() {
        var cache = ObjectCache(bytesMax: 20_000)
        let pinned = cache.insert(key(-1), object(1), writtenBatch: 0)
        cache[pinned].pins = 1
        let unwritten = cache.insert(key(-2), object(2), writtenBatch: 0)
        cache[unwritten].batch = 8
        for number in 0..<2000 {
            _ = cache.insert(key(number), object(number), writtenBatch: 7)
            #expect(cache.bytes <= 20_000 + 1000)
        }
        #expect(cache.find(key(-1)) == pinned)
        #expect(cache.find(key(-2)) == unwritten)
        cache[pinned].pins = 0
        for number in 2000..<4000 {
            _ = cache.insert(key(number), object(number), writtenBatch: 8)
        }
        let later = (cache.find(key(-1)), cache.find(key(-2)))
        #expect(later.0 == nil && later.1 == nil)
    }

    @Test func `what is used stays longer than what is not`() {
        var cache = ObjectCache(bytesMax: 40_000)
        for number in 0..<3000 {
            _ = cache.insert(key(number), object(number), writtenBatch: 0)
            let used = cache.find(key(0))
            #expect(used != nil)
        }
    }

    @Test func `objects that grow in place make room as well`() {
        var cache = ObjectCache(bytesMax: 100_000)
        for number in 0..<100 { _ = cache.insert(key(number), object(number), writtenBatch: 0) }
        for batch in 1...2000 {
            let number = batch % 100
            let slot =
                cache.find(key(number))
                ?? cache.insert(key(number), object(number), writtenBatch: UInt64(batch))
            cache[slot].object = object(number, size: 5000)
            cache[slot].batch = UInt64(batch)
            cache.resize(slot, writtenBatch: UInt64(batch) - 1)
            #expect(cache.bytes <= 120_000)
        }
    }

    /// Random inserts, changes and look-ups, with pins and written batches moving on, against a
    /// dictionary. What the cache has given up must be gone for good; what it has must be right.
    @Test(arguments: 0..<20) func `it agrees with a dictionary`(seed: Int) {
        var random = SeededRandom(seed: UInt64(seed))
        var cache = ObjectCache(bytesMax: 30_000)
        var model: [Int: Object] = [:]
        var pins: [Int: Int] = [:]
        var written: UInt64 = 0
        var batches: [Int: UInt64] = [:]
        for step in 0..<3000 {
            let number = Int.random(in: 0..<300, using: &random)
            if let slot = cache.find(key(number)) {
                #expect(cache[slot].object == model[number])
                switch Int.random(in: 0..<4, using: &random) {
                case 0:
                    let changed = object(step, size: Int.random(in: 0...300, using: &random))
                    cache[slot].object = changed
                    cache[slot].batch = UInt64(step)
                    model[number] = changed
                    batches[number] = UInt64(step)
                    cache.resize(slot, writtenBatch: written)
                case 1 where pins.count < 10:
                    cache[slot].pins += 1
                    pins[number, default: 0] += 1
                case 2 where pins[number] != nil:
                    cache[slot].pins -= 1
                    pins[number] = pins[number] == 1 ? nil : (pins[number] ?? 0) - 1
                default: break
                }
            } else {
                #expect(pins[number] == nil)
                #expect((batches[number] ?? 0) <= written)
                let fresh = object(step, size: Int.random(in: 0...300, using: &random))
                _ = cache.insert(key(number), fresh, writtenBatch: written)
                model[number] = fresh
                batches[number] = nil
            }
            if random.oneIn(10) { written = UInt64(max(0, step - 20)) }
        }
        for number in 0..<300 {
            if let slot = cache.find(key(number)) { #expect(cache[slot].object == model[number]) }
        }
    }

    @Test func `an insertion makes room before it takes it`() {
        var cache = ObjectCache(bytesMax: 1 << 20)
        for number in 0..<200 {
            _ = cache.insert(key(number), object(number, size: 100_000), writtenBatch: 0)
            #expect(cache.bytes <= 1 << 20)
        }
    }

    @Test func `what could not be evicted in time is evicted later`() {
        var cache = ObjectCache(bytesMax: 20_000)
        for number in 0..<1000 {
            let slot = cache.insert(key(number), object(number), writtenBatch: 0)
            cache[slot].batch = 1
        }
        #expect(cache.bytes > 100_000)
        for _ in 0..<100 { cache.settle(writtenBatch: 1) }
        #expect(cache.bytes <= 20_000)
        #expect(cache.count > 0)
    }

    @Test func `emptied, it holds nothing`() {
        var cache = ObjectCache(bytesMax: .max)
        for number in 0..<10 { _ = cache.insert(key(number), object(number), writtenBatch: 0) }
        cache.removeAll()
        #expect(cache.count == 0 && cache.bytes == 0)
        let found = cache.find(key(3))
        #expect(found == nil)
    }
}
