import Essentials
import Testing

@testable import martlet_bench

@Suite struct ValueMakerTests {
    private func value(_ maker: ValueMaker, key: Int, version: UInt64) -> [UInt8] {
        var bytes: [UInt8] = []
        let size = maker.size(key: key, version: version)
        maker.append(key: key, version: version, size: size, to: &bytes)
        return bytes
    }

    private func isValid(_ maker: ValueMaker, _ bytes: [UInt8], key: Int) -> Bool {
        maker.isValid(bytes.span, in: 0..<bytes.count, key: key)
    }

    @Test(arguments: [16...16, 64...64, 17...17, 16...300, 100...5000])
    func `a value is recognised as one of its key's`(sizes: ClosedRange<Int>) {
        let maker = ValueMaker(sizes: sizes, seed: 1)
        for key in 0..<50 {
            let bytes = value(maker, key: key, version: UInt64(key * 7))
            #expect(sizes.contains(bytes.count))
            #expect(isValid(maker, bytes, key: key))
            #expect(!isValid(maker, bytes, key: key + 1))
        }
    }

    @Test func `a changed byte is noticed wherever it is`() {
        let maker = ValueMaker(sizes: 64...64, seed: 1)
        let bytes = value(maker, key: 3, version: 9)
        for index in bytes.indices {
            var changed = bytes
            changed[index] ^= 1
            #expect(!isValid(maker, changed, key: 3))
        }
        #expect(!isValid(maker, Array(bytes.dropLast()), key: 3))
        #expect(!isValid(ValueMaker(sizes: 64...64, seed: 2), bytes, key: 3))
    }

    @Test func `sizes are spread over their range`() {
        let maker = ValueMaker(sizes: 10...19, seed: 1)
        var seen = [Int](repeating: 0, count: 10)
        for key in 0..<1000 { seen[maker.size(key: key, version: 1) - 10] += 1 }
        #expect(seen.allSatisfy { $0 > 50 })
    }

    @Test func `small values are cut off`() {
        let small = value(ValueMaker(sizes: 3...3, seed: 1), key: 5, version: 0x0102_0304)
        #expect(small == [4, 3, 2])
        #expect(value(ValueMaker(sizes: 0...0, seed: 1), key: 5, version: 1) == [])
    }

    @Test func `compressible values repeat themselves`() {
        let maker = ValueMaker(sizes: 800...800, isCompressible: true, seed: 1)
        let bytes = value(maker, key: 5, version: 1)
        let words = stride(from: 0, to: 800, by: 8).map { Array(bytes[$0..<$0 + 8]) }
        #expect(Set(words).count == 51)
        #expect(isValid(maker, bytes, key: 5))
    }
}
