import Causality
import Essentials
import Testing

@Suite struct CausalContextCodingTests {
    private func decode(_ bytes: [UInt8]) throws(DecodingError) -> CausalContext {
        var reader = ByteReader(bytes)
        let context = try CausalContext(from: &reader)
        try reader.finish()
        return context
    }

    private func entry(_ node: Int, _ counter: UInt64) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.appendLittleEndian(DotSets.actor(node).rawValue)
        bytes.appendVarint(counter)
        return bytes
    }

    /// The format as bytes: it is on disks and in clients' hands.
    @Test func `the format does not change`() throws {
        var context = CausalContext()
        for counter: UInt64 in [1, 2, 4] { context.insert(DotSets.dot(1, counter)) }
        for counter in 1...300 { context.insert(DotSets.dot(2, UInt64(counter))) }
        var bytes: [UInt8] = []
        context.encode(into: &bytes)
        let golden: [UInt8] = [
            2,
            1, 0, 0, 0, 0, 0, 1, 0, 2,
            1, 0, 0, 0, 0, 0, 2, 0, 0xAC, 2,
            1,
            1, 0, 0, 0, 0, 0, 1, 0, 4,
        ]
        #expect(bytes == golden)
        #expect(try decode(golden) == context)
        #expect(context.fingerprint == 0x82F8_D5F3_908B_112E)
        #expect(CausalContext().fingerprint == 0x4D61_7274_6C65_7431)
    }

    @Test func `what breaks the invariants is refused`() {
        let malformed: [[UInt8]] = [
            [1] + entry(1, 0) + [0],  // a counter of nothing
            [2] + entry(2, 1) + entry(1, 1) + [0],  // actors out of order
            [2] + entry(1, 1) + entry(1, 2) + [0],  // an actor twice
            [1] + entry(1, 1) + [1] + entry(1, 1),  // an exception within the prefix
            [1] + entry(1, 1) + [1] + entry(1, 2),  // one that belongs to the prefix
            [0, 1] + entry(1, 1),  // the same without a prefix
            [0, 2] + entry(1, 5) + entry(1, 3),  // exceptions out of order
            [0, 2] + entry(1, 5) + entry(1, 5),  // one twice
            [1] + entry(1, 1 << 63) + [0],  // a counter that could not be counted on from
            [0, 1] + entry(1, .max),
            [0, 0, 0],  // bytes too many
            [0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 0],  // a count that nothing follows
            [],
        ]
        for bytes in malformed {
            #expect(throws: DecodingError.self, "\(bytes)") { try decode(bytes) }
        }
    }

    @Test func `every truncation is refused`() throws {
        var context = CausalContext()
        for counter: UInt64 in [1, 3] { context.insert(DotSets.dot(1, counter)) }
        var bytes: [UInt8] = []
        context.encode(into: &bytes)
        for size in bytes.indices {
            #expect(throws: DecodingError.self) { try decode(Array(bytes[..<size])) }
        }
    }

    @Test func `more actors than anybody keeps are refused`() {
        var bytes: [UInt8] = []
        let count = CausalContext.actorsDecodedMax + 1
        bytes.appendVarint(UInt64(count))
        for node in 1...count { bytes += entry(node, 1) }
        bytes.append(0)
        #expect(throws: DecodingError.self) { try decode(bytes) }
    }

    @Test(arguments: 0..<20) func `random bytes are refused, or mean what they encode to`(
        seed: Int
    ) {
        var random = SeededRandom(seed: UInt64(seed))
        for _ in 0..<500 {
            let count = Int.random(in: 0...40, using: &random)
            let bytes = (0..<count).map { _ in UInt8.random(in: 0...3, using: &random) }
            guard let context = try? decode(bytes) else { continue }
            var again: [UInt8] = []
            context.encode(into: &again)
            #expect(again == bytes)
        }
    }
}
