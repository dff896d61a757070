import Causality
import Engine
import Essentials
import Objects
import Placement
import Storage
import Testing

@testable import Server

/// Which keys a node shows of what lies on its disk.
@Suite struct KeyScanTests {
    private let scan = KeyScan(
        positions: Position(rawValue: 0)...Position(rawValue: .max), recordsMax: 100)
    private let flushed = Timestamp(wallMs: 2000)

    private func record(writtenAtMs wallMs: UInt64) -> [UInt8] {
        var object = Object()
        let actor = Actor(node: NodeNumber(rawValue: 1), epochMs: 1)
        object.write(
            [7], seen: Sighting(), dot: Dot(actor: actor, counter: 1),
            stamp: Timestamp(wallMs: wallMs))
        return object.encoded()
    }

    private func keys(_ storage: MemoryStorage) throws -> [[UInt8]] {
        let page = try scan.readPage(storage, flushed: flushed, nowMs: 5000) { _ in }
        #expect(page.next == nil)
        #expect(!page.isDamaged)
        return page.keys
    }

    /// The node ended when it had written down that there was a flush, and had dropped nothing yet.
    @Test func `what a flush is about to drop is not shown`() throws {
        let storage = MemoryStorage()
        var batch = WriteBatch()
        for (name, wallMs) in [("before", 1000), ("after", 3000)] as [(String, UInt64)] {
            let key = ObjectKey(Array(name.utf8))
            batch.put(RecordKey.head(of: key), record(writtenAtMs: wallMs), in: .objects)
        }
        _ = try storage.write(batch, mayStall: true)
        #expect(try keys(storage) == [Array("after".utf8)])
    }
}
