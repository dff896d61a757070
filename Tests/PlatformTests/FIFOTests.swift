import Essentials
import Testing

@testable import Platform

@Suite struct FIFOTests {
    @Test(arguments: 0..<20) func `agrees with an array`(seed: Int) {
        var random = SeededRandom(seed: UInt64(seed))
        var queue = FIFO<Int>()
        var model: [Int] = []
        for number in 0..<2_000 {
            if random.next() % 100 < 52 {
                queue.append(number)
                model.append(number)
            } else {
                #expect(queue.popFirst() == (model.isEmpty ? nil : model.removeFirst()))
            }
            queue.withLast { $0 += 1 }
            if !model.isEmpty { model[model.count - 1] += 1 }
            #expect(queue.first == model.first)
            #expect(queue.count == model.count)
        }
    }
}
