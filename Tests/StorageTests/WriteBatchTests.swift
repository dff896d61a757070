import Testing

@testable import Storage

@Suite struct WriteBatchTests {
    @Test func `the encoding is RocksDB's`() {
        var batch = WriteBatch()
        batch.put([0xA], [0xB, 0xC], in: .objects)
        batch.put([0xA], [], in: .meta)
        batch.delete([0xD], in: .objects)
        batch.delete([0xD], in: .meta)
        batch.deleteRange(from: [1], to: [2], in: .objects)
        batch.deleteRange(from: [1], to: [2], in: .meta)
        let golden: [UInt8] = [
            0, 0, 0, 0, 0, 0, 0, 0, 6, 0, 0, 0,
            0x01, 1, 0xA, 2, 0xB, 0xC,
            0x05, 1, 1, 0xA, 0,
            0x00, 1, 0xD,
            0x04, 1, 1, 0xD,
            0x0F, 1, 1, 1, 2,
            0x0E, 1, 1, 1, 1, 2,
        ]
        #expect(batch.bytes == golden)
    }

    @Test func `what is decoded is what was put in`() {
        var batch = WriteBatch()
        let long = [UInt8](repeating: 1, count: 300)
        batch.put(long, [], in: .meta)
        batch.delete([], in: .objects)
        batch.deleteRange(from: [], to: long, in: .meta)
        var changes: [WriteBatch.Change] = []
        batch.forEachChange { changes.append($0) }
        #expect(
            changes == [
                .put(.meta, key: long, value: []), .delete(.objects, key: []),
                .deleteRange(.meta, from: [], to: long),
            ])
    }

    @Test func `clearing keeps the memory`() {
        var batch = Sample.batch(0..<1000)
        let capacity = batch.bytes.capacity
        batch.clear()
        #expect(batch.bytes.capacity == capacity)
        #expect(batch.count == 0)
    }
}
