import Essentials
import Placement
import Testing
import Wire

@testable import Server

/// What several replicas say together of which keys there are.
@Suite struct ScanRoundTests {
    private let scan = KeyScan(
        positions: Position(rawValue: 0)...Position(rawValue: .max), recordsMax: 10)
    /// In the order of their positions.
    private let keys = (0..<6).map { Array("key:\($0)".utf8) }
        .sorted { Position(of: $0) < Position(of: $1) }
    private let nodes = (1...3).map { NodeNumber(rawValue: UInt16($0)) }

    private func page(_ keys: [[UInt8]], endsBefore next: [UInt8]? = nil) -> KeyScan.Page {
        var page = KeyScan.Page()
        page.keys = keys
        page.next = next.map { ScanCursor(before: Position(of: $0)) }
        return page
    }

    @Test func `what all show is there, what some show is doubtful`() {
        let merged = ScanRound.merge(
            [page(Array(keys[0...3])), page(Array(keys[1...4]))], of: scan)
        #expect(merged.keys == Array(keys[1...3]))
        #expect(merged.doubtful == [keys[0], keys[4]])
        #expect(merged.next == nil)
    }

    @Test func `a page ends where the first of them ends`() {
        let merged = ScanRound.merge(
            [page(keys), page(Array(keys[0...1]), endsBefore: keys[2])], of: scan)
        #expect(merged.keys == Array(keys[0...1]))
        #expect(merged.doubtful.isEmpty)
        #expect(merged.next == ScanCursor(before: Position(of: keys[2])))
    }

    @Test func `another helps out for one that cannot read`() throws {
        var results: [Shard.Scanned] = []
        let round = ScanRound(scan, needed: 2, of: nodes) { results.append($0) }
        #expect([round.nextNode(), round.nextNode()] == [nodes[0], nodes[1]])
        #expect(round.nextNode() == nil)
        round.take(.failed(.error("ERR damaged")))
        #expect(round.nextNode() == nodes[2])
        round.take(.page(page(keys)))
        #expect(results.isEmpty)
        round.take(.page(page(keys)))
        guard case .page(let merged) = try #require(results.first) else {
            Issue.record("no page")
            return
        }
        #expect(merged.keys == keys)
        // Whoever answers later changes nothing.
        #expect(round.nextNode() == nil)
        #expect(results.count == 1)
    }

    @Test func `too few that can read are said to be too few`() {
        var results: [Shard.Scanned] = []
        let round = ScanRound(scan, needed: 2, of: Array(nodes.prefix(2))) { results.append($0) }
        while round.nextNode() != nil {}
        round.take(.failed(.error("ERR damaged")))
        guard case .failed(let reply)? = results.first else {
            Issue.record("not refused")
            return
        }
        #expect(reply.isError)
    }

    @Test func `a wish for an fsync stays until its batch is written`() {
        var wish = SyncWish()
        wish.want(5)
        // The batch is with the late writer: the fsync covers what was written before.
        wish.ask(4)
        #expect(wish.isOpen)
        wish.ask(5)
        #expect(!wish.isOpen)
    }
}
