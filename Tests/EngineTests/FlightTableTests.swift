import Essentials
import Testing

@testable import Engine

extension Int: InFlight {}

@Suite struct FlightTableTests {
    @Test func `a number finds its flight until it has ended, and never another one`() {
        var table = FlightTable<Int>(.write)
        let first = table.insert(1)
        #expect(table[first] == 1)
        #expect(FlightKind(of: first) == .write)
        let removed = table.remove(first)
        #expect(removed == 1)
        let second = table.insert(2)
        #expect(second != first)
        #expect(table[first] == nil && !table.holds(first))
        let again = table.remove(first)
        #expect(again == nil)
        #expect(table[second] == 2)
        #expect(table.count == 1)
    }

    @Test func `zero is no number: messages that want no answer carry it`() {
        var table = FlightTable<Int>(.read)
        #expect(table[0] == nil)
        let id = table.insert(1)
        #expect(id != 0)
        #expect(table[0] == nil)
        let updated: Void? = table.update(0) { $0 = 2 }
        #expect(updated == nil)
        #expect(table[id] == 1)
    }

    @Test func `kinds never share numbers`() {
        var reads = FlightTable<Int>(.read)
        var writes = FlightTable<Int>(.write)
        var forwards = FlightTable<Int>(.forward)
        var ids: Set<UInt64> = []
        for value in 0..<100 {
            ids.insert(reads.insert(value))
            ids.insert(writes.insert(value))
            ids.insert(forwards.insert(value))
        }
        #expect(ids.count == 300)
        #expect(reads.ids.allSatisfy { FlightKind(of: $0) == .read && writes[$0] == nil })
    }

    @Test(arguments: 0..<10) func `it agrees with a dictionary`(seed: Int) {
        var random = SeededRandom(seed: UInt64(seed))
        var table = FlightTable<Int>(.forward)
        var model: [UInt64: Int] = [:]
        var all: [UInt64] = []
        for step in 0..<3000 {
            switch Int.random(in: 0..<4, using: &random) {
            case 0, 1:
                let id = table.insert(step)
                #expect(model.updateValue(step, forKey: id) == nil)
                #expect(!all.contains(id))
                all.append(id)
            case 2:
                guard let id = all.randomElement(using: &random) else { continue }
                let removed = table.remove(id)
                #expect(removed == model.removeValue(forKey: id))
            default:
                guard let id = all.randomElement(using: &random) else { continue }
                let changed = table.update(id) { value in
                    value = step
                    return value
                }
                if model[id] != nil { model[id] = step }
                #expect(changed == model[id])
            }
            #expect(table.count == model.count)
        }
        #expect(table.ids.sorted() == model.keys.sorted())
        for id in all { #expect(table[id] == model[id]) }
    }
}
