import Essentials
import Objects
import Testing

@testable import Engine

@Suite struct HintCacheTests {
    private let target = NodeNumber(rawValue: 3)

    private func key(_ number: Int) -> ObjectKey { ObjectKey(Array("key\(number)".utf8)) }

    /// Puts a hint in as the engine does: the key first, then what is kept of it.
    private func put(_ number: Int, size: Int, batch: UInt64, into cache: inout HintCache) {
        cache.insert(key(number), HintCache.Entry(), writtenBatch: batch - 1)
        _ = cache.update(key(number)) { entry in
            entry.copies.append(HintCache.Copy(target: target, object: Object(), size: size))
            entry.batch = batch
        }
    }

    @Test func `it is bounded in keys`() {
        var cache = HintCache()
        for number in 0..<20_000 { put(number, size: 10, batch: UInt64(number + 1), into: &cache) }
        #expect(cache.count <= HintCache.countMax)
        #expect(cache[key(19_999)] != nil)
        #expect(cache[key(0)] == nil)
    }

    @Test func `large values take no more than its bytes, and one`() {
        var cache = HintCache()
        for number in 0..<100 {
            put(number, size: 1 << 20, batch: UInt64(number + 1), into: &cache)
            #expect(cache.bytes <= HintCache.bytesMax + 1 << 20)
        }
        #expect(cache.count == HintCache.bytesMax >> 20)
        // A hint that was delivered takes nothing any more.
        for number in 0..<100 { _ = cache.update(key(number)) { $0.copies.removeAll() } }
        #expect(cache.bytes == 0)
    }

    @Test func `what is not written yet stays, whatever its size`() {
        var cache = HintCache()
        for number in 0..<20 {
            cache.insert(key(number), HintCache.Entry(), writtenBatch: 0)
            _ = cache.update(key(number)) { entry in
                entry.copies.append(
                    HintCache.Copy(target: target, object: Object(), size: 1 << 20))
                entry.batch = 1
            }
        }
        for number in 0..<20 { #expect(cache[key(number)]?.copies.count == 1) }
        for number in 20..<40 { cache.insert(key(number), HintCache.Entry(), writtenBatch: 1) }
        #expect(cache.bytes <= HintCache.bytesMax)
    }
}
